import { nearest } from '@fulgurite/plugin-sdk/contract'
import { Command, type HelpContext } from 'commander'
import { type CliFailure, usage } from './failure.ts'
import { asTyped } from './names.ts'

/** How many names are listed for somebody who typed an unknown one. */
const MOST_NAMES_SHOWN = 20

/**
 * A command, or a group of commands, that says in our own words what is wrong with a line, and what to write instead. The parser
 * calls these methods by their names instead of its own texts; a test over every command checks that it does.
 */
export class CommandLine extends Command {
  override createCommand(name?: string): CommandLine {
    return new CommandLine(name)
  }

  /** For a group that is called without a command, or with an unknown one. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === 'function') return super.help(context)
    if (context?.error !== true) return super.help(context)
    const [first, second] = this.args
    // `help crate` names the command second.
    if (first !== undefined) throw noCommand(this, second ?? first)
    throw usage(`${wordsOf(this)} is followed by the name of a command: there are ${namesIn(this).join(', ')}`)
  }

  unknownCommand(): never {
    throw noCommand(this, this.args[0] ?? '')
  }

  missingArgument(name: string): never {
    throw usage(`<${name}> is missing: ${formOf(this)}`, undefined, name)
  }

  missingMandatoryOptionValue({ long }: { readonly long?: string | null }): never {
    const name = long ?? ''
    throw usage(`${name} is missing: ${formOf(this)}`, undefined, fieldOf(name))
  }

  optionMissingArgument({ flags }: { readonly flags: string }): never {
    throw noValue(flags)
  }

  unknownOption(given: string): never {
    // Errors before it are reported first, in the order of the line.
    refuseExcess(this, this.args.slice(0, this.args.indexOf(given)))
    const [name = '', value] = given.split('=', 2)
    const known = [...optionsOf(this), '--help']
    if (value !== undefined && known.includes(name)) {
      throw usage(`${name} takes no value: write it without =${value}`, undefined, fieldOf(name))
    }
    const meant = nearest(name, known)
    const instead = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`
    throw usage(`${wordsOf(this)} has no option ${asTyped(name)}: ${instead}`, undefined, fieldOf(name))
  }
}

/** Throws for the first argument that a command does not take. */
export const refuseExcess = (command: Command, args: readonly string[] = command.args): void => {
  const { registeredArguments, parent } = command
  const most = registeredArguments.length
  const extra = args[most]
  if (extra === undefined) return
  // The parser takes an unknown command of a group for an argument of the group's default command.
  if (parent?.parent != null && most === 0) throw noCommand(parent, extra)
  const takes = most === 0 ? 'no arguments' : most === 1 ? 'one argument' : `at most ${most} arguments`
  throw usage(`${command.name()} takes ${takes}: ${asTyped(extra)} is one more`)
}

/** Throws if another option stands where the value of an option should be. */
export const refuseSwallowed = (command: Command): void => {
  const known = optionsOf(command)
  for (const each of [command, ...ancestors(command)]) {
    for (const option of each.options) {
      const value: unknown = each.getOptionValue(option.attributeName())
      const values: readonly unknown[] = Array.isArray(value) ? value : [value]
      if (values.some((one) => typeof one === 'string' && known.includes(one))) throw noValue(option.flags)
    }
  }
}

/** For an option without its value, at the end of the line or before another option. */
export const noValue = (flags: string): CliFailure => {
  const [name = '', ...value] = flags.split(' ')
  return usage(`${name} needs a value: write ${name} ${value.join(' ')}`, undefined, fieldOf(name))
}

const noCommand = (group: Command, given: string): CliFailure => {
  const names = namesIn(group)
  const where = group.parent === null ? 'there is no command' : `${wordsOf(group)} has no command`
  const meant = [nearest(given, names) ?? elsewhere(group, given)].flat()
  const instead =
    meant.length > 0
      ? `did you mean ${meant.join(' or ')}?`
      : names.length <= MOST_NAMES_SHOWN
        ? `there are ${names.join(', ')}`
        : `${group.name()} --help lists them`
  return usage(`${where} ${asTyped(given)}: ${instead}`)
}

/** Whoever writes `pay` means `payments pay`. */
const elsewhere = (group: Command, given: string): readonly string[] =>
  group.commands
    .flatMap(({ commands }) => commands)
    .filter((command) => command.name() === given || command.aliases().includes(given))
    .map(wordsOf)

const namesIn = (group: Command): readonly string[] => group.commands.map((command) => command.name())

const ancestors = ({ parent }: Command): readonly Command[] => (parent === null ? [] : [parent, ...ancestors(parent)])

/** `channels get`, without the program's name. */
const wordsOf = (command: Command): string =>
  command.parent === null
    ? command.name()
    : [command, ...ancestors(command)]
        .slice(0, -1)
        .map((each) => each.name())
        .reverse()
        .join(' ')

/** The options that it takes, those of the groups above it too. */
const optionsOf = (command: Command): readonly string[] =>
  [command, ...ancestors(command)].flatMap(({ options }) => options.flatMap(({ long }) => long ?? []))

/** What a line must have: `write fulgurite channels get <channel-id>`. */
const formOf = (command: Command): string => {
  const positions = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`))
  const mandatory = command.options.filter((option) => option.mandatory).map(({ flags }) => flags)
  return `write fulgurite ${[wordsOf(command), ...positions, ...mandatory].join(' ')}`
}

const fieldOf = (option: string): string => option.replace(/^--?/, '')
