import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addContractCommands } from './contract-commands.ts'
import { CliFailure, usage } from './failure.ts'
import { type CliIo, EXIT } from './io.ts'
import { type AppCommands, addOwnCommands, addReset } from './own-commands.ts'
import { printable, printableJson } from './printable.ts'

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** Runs one command line (without `node` and the script) and resolves to the exit code. */
export const run = async (args: readonly string[], io: CliIo, loadApp: () => Promise<AppCommands>): Promise<number> => {
  let exitCode: number = EXIT.done
  const json = args.includes('--json')
  const done = (code: number): void => {
    exitCode = code
  }
  const program = new Command('fulgurite')
    .description('A Lightning node that you program.')
    .version(version())
    .option('--data <folder>', 'the data folder (FULGURITE_DATA, or ~/.fulgurite)')
    .option('--json', 'one JSON value instead of text for people')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help says more)')
    .allowExcessArguments()
    .hook('preAction', (_program, command) => refuseExcess(command))
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => json || io.err(text) })
  addOwnCommands(program, io, loadApp, done)
  addContractCommands(program, io, done)
  addReset(program, io, loadApp, done)
  inheritSettings(program)
  if (args.length === 0) {
    program.outputHelp()
    return EXIT.done
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done
      // To people Commander has said already what is wrong.
      if (json) tell(usage(complaint(error)), json, io)
      return EXIT.usage
    }
    if (!(error instanceof CliFailure)) throw error
    tell(error, json, io)
    return error.exitCode
  }
}

// What is no command of a group is taken for an argument of the one that the group stands for.
const refuseExcess = (command: Command): void => {
  const { args, registeredArguments, parent } = command
  const extra = args[registeredArguments.length]
  if (extra === undefined) return
  if (parent?.parent == null || registeredArguments.length > 0) {
    const most = registeredArguments.length
    const takes = most === 0 ? 'no arguments' : most === 1 ? 'one argument' : `at most ${most} arguments`
    throw usage(`${command.name()} takes ${takes}: ${extra} is one more`)
  }
  const names = parent.commands.map((each) => each.name())
  throw usage(`${parent.name()} has no command ${extra}: there are ${names.join(', ')}`)
}

const complaint = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'there is no such command' : message.replace(/^error: /, '')

const inheritSettings = (parent: Command): void => {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent)
    inheritSettings(child)
  }
}

const tell = ({ code, message, hint, details }: CliFailure, json: boolean, io: CliIo): void => {
  if (json) {
    io.out(`${printableJson(JSON.stringify({ error: { code, message, ...details } }))}\n`)
    return
  }
  io.err(`error: ${printable(message)}${code === 'usage' ? '' : ` [${code}]`}\n`)
  if (hint !== undefined) io.err(`${hint}\n`)
}
