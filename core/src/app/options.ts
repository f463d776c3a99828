export const NETWORK_NAMES = ['mainnet', 'testnet', 'signet', 'regtest'] as const
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** What may be done with openings that the peer wants announced. */
export const ANNOUNCED_OPENINGS = ['announce', 'refuse', 'unannounced'] as const
/** For whom onion messages are passed on; with `off` the node takes none. */
export const ONION_MESSAGES = ['everybody', 'channel-peers', 'off'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** The values that apply if neither the command line nor the environment sets others, as the help shows them. */
export const START_DEFAULTS = {
  listen: { host: '127.0.0.1', port: 9735 },
  logLevel: 'info',
  announcedOpenings: 'announce',
  onionMessages: 'everybody',
  keysend: 'accept',
  /** In satoshis per 1000 weight units. */
  maxCommitmentFeerate: 2_500,
  maxPlugins: 64,
} as const

/** What may be done with payments that nobody was asked for. */
export const KEYSEND = ['accept', 'refuse'] as const

/** The options of `fulgurite start`. What is absent here may be set by the environment. */
export interface StartOptions {
  /** The data folder, absolute. */
  readonly data: string
  /** An embedded chain with a few peers around, to try things out. */
  readonly devnet: boolean
  readonly network?: (typeof NETWORK_NAMES)[number]
  /** `host:port` for peers. */
  readonly listen?: string
  /** Peers to stay connected to, each `nodeid@host:port`. */
  readonly peer?: readonly string[]
  /** `host:port` for the HTTP API. */
  readonly api?: string
  readonly bitcoindUrl?: string
  readonly bitcoindCookie?: string
  readonly bitcoindUser?: string
  readonly bitcoindPassword?: string
  /** The wallet of bitcoind that the node's coins are in, by its name there. */
  readonly bitcoindWallet?: string
  readonly logLevel?: LogLevel
  /** What is done with openings that the peer wants announced. */
  readonly announcedOpenings?: (typeof ANNOUNCED_OPENINGS)[number]
  /** For whom onion messages are passed on. */
  readonly onionMessages?: (typeof ONION_MESSAGES)[number]
  /** What is done with payments that nobody was asked for. */
  readonly keysend?: (typeof KEYSEND)[number]
  /** What the network is told of this node: a name, a colour as `#rrggbb`, and where it can be reached, each `host:port`. */
  readonly alias?: string
  readonly color?: string
  readonly announceAddress?: readonly string[]
  /** In satoshis per 1000 weight units. */
  readonly maxCommitmentFeerate?: string
  /** The most that is relayed in one HTLC, with its unit: `1000000sat`. */
  readonly htlcMaximum?: string
  /** The most HTLCs of one peer that are relayed at once. */
  readonly relaysPerPeer?: string
  /** The most that they carry, with its unit. */
  readonly relayedPerPeer?: string
  /** What the node asks for as a trampoline node: base fee, millionths, blocks, as `4sat,4000,576`. */
  readonly trampoline?: string
  /** Node ids of peers whose channels are used before their funding confirms. */
  readonly zeroConfPeer?: readonly string[]
  /** For how long records of what has ended are kept, each `class=time`, such as `failed-payments=90d`. */
  readonly keep?: readonly string[]
  /** Runs plugins as root even if only Node's permission model confines them. */
  readonly pluginsWithoutWalls?: boolean
  /** Plugins that may be installed at once. */
  readonly maxPlugins?: string
  /** The data folder was copied to where it is now, and its node has not run elsewhere since. */
  readonly moved?: boolean
  /** The operator knows what may be lost on mainnet. Kept in the data folder from then on. */
  readonly mainnetRiskAccepted?: boolean
  /** A file, absolute, that holds the static backup of the channels besides the one in the data folder. */
  readonly channelBackup?: string
  /** The database was put back from somewhere, and may be older than what the peers know. */
  readonly restored?: boolean
  /** A file whose first line is the passphrase of the seed; `-` is standard input. */
  readonly seedPassphraseFile?: string
  readonly json: boolean
}

/** The options of `fulgurite seed …`. */
export interface SeedOptions {
  readonly command: 'show' | 'encrypt' | 'decrypt' | 'restore'
  /** The data folder, absolute. */
  readonly data: string
  readonly seedPassphraseFile?: string
  readonly json: boolean
}

export interface DemoOptions {
  /** A folder of its own if absent, removed at the end. */
  readonly data?: string
  readonly json: boolean
}

export interface ResetOptions {
  /** The data folder of the development network, absolute. */
  readonly data: string
  readonly json: boolean
}
