import { type Command, Help, type HelpConfiguration } from 'commander'
import { wrapped } from './table.ts'

/** Beside the names of options, which can be long: what is said of them is broken between words all the same. */
const LEAST_HELP = 24

const USAGE = 'Usage: '

/** How help is laid out, so that no line of it is longer than a terminal of 80 columns is wide. */
export const helpLayout = (columns: number): HelpConfiguration => ({
  showGlobalOptions: true,
  minWidthToWrap: LEAST_HELP,
  commandUsage: (command) =>
    wrapped(new Help().commandUsage(command), columns - USAGE.length).join(`\n${' '.repeat(USAGE.length)}`),
  // In the list of a group: a command's own help says what it takes.
  subcommandTerm: (command) => [command.name(), ...command.aliases()].join('|'),
  subcommandDescription: firstSentence,
})

/** The command's own help says the rest. */
const firstSentence = (command: Command): string => command.description().split(/(?<=\.) /)[0] ?? ''
