import { type Command, CommanderError } from 'commander'
import { ownVersion } from '../lib/own-package.ts'
import { CommandLine, refuseExcess, refuseSwallowed } from './command-line.ts'
import { addContractCommands } from './contract-commands.ts'
import { CliFailure } from './failure.ts'
import { helpLayout } from './help.ts'
import { type CliIo, EXIT } from './io.ts'
import { addNewPlugin } from './new-plugin.ts'
import { type AppCommands, addOwnCommands, addReset, addSeed } from './own-commands.ts'
import { printable, printableJson } from './printable.ts'
import { wrapped } from './table.ts'

/** All commands; `done` is called with the exit code of the one that was run. */
export const commandLine = (
  io: CliIo,
  loadApp: () => Promise<AppCommands>,
  done: (exitCode: number) => void,
): CommandLine => {
  const program = new CommandLine('fulgurite')
    .description('A Lightning node that you program.')
    .version(ownVersion(), '-V, --version', 'says which version this is')
    .helpOption('-h, --help', 'says what there is')
    .helpCommand('help [command]', 'says what a command is for')
    .option('--data <folder>', 'the data folder (FULGURITE_DATA, or ~/.fulgurite)')
    .option('--json', 'one JSON value instead of text for people')
    .configureHelp(helpLayout(io.columns))
    .allowExcessArguments()
    .hook('preAction', (_program, command) => {
      refuseSwallowed(command)
      refuseExcess(command)
    })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns,
    })
  addOwnCommands(program, io, loadApp, done)
  addSeed(program, io, loadApp, done)
  addContractCommands(program, io, done)
  addReset(program, io, loadApp, done)
  addNewPlugin(program, io, done)
  inheritSettings(program)
  return program
}

/** Runs one command line (without `node` and the script) and resolves to the exit code. */
export const run = async (args: readonly string[], io: CliIo, loadApp: () => Promise<AppCommands>): Promise<number> => {
  let exitCode: number = EXIT.done
  const json = args.includes('--json')
  const done = (code: number): void => {
    exitCode = code
  }
  const program = commandLine(io, loadApp, done)
  if (args.length === 0) {
    program.outputHelp()
    return EXIT.done
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Help and the version have been shown.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    if (!(error instanceof CliFailure)) throw error
    tell(error, json, io)
    return error.exitCode
  }
}

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
  const say = (text: string): void => io.err(`${io.isTerminal ? wrapped(text, io.columns).join('\n') : text}\n`)
  say(`error: ${printable(message)}${code === 'usage' ? '' : ` [${code}]`}`)
  if (hint !== undefined) say(hint)
}
