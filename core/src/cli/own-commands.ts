import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import {
  ANNOUNCED_OPENINGS,
  type DemoOptions,
  KEYSEND,
  LOG_LEVELS,
  NETWORK_NAMES,
  ONION_MESSAGES,
  type ResetOptions,
  type SeedOptions,
  START_DEFAULTS,
  type StartOptions,
} from '../app/options.ts'
import { noValue } from './command-line.ts'
import { usage } from './failure.ts'
import type { CliIo } from './io.ts'

/** `start`, `demo` and `dev reset` run in this process; each resolves to the exit code. */
export interface AppCommands {
  start(options: StartOptions): Promise<number>
  demo(options: DemoOptions): Promise<number>
  resetDevnet(options: ResetOptions): Promise<number>
  seed(options: SeedOptions, io: SeedTalk): Promise<number>
}

/** How the `seed` commands reach people. */
interface SeedTalk extends Pick<CliIo, 'out' | 'askSecretly' | 'readInput'> {
  readonly env: Record<string, string | undefined>
}

const SEED_COMMANDS: Readonly<Record<SeedOptions['command'], string>> = {
  show: 'Shows the words of the node: whoever has them has its coins.',
  encrypt: 'Puts the words under a passphrase, which the node then needs to start.',
  decrypt: 'Takes the passphrase away again.',
  restore: 'Writes the words of a node that was lost into a new data folder, asked for or read from standard input.',
}

/** The folder that is used when none is named. */
export const defaultFolder = (io: CliIo): string =>
  resolve(io.cwd, io.env.FULGURITE_DATA ?? join(io.home, '.fulgurite'))

/** The development network keeps to a folder of its own, so that it never meets a real node's money. */
export const devnetFolder = (io: CliIo): string =>
  io.env.FULGURITE_DATA === undefined ? join(defaultFolder(io), 'devnet') : defaultFolder(io)

interface StartFlags extends Omit<StartOptions, 'data' | 'devnet' | 'json'> {
  readonly data?: string
  readonly devnet?: true
  readonly json?: true
}

export const addOwnCommands = (
  program: Command,
  io: CliIo,
  loadApp: () => Promise<AppCommands>,
  done: (exitCode: number) => void,
): void => {
  const { listen, announcedOpenings, onionMessages, keysend, maxCommitmentFeerate, maxPlugins, logLevel } =
    START_DEFAULTS
  program
    .command('start')
    .description('Runs the node until it is told to stop.')
    .option('--devnet', 'on an embedded chain, with a few peers around and payments flowing')
    .addOption(oneOf('--network <name>', 'the chain', NETWORK_NAMES))
    .option('--listen <host:port>', `where peers connect (${listen.host}:${listen.port})`)
    .addOption(repeated('--peer <nodeid@host:port>', 'a peer to stay connected to; may be given again'))
    .option('--api <host:port>', 'where the HTTP API is (127.0.0.1, a free port)')
    .option('--bitcoind-url <url>', "bitcoind's RPC, such as http://127.0.0.1:8332")
    .option('--bitcoind-cookie <file>', "bitcoind's cookie file")
    .option('--bitcoind-user <name>', 'instead of a cookie')
    .option('--bitcoind-password <text>', 'instead of a cookie')
    .option('--bitcoind-wallet <name>', "keeps coins in this wallet of bitcoind, from the folder's first start on")
    .addOption(
      oneOf(
        '--announced-openings <what>',
        `peers that want a channel announced (${announcedOpenings})`,
        ANNOUNCED_OPENINGS,
      ),
    )
    .addOption(
      oneOf('--onion-messages <whom>', `for whom onion messages are passed on (${onionMessages})`, ONION_MESSAGES),
    )
    .addOption(oneOf('--keysend <what>', `payments that come without an invoice (${keysend})`, KEYSEND))
    .option('--alias <name>', 'what the network calls this node: at most 32 bytes')
    .option('--color <rrggbb>', 'how maps of the network show it')
    .addOption(repeated('--announce-address <host:port>', 'where others can reach it; may be given again'))
    .option('--max-commitment-feerate <sat/kw>', `the highest of our commitments (${maxCommitmentFeerate})`)
    .option('--trampoline <terms>', 'finds the way on for others, for base fee, millionths, blocks: 4sat,4000,576')
    .option('--htlc-maximum <amount>', 'the most that is relayed in one HTLC, with its unit: 1000000sat')
    .option('--relays-per-peer <count>', 'the most HTLCs of one peer that are relayed at once (300)')
    .option('--relayed-per-peer <amount>', 'the most that they carry, with its unit (10btc)')
    .addOption(
      repeated(
        '--zero-conf-peer <nodeid>',
        'a peer that is trusted to fund its channels, which are used before; may be given again',
      ),
    )
    .addOption(
      repeated(
        '--keep <class=time>',
        'how long what has ended is kept: failed-payments=90d; may be given again (all for ever)',
      ),
    )
    .option('--channel-backup <file>', 'where the static backup of the channels is written as well: on another disk')
    .option('--moved', 'the data folder was copied to where it is, and its node has not run elsewhere since')
    .option('--mainnet-risk-accepted', 'you know what may be lost on mainnet: said once, and kept in the data folder')
    .option('--restored', 'the database was put back and may be old: its channels wait for their peers')
    .option(...PASSPHRASE_FILE)
    .option('--max-plugins <count>', `plugins that may be installed at once (${maxPlugins})`)
    .addOption(oneOf('--log-level <level>', `how much is logged (${logLevel})`, LOG_LEVELS))
    .option(
      '--plugins-without-walls',
      'runs plugins as root even where nothing but Node holds them: see docs/security.md',
    )
    .action(async (_flags, command: Command) => {
      const { data, devnet, json, ...rest } = command.optsWithGlobals<StartFlags>()
      const folder = data === undefined ? (devnet ? devnetFolder(io) : defaultFolder(io)) : resolve(io.cwd, data)
      const app = await loadApp()
      done(
        await app.start({
          ...rest,
          ...(rest.channelBackup === undefined ? {} : { channelBackup: resolve(io.cwd, rest.channelBackup) }),
          data: folder,
          devnet: devnet === true,
          json: json === true,
        }),
      )
    })
  program
    .command('demo')
    .description('Opens channels, pays, relays, shows a plugin at work, closes, and checks every balance.')
    .action(async (_flags, command: Command) => {
      const { data, json } = command.optsWithGlobals<{ data?: string; json?: true }>()
      const app = await loadApp()
      done(await app.demo({ json: json === true, ...(data === undefined ? {} : { data: resolve(io.cwd, data) }) }))
    })
}

const PASSPHRASE_FILE = [
  '--seed-passphrase-file <file>',
  'its first line is the passphrase of the seed, - is standard input (FULGURITE_SEED_PASSPHRASE, or asked for)',
] as const

/** They run here: the node need not be running, and the words go through no API. */
export const addSeed = (
  program: Command,
  io: CliIo,
  loadApp: () => Promise<AppCommands>,
  done: (exitCode: number) => void,
): void => {
  const group = program.command('seed').description('The words that the node derives its keys from.')
  for (const [name, summary] of Object.entries(SEED_COMMANDS)) {
    group
      .command(name)
      .description(summary)
      .option(...PASSPHRASE_FILE)
      .action(async (_flags, command: Command) => {
        const { data, json, seedPassphraseFile } = command.optsWithGlobals<SeedFlags>()
        const app = await loadApp()
        const options: SeedOptions = {
          command: name as SeedOptions['command'],
          data: data === undefined ? defaultFolder(io) : resolve(io.cwd, data),
          json: json === true,
          ...(seedPassphraseFile === undefined ? {} : { seedPassphraseFile }),
        }
        const { out, askSecretly, readInput } = io
        done(await app.seed(options, { out, askSecretly, readInput, env: { ...io.env } }))
      })
  }
}

interface SeedFlags {
  readonly data?: string
  readonly json?: true
  readonly seedPassphraseFile?: string
}

const repeated = (flags: string, summary: string): Option =>
  new Option(flags, summary).argParser((text: string, before: readonly string[] = []) => [...before, text])

const oneOf = (flags: string, summary: string, values: readonly string[]): Option => {
  const [name = ''] = flags.split(' ')
  return new Option(flags, `${summary}: ${values.join(', ')}`).argParser((given) => {
    if (values.includes(given)) return given
    if (given.startsWith('--')) throw noValue(flags)
    throw usage(`${name}: there is no ${given}: there are ${values.join(', ')}`, undefined, name.slice(2))
  })
}

/** `dev reset`. It runs here, unlike the other `dev` commands, because the development network must not be running. */
export const addReset = (
  program: Command,
  io: CliIo,
  loadApp: () => Promise<AppCommands>,
  done: (exitCode: number) => void,
): void => {
  program.commands
    .find((command) => command.name() === 'dev')
    ?.command('reset')
    .description('Takes the development network away, so that the next start makes a new one.')
    .action(async (_flags, command: Command) => {
      const { data, json } = command.optsWithGlobals<{ data?: string; json?: true }>()
      const app = await loadApp()
      done(
        await app.resetDevnet({
          data: data === undefined ? devnetFolder(io) : resolve(io.cwd, data),
          json: json === true,
        }),
      )
    })
}
