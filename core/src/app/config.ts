import { join, resolve } from 'node:path'
import { NETWORKS, type Network, type NetworkName } from '../bitcoin/network.ts'
import type { RpcAuth, RpcOptions } from '../chain/bitcoind/rpc-client.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { isAlias } from '../graph/own/own-node.ts'
import { readAmount } from '../lib/amount.ts'
import { fromHex } from '../lib/bytes.ts'
import { isFolder } from '../lib/make-folder.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { ConfiguredPeer } from '../node/peer/address-book.ts'
import { parseAddress, type SocketAddress } from '../node/peer/socket-address.ts'
import { type KeptTimes, readKeptTimes } from '../node/retention/kept-times.ts'
import { DEFAULT_CHOICES, type NodeChoices } from '../node/settings.ts'
import { typeOfHost } from '../wire/write-node-address.ts'
import { type OperatorLimitFailure, type OperatorLimits, operatorLimits } from './operator-limits.ts'
import {
  ANNOUNCED_OPENINGS,
  KEYSEND,
  LOG_LEVELS,
  type LogLevel,
  ONION_MESSAGES,
  START_DEFAULTS,
  type StartOptions,
} from './options.ts'
import { trampolineTerms } from './trampoline-terms.ts'

/** What every node needs to know, whatever chain it is on. */
export interface NodeConfig {
  /** The data folder, absolute. */
  readonly data: string
  readonly network: Network
  readonly listen: SocketAddress
  readonly api: SocketAddress
  /** Peers that the operator has named. */
  readonly peers: readonly ConfiguredPeer[]
  readonly logLevel: LogLevel
  readonly choices: Partial<NodeChoices>
  readonly limits: OperatorLimits
  /** Runs plugins as root even where nothing but Node's permission model holds them. */
  readonly pluginsWithoutWalls: boolean
  /** Plugins that may be installed at once. */
  readonly maxPlugins?: number
  readonly kept: KeptTimes
  /** The data folder was copied to where it is now, and its node has not run elsewhere since. */
  readonly moved: boolean
  /** The database may be older than what the peers know: its channels wait for them. */
  readonly restored: boolean
  /** The operator says that they know what may be lost on mainnet. */
  readonly mainnetRiskAccepted: boolean
  /** Where the static backup of the channels is written as well. */
  readonly channelBackup?: string
}

/** A node on a bitcoind. */
export interface BitcoindConfig extends NodeConfig {
  readonly rpc: RpcOptions
  readonly zmqUrl?: string
  /** The name of bitcoind's wallet that the node's coins are in; under the keys of the seed if absent. */
  readonly wallet?: string
}

/** The environment and the terminal of the process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly platform: NodeJS.Platform
}

export type ConfigFailure =
  | OperatorLimitFailure
  | { readonly code: 'network-unknown'; readonly network: string }
  | { readonly code: 'log-level-unknown'; readonly level: string }
  | { readonly code: 'announced-openings-unknown'; readonly what: string }
  | { readonly code: 'onion-messages-unknown'; readonly what: string }
  | { readonly code: 'keysend-unknown'; readonly what: string }
  | { readonly code: 'alias-invalid'; readonly alias: string }
  | { readonly code: 'color-invalid'; readonly color: string }
  | { readonly code: 'announced-address-invalid'; readonly address: string; readonly isSecondName: boolean }
  | { readonly code: 'zero-conf-peer-invalid'; readonly peer: string }
  | { readonly code: 'commitment-feerate-invalid'; readonly feerate: string }
  | { readonly code: 'htlc-maximum-invalid'; readonly amount: string; readonly reason: string }
  | { readonly code: 'relays-per-peer-invalid'; readonly count: string }
  | { readonly code: 'relayed-per-peer-invalid'; readonly amount: string; readonly reason: string }
  | { readonly code: 'trampoline-terms-invalid'; readonly terms: string; readonly reason: string }
  | { readonly code: 'keep-invalid'; readonly given: string; readonly reason: string }
  | { readonly code: 'max-plugins-invalid'; readonly count: string }
  | { readonly code: 'channel-backup-is-folder'; readonly path: string }
  | { readonly code: 'address-invalid'; readonly option: '--listen' | '--api'; readonly address: string }
  | { readonly code: 'peer-invalid'; readonly peer: string }
  | { readonly code: 'bitcoind-url-invalid'; readonly url: string }
  | { readonly code: 'bitcoind-credentials-incomplete'; readonly missing: 'user' | 'password' }
  | { readonly code: 'bitcoind-credentials-twice' }
  | { readonly code: 'devnet-has-its-own-chain'; readonly option: string }

/** Any free port: it is written to `api.json` in the data folder. */
const API: SocketAddress = { host: '127.0.0.1', port: 0 }
/** Not the usual port, so that a development network and a node can run side by side. */
const DEVNET_LISTEN: SocketAddress = { host: '127.0.0.1', port: 19735 }
const DEVNET_API: SocketAddress = { host: '127.0.0.1', port: 19736 }

/** Combines the command line, the environment and the defaults into the settings of a node on a bitcoind. */
export const bitcoindConfig = (options: StartOptions, around: Surroundings): Result<BitcoindConfig, ConfigFailure> => {
  const { env } = around
  const name = options.network ?? env.FULGURITE_NETWORK ?? 'mainnet'
  if (!Object.hasOwn(NETWORKS, name)) return err({ code: 'network-unknown', network: name })
  const network = NETWORKS[name as NetworkName]
  const common = commonConfig(options, env, network, START_DEFAULTS.listen, API)
  if (!common.ok) return common
  const url = options.bitcoindUrl ?? env.FULGURITE_BITCOIND_URL ?? `http://127.0.0.1:${network.bitcoindRpcPort}`
  if (!isHttpUrl(url)) return err({ code: 'bitcoind-url-invalid', url: withoutPassword(url) })
  const auth = rpcAuth(options, around, network)
  if (!auth.ok) return auth
  const zmqUrl = env.FULGURITE_BITCOIND_ZMQ
  const wallet = options.bitcoindWallet ?? env.FULGURITE_BITCOIND_WALLET
  return ok({
    ...common.value,
    rpc: { url, auth: auth.value },
    ...(zmqUrl === undefined ? {} : { zmqUrl }),
    ...(wallet === undefined ? {} : { wallet }),
  })
}

/** The same for our node in a development network, whose chain is embedded. */
export const devnetConfig = (
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
): Result<NodeConfig, ConfigFailure> => {
  if (options.network !== undefined && options.network !== 'regtest') {
    return err({ code: 'devnet-has-its-own-chain', option: `--network ${options.network}` })
  }
  if (options.bitcoindUrl !== undefined) return err({ code: 'devnet-has-its-own-chain', option: '--bitcoind-url' })
  if (options.bitcoindWallet !== undefined) {
    return err({ code: 'devnet-has-its-own-chain', option: '--bitcoind-wallet' })
  }
  return commonConfig(options, env, NETWORKS.regtest, DEVNET_LISTEN, DEVNET_API)
}

const commonConfig = (
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
  network: Network,
  defaultListen: SocketAddress,
  defaultApi: SocketAddress,
): Result<NodeConfig, ConfigFailure> => {
  const listen = socketAddress('--listen', options.listen ?? env.FULGURITE_LISTEN, defaultListen)
  if (!listen.ok) return listen
  const api = socketAddress('--api', options.api ?? env.FULGURITE_API, defaultApi)
  if (!api.ok) return api
  const peers = configuredPeers(options.peer ?? env.FULGURITE_PEERS?.split(',').filter((text) => text !== '') ?? [])
  if (!peers.ok) return peers
  const logLevel = options.logLevel ?? env.FULGURITE_LOG_LEVEL ?? START_DEFAULTS.logLevel
  if (!(LOG_LEVELS as readonly string[]).includes(logLevel)) return err({ code: 'log-level-unknown', level: logLevel })
  const choices = nodeChoices(options, env)
  if (!choices.ok) return choices
  const limits = operatorLimits(env)
  if (!limits.ok) return limits
  const maxPlugins = options.maxPlugins ?? env.FULGURITE_MAX_PLUGINS
  if (maxPlugins !== undefined && !(/^\d{1,4}$/.test(maxPlugins) && Number(maxPlugins) <= MOST_PLUGINS)) {
    return err({ code: 'max-plugins-invalid', count: maxPlugins })
  }
  const channelBackup = options.channelBackup ?? env.FULGURITE_CHANNEL_BACKUP
  if (channelBackup !== undefined && isFolder(channelBackup)) {
    return err({ code: 'channel-backup-is-folder', path: resolve(channelBackup) })
  }
  const kept = readKeptTimes(options.keep ?? env.FULGURITE_KEEP?.split(',').filter((text) => text !== '') ?? [])
  if (!kept.ok) return err({ code: 'keep-invalid', ...kept.error })
  return ok({
    data: options.data,
    network,
    listen: listen.value,
    api: api.value,
    peers: peers.value,
    logLevel: logLevel as LogLevel,
    choices: choices.value,
    limits: limits.value,
    kept: kept.value,
    // A chain of one's own has nothing to lose, and is copied for trials.
    moved: options.moved === true || network === NETWORKS.regtest,
    restored: options.restored === true,
    mainnetRiskAccepted: options.mainnetRiskAccepted === true,
    ...(channelBackup === undefined ? {} : { channelBackup: resolve(channelBackup) }),
    pluginsWithoutWalls: options.pluginsWithoutWalls ?? env.FULGURITE_PLUGINS_WITHOUT_WALLS === '1',
    ...(maxPlugins === undefined ? {} : { maxPlugins: Number(maxPlugins) }),
  })
}

/** Each plugin has a process of its own. */
const MOST_PLUGINS = 1_000

// No node relays below the lower limit; the upper limit is forty times our default.
const MIN_COMMITMENT_FEERATE = 253
const MAX_COMMITMENT_FEERATE = 100_000

const nodeChoices = (
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
): Result<Partial<NodeChoices>, ConfigFailure> => {
  const what = options.announcedOpenings ?? env.FULGURITE_ANNOUNCED_OPENINGS
  const announcedOpenings = ANNOUNCED_OPENINGS.find((one) => one === what)
  if (what !== undefined && announcedOpenings === undefined) return err({ code: 'announced-openings-unknown', what })
  const relaying = options.onionMessages ?? env.FULGURITE_ONION_MESSAGES
  const onionMessages = ONION_MESSAGES.find((one) => one === relaying)
  if (relaying !== undefined && onionMessages === undefined)
    return err({ code: 'onion-messages-unknown', what: relaying })
  const keysend = options.keysend ?? env.FULGURITE_KEYSEND
  if (keysend !== undefined && !KEYSEND.some((one) => one === keysend)) {
    return err({ code: 'keysend-unknown', what: keysend })
  }
  const feerate = options.maxCommitmentFeerate ?? env.FULGURITE_MAX_COMMITMENT_FEERATE
  const maxCommitmentFeerate = Number(feerate)
  if (feerate !== undefined) {
    const isSound = /^\d{3,6}$/.test(feerate) && maxCommitmentFeerate >= MIN_COMMITMENT_FEERATE
    if (!isSound || maxCommitmentFeerate > MAX_COMMITMENT_FEERATE) {
      return err({ code: 'commitment-feerate-invalid', feerate })
    }
  }
  const amount = options.htlcMaximum ?? env.FULGURITE_HTLC_MAXIMUM
  const htlcMaximum = amount === undefined ? undefined : readAmount(amount, 'msat')
  if (amount !== undefined && htlcMaximum !== undefined && (!htlcMaximum.ok || htlcMaximum.value < 1_000n)) {
    const reason = htlcMaximum.ok ? 'expected at least 1sat' : htlcMaximum.error
    return err({ code: 'htlc-maximum-invalid', amount, reason })
  }
  const terms = options.trampoline ?? env.FULGURITE_TRAMPOLINE
  const trampoline = terms === undefined ? undefined : trampolineTerms(terms)
  if (terms !== undefined && trampoline?.ok === false)
    return err({ code: 'trampoline-terms-invalid', terms, reason: trampoline.error })
  const zeroConfPeers = (options.zeroConfPeer ?? env.FULGURITE_ZERO_CONF_PEERS?.split(',') ?? []).map((text) =>
    text.trim().toLowerCase(),
  )
  const stranger = zeroConfPeers.find((id) => !NODE_ID.test(id) || !secp256k1.isPublicKey(fromHex(id)))
  if (stranger !== undefined) return err({ code: 'zero-conf-peer-invalid', peer: stranger })
  const own = ownNode(options, env)
  if (!own.ok) return own
  const mostOfPeer = relaysOfPeer(options, env)
  if (!mostOfPeer.ok) return mostOfPeer
  return ok({
    ...own.value,
    ...mostOfPeer.value,
    ...(zeroConfPeers.length === 0 ? {} : { zeroConfPeers }),
    ...(announcedOpenings === undefined ? {} : { announcedOpenings }),
    ...(onionMessages === undefined ? {} : { onionMessages }),
    ...(keysend === undefined ? {} : { acceptKeysend: keysend === 'accept' }),
    ...(feerate === undefined ? {} : { maxCommitmentFeerate }),
    ...(htlcMaximum?.ok ? { htlcMaximumMsat: htlcMaximum.value } : {}),
    ...(trampoline?.ok ? { trampoline: trampoline.value } : {}),
  })
}

/** What one peer may have under way of what we relay for it. */
const relaysOfPeer = (
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
): Result<Partial<NodeChoices>, ConfigFailure> => {
  const count = options.relaysPerPeer ?? env.FULGURITE_RELAYS_PER_PEER
  const amount = options.relayedPerPeer ?? env.FULGURITE_RELAYED_PER_PEER
  if (count === undefined && amount === undefined) return ok({})
  if (count !== undefined && !/^\d{1,6}$/.test(count)) return err({ code: 'relays-per-peer-invalid', count })
  const read = amount === undefined ? undefined : readAmount(amount, 'msat')
  if (amount !== undefined && read?.ok === false)
    return err({ code: 'relayed-per-peer-invalid', amount, reason: read.error })
  const { htlcs, amountMsat } = DEFAULT_CHOICES.mostOfPeer
  return ok({
    mostOfPeer: {
      htlcs: count === undefined ? htlcs : Number(count),
      amountMsat: read?.ok === true ? read.value : amountMsat,
    },
  })
}

const COLOR = /^#?([0-9a-f]{6})$/i

/** What the network is told of this node. */
const ownNode = (
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
): Result<Partial<NodeChoices>, ConfigFailure> => {
  const alias = options.alias ?? env.FULGURITE_ALIAS
  if (alias !== undefined && !isAlias(alias)) return err({ code: 'alias-invalid', alias })
  const color = options.color ?? env.FULGURITE_COLOR
  const digits = COLOR.exec(color ?? '')?.[1]
  if (color !== undefined && digits === undefined) return err({ code: 'color-invalid', color })
  const texts = options.announceAddress ?? env.FULGURITE_ANNOUNCE_ADDRESSES?.split(',').filter((text) => text !== '')
  const announcedAddresses: SocketAddress[] = []
  for (const text of texts ?? []) {
    const address = parseAddress(text.trim())
    const type = address === undefined ? undefined : typeOfHost(address.host)
    const isSecondName = type === 'dns' && announcedAddresses.some(({ host }) => typeOfHost(host) === 'dns')
    if (address === undefined || type === undefined || isSecondName) {
      return err({ code: 'announced-address-invalid', address: text, isSecondName })
    }
    announcedAddresses.push(address)
  }
  return ok({
    ...(alias === undefined ? {} : { alias }),
    ...(digits === undefined ? {} : { rgbColor: fromHex(digits.toLowerCase()) }),
    ...(announcedAddresses.length === 0 ? {} : { announcedAddresses }),
  })
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/[\]]{1,255})):(\d{1,5})$/

const socketAddress = (
  option: '--listen' | '--api',
  text: string | undefined,
  otherwise: SocketAddress,
): Result<SocketAddress, ConfigFailure> => {
  if (text === undefined) return ok(otherwise)
  const [, ipv6, name, digits] = ADDRESS.exec(text) ?? []
  const host = ipv6 ?? name
  const port = Number(digits)
  return host === undefined || port > 0xffff
    ? err({ code: 'address-invalid', option, address: text })
    : ok({ host, port })
}

const NODE_ID = /^[0-9a-f]{66}$/

const PEER = /^([0-9a-fA-F]{66})@(.+)$/

const configuredPeers = (texts: readonly string[]): Result<readonly ConfiguredPeer[], ConfigFailure> => {
  const peers: ConfiguredPeer[] = []
  for (const text of texts) {
    const [, nodeId, place = ''] = PEER.exec(text.trim()) ?? []
    const address = parseAddress(place)
    if (nodeId === undefined || address === undefined || !secp256k1.isPublicKey(fromHex(nodeId.toLowerCase()))) {
      return err({ code: 'peer-invalid', peer: text })
    }
    peers.push({ nodeId: fromHex(nodeId.toLowerCase()), address })
  }
  return ok(peers)
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === 'http:'

// A URL that is otherwise invalid may still contain a password.
const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//')

const rpcAuth = (
  options: StartOptions,
  { env, home, platform }: Surroundings,
  network: Network,
): Result<RpcAuth, ConfigFailure> => {
  const cookie = options.bitcoindCookie ?? env.FULGURITE_BITCOIND_COOKIE
  const user = options.bitcoindUser ?? env.FULGURITE_BITCOIND_USER
  const password = options.bitcoindPassword ?? env.FULGURITE_BITCOIND_PASSWORD
  if (user === undefined && password === undefined) {
    return ok({ type: 'cookie', path: cookie ?? usualCookie(network, home, platform, env.APPDATA) })
  }
  if (cookie !== undefined) return err({ code: 'bitcoind-credentials-twice' })
  if (user === undefined) return err({ code: 'bitcoind-credentials-incomplete', missing: 'user' })
  if (password === undefined) return err({ code: 'bitcoind-credentials-incomplete', missing: 'password' })
  return ok({ type: 'password', user, password })
}

const COOKIE_FOLDER: Readonly<Record<NetworkName, string>> = {
  mainnet: '',
  testnet: 'testnet3',
  signet: 'signet',
  regtest: 'regtest',
}

/** Where bitcoind keeps its cookie by default. */
const usualCookie = (
  network: Network,
  home: string,
  platform: NodeJS.Platform,
  appData = join(home, 'AppData/Roaming'),
): string => {
  const folder =
    platform === 'darwin'
      ? join(home, 'Library/Application Support/Bitcoin')
      : platform === 'win32'
        ? join(appData, 'Bitcoin')
        : join(home, '.bitcoin')
  return join(folder, COOKIE_FOLDER[network.name], '.cookie')
}
