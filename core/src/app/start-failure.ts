import { dirname, join } from 'node:path'
import type { ApiStartError } from '../api/server.ts'
import type { BitcoindUnfit } from '../chain/bitcoind/fitness.ts'
import type { ChainRewritten } from '../chain/chain-backend.ts'
import type { PortInUse } from '../chain/devchain/rpc-server.ts'
import { type Failure, FailureError } from '../lib/errors.ts'
import { systemReason, wordsOfCode } from '../lib/system-reason.ts'
import type { SeedFailure } from '../node/keys/seed-file.ts'
import type { WalletChoiceFailure } from '../node/wallet/bitcoind-keys.ts'
import type { StoreOpenFailure } from '../store/store.ts'
import type { ConfigFailure } from './config.ts'
import { holderOf } from './folder-holder.ts'
import type { PassphraseFailure } from './passphrase.ts'
import type { PortFailure } from './ports.ts'

/** `pid` is the process that holds the folder, where that is known for sure. */
type StoreInUse = Extract<StoreOpenFailure, { readonly code: 'store-in-use' }> & { readonly pid?: number }

/** Why a node, or a development network, did not start. */
export type StartFailure =
  | ConfigFailure
  | Exclude<StoreOpenFailure, { readonly code: 'store-in-use' }>
  | StoreInUse
  | SeedFailure
  | BitcoindUnfit
  | WalletChoiceFailure
  | ChainRewritten
  | ApiStartError
  | PortInUse
  | PassphraseFailure
  | { readonly code: 'seed-encrypted-already'; readonly path: string }
  | { readonly code: 'seed-exists'; readonly path: string }
  | { readonly code: 'passphrase-missing' }
  | { readonly code: 'passphrases-differ' }
  | { readonly code: 'words-missing' }
  | { readonly code: 'words-invalid' }
  | { readonly code: 'seed-missing'; readonly path: string }
  | { readonly code: 'seed-of-another-node'; readonly path: string }
  | { readonly code: 'mainnet-risk-not-accepted'; readonly path: string }
  | { readonly code: 'data-folder-copied'; readonly path: string }
  | { readonly code: 'store-log-foreign'; readonly path: string }
  | { readonly code: 'file-unusable'; readonly path: string; readonly reason: string }
  | { readonly code: 'data-folder-unusable'; readonly path: string; readonly reason: string }
  | { readonly code: 'not-a-devnet'; readonly path: string }
  | { readonly code: 'data-folder-shared'; readonly path: string; readonly mode: string }
  | {
      readonly code: 'data-of-another-network'
      readonly path: string
      readonly expected: string
      readonly actual: string
    }
  | PortFailure
  | { readonly code: 'peer-did-not-start'; readonly name: string; readonly reason: string; readonly log: string }
  | { readonly code: 'took-too-long'; readonly what: string; readonly seconds: number }
  | { readonly code: 'node-refused'; readonly what: string; readonly reason: string }

/** What went wrong, what to do about it, and the process's exit code. */
export interface Explanation {
  readonly message: string
  readonly fix: string
  readonly exitCode: number
}

// The same as the command line's, so that a script can tell them apart.
const REFUSED = 1
const USAGE = 2
const UNREACHABLE = 3

const refused = (message: string, fix: string): Explanation => ({ message, fix, exitCode: REFUSED })
const usage = (message: string, fix: string): Explanation => ({ message, fix, exitCode: USAGE })
const unreachable = (message: string, fix: string): Explanation => ({ message, fix, exitCode: UNREACHABLE })

const HANDING_OVER = 'FULGURITE_SEED_PASSPHRASE, or --seed-passphrase-file <file> (- is standard input)'

type Table = {
  readonly [Code in StartFailure['code']]: (failure: Extract<StartFailure, { readonly code: Code }>) => Explanation
}

const EXPLANATIONS: Table = {
  'network-unknown': ({ network }) =>
    usage(
      `there is no network ${network}`,
      'give --network (or FULGURITE_NETWORK) mainnet, signet, testnet or regtest',
    ),
  'log-level-unknown': ({ level }) =>
    usage(`there is no log level ${level}`, 'give --log-level (or FULGURITE_LOG_LEVEL) debug, info, warn or error'),
  'limit-invalid': ({ variable, value }) =>
    usage(`${variable}: ${value} is not a number of connections`, `give ${variable} from 1 to 100000, or leave it out`),
  'keysend-unknown': ({ what }) =>
    usage(`--keysend: there is no ${what}`, 'give --keysend (or FULGURITE_KEYSEND) accept or refuse'),
  'announced-openings-unknown': ({ what }) =>
    usage(
      `--announced-openings: there is no ${what}`,
      'give --announced-openings (or FULGURITE_ANNOUNCED_OPENINGS) announce, refuse or unannounced',
    ),
  'onion-messages-unknown': ({ what }) =>
    usage(
      `--onion-messages: there is no ${what}`,
      'give --onion-messages (or FULGURITE_ONION_MESSAGES) everybody, channel-peers or off',
    ),
  'alias-invalid': ({ alias }) =>
    usage(`--alias: ${alias} does not fit`, 'give --alias (or FULGURITE_ALIAS) at most 32 bytes of printable text'),
  'color-invalid': ({ color }) =>
    usage(
      `--color: ${color} is no colour`,
      'give --color (or FULGURITE_COLOR) six hexadecimal digits, such as #8a5cff',
    ),
  'announced-address-invalid': ({ address, isSecondName }) =>
    isSecondName
      ? usage(
          `--announce-address: ${address} is a second name, and only one can be announced`,
          'give one name, and other places by their addresses',
        )
      : usage(
          `--announce-address: ${address} cannot be announced`,
          'give --announce-address (or FULGURITE_ANNOUNCE_ADDRESSES, with commas) as host:port: an IPv4 address, an IPv6 address in brackets, a .onion of version 3, or a name',
        ),
  'zero-conf-peer-invalid': ({ peer }) =>
    usage(
      `--zero-conf-peer: ${peer} is no node id`,
      'give --zero-conf-peer (or FULGURITE_ZERO_CONF_PEERS, with commas) the 66 hexadecimal digits of a peer',
    ),
  'commitment-feerate-invalid': ({ feerate }) =>
    usage(
      `--max-commitment-feerate: ${feerate} is not a fee rate for a commitment`,
      'give --max-commitment-feerate (or FULGURITE_MAX_COMMITMENT_FEERATE) from 253 to 100000 sat per 1000 weight units',
    ),
  'trampoline-terms-invalid': ({ terms, reason }) =>
    usage(
      `--trampoline ${terms}: ${reason}`,
      'give --trampoline (or FULGURITE_TRAMPOLINE) the base fee, the millionths and the blocks, such as 4sat,4000,576',
    ),
  'htlc-maximum-invalid': ({ reason }) =>
    usage(
      `--htlc-maximum: ${reason}`,
      'give --htlc-maximum (or FULGURITE_HTLC_MAXIMUM) an amount with its unit, such as 1000000sat',
    ),
  'relays-per-peer-invalid': ({ count }) =>
    usage(
      `--relays-per-peer: ${count} is no number of HTLCs`,
      'give --relays-per-peer (or FULGURITE_RELAYS_PER_PEER) from 0, which relays nothing, to 999999',
    ),
  'relayed-per-peer-invalid': ({ reason }) =>
    usage(
      `--relayed-per-peer: ${reason}`,
      'give --relayed-per-peer (or FULGURITE_RELAYED_PER_PEER) an amount with its unit, such as 1btc',
    ),
  'keep-invalid': ({ given, reason }) =>
    usage(
      `--keep ${given}: ${reason}`,
      'give --keep (or FULGURITE_KEEP, with commas) such as failed-payments=90d; docs/guides/retention.md has the classes',
    ),
  'max-plugins-invalid': ({ count }) =>
    usage(
      `--max-plugins: ${count} is not a number of plugins`,
      'give --max-plugins (or FULGURITE_MAX_PLUGINS) from 0 to 1000',
    ),
  'channel-backup-is-folder': ({ path }) =>
    usage(
      `--channel-backup: ${path} is a folder`,
      `give --channel-backup (or FULGURITE_CHANNEL_BACKUP) a file in it, such as ${join(path, 'channels.backup')}`,
    ),
  'address-invalid': ({ option, address }) =>
    usage(`${option}: ${address} is not an address`, `give ${option} as host:port, such as 127.0.0.1:9735`),
  'peer-invalid': ({ peer }) =>
    usage(`--peer: ${peer} is not a peer`, 'give --peer (or FULGURITE_PEERS, with commas) as nodeid@host:port'),
  'bitcoind-url-invalid': ({ url }) =>
    usage(`--bitcoind-url: ${url} is not an http URL`, 'give it such as http://127.0.0.1:8332'),
  'bitcoind-credentials-incomplete': ({ missing }) =>
    usage(
      `--bitcoind-${missing} is missing`,
      missing === 'password'
        ? 'give it by FULGURITE_BITCOIND_PASSWORD, where other users of this machine cannot see it, or use a cookie'
        : 'give --bitcoind-user beside the password, or use a cookie',
    ),
  'bitcoind-credentials-twice': () =>
    usage('both a cookie and a user were given for bitcoind', 'give --bitcoind-cookie or --bitcoind-user, not both'),
  'devnet-has-its-own-chain': ({ option }) =>
    usage(`--devnet runs on a chain of its own: ${option} does not go with it`, `leave out --devnet or ${option}`),
  'mainnet-risk-not-accepted': ({ path }) =>
    refused(
      `nobody has said for ${path} that the money of a node on mainnet is at risk: this version is young, and no outsider has audited it (README, Status, says what has been proven)`,
      'if you accept that, start it once with --mainnet-risk-accepted; otherwise choose --network signet, testnet or regtest, or try it all with: fulgurite start --devnet',
    ),
  'store-in-use': ({ path, pid }) =>
    refused(
      `another node is running on ${path}${pid === undefined ? '' : `: process ${pid}`}`,
      `stop it first, with fulgurite stop --data ${dirname(path)}${pid === undefined ? '' : ` or kill ${pid}`}; or name another data folder with --data: two nodes with one database would lose money`,
    ),
  'store-too-new': ({ path, version, known }) =>
    refused(
      `${path} was written by a newer version (schema ${version}, this version knows ${known})`,
      'run the version that wrote it, or a later one',
    ),
  'store-unreadable': ({ path, reason }) =>
    refused(`cannot read ${path}: ${reason}`, 'check that the file is whole and that you may read and write it'),
  'store-damaged': ({ path, reason }) =>
    refused(
      `${path} is damaged: ${reason}`,
      'look at the disk, keep the file aside, and put a backup in its place (made by fulgurite backup), or recover the channels from their static backup (fulgurite channels restore): see docs/guides/backup.md',
    ),
  'store-log-foreign': ({ path }) =>
    refused(
      `${path} was put over another database, whose log is still beside it and would damage it`,
      `remove ${path}-wal and ${path}-shm, which belong to the other database, and start again`,
    ),
  'seed-not-a-mnemonic': ({ path }) =>
    refused(`${path} does not hold the words of a seed`, 'put back the 24 words that the node wrote there (BIP 39)'),
  'seed-readable-by-others': ({ path, mode }) =>
    refused(`${path} can be read by others (mode ${mode})`, `allow its owner alone: chmod 600 ${path}`),
  'seed-unreadable': ({ path, reason }) =>
    refused(
      `cannot use ${path}: ${reason}`,
      'it holds the 24 words of the node: check that it is a file that you may read',
    ),
  'seed-encrypted': ({ path }) =>
    refused(
      `the words in ${path} are under a passphrase, and none was given`,
      `start at a terminal to be asked for it, or hand it over: ${HANDING_OVER}`,
    ),
  'seed-passphrase-wrong': ({ path }) =>
    refused(`this is not the passphrase of ${path}`, 'nothing was changed: try again'),
  'seed-encrypted-already': ({ path }) =>
    refused(
      `the words in ${path} are under a passphrase already`,
      'to change it: fulgurite seed decrypt, then fulgurite seed encrypt',
    ),
  'seed-exists': ({ path }) =>
    refused(
      `${path} is there already: words are never written over others`,
      'name a new data folder with --data; or move the file away if nothing depends on it',
    ),
  'passphrase-missing': () => refused('there is nobody to ask for a passphrase', `hand it over: ${HANDING_OVER}`),
  'passphrase-empty': () => usage('the passphrase is empty', 'give one of at least a few words'),
  'passphrases-differ': () => refused('what was typed is not the same twice', 'nothing was changed: try again'),
  'passphrase-unreadable': ({ path, reason }) =>
    usage(`--seed-passphrase-file ${path}: cannot be read: ${reason}`, `hand it over so: ${HANDING_OVER}`),
  'words-missing': () =>
    refused('there is nobody to ask for the words', 'hand them over by standard input: fulgurite seed restore < file'),
  'words-invalid': () =>
    refused(
      'these are not the words of a seed: one is not in the list of BIP 39, is missing, or stands in the wrong place',
      'check them against the paper that they are on: 12 to 24 words with spaces between',
    ),
  'seed-missing': ({ path }) =>
    refused(
      `${path} is gone, although a node has run here: without the words in it nobody can sign for its channels and coins`,
      'put back the 24 words (BIP 39) with fulgurite seed restore, which asks for them; or name another data folder with --data to begin anew',
    ),
  'seed-of-another-node': ({ path }) =>
    refused(
      `${path} holds the words of another node, not of the one whose database is beside it`,
      'move the file away, and put back the words that belong to the database with fulgurite seed restore: with others nobody can sign for its channels and coins',
    ),
  'data-folder-copied': ({ path }) =>
    refused(
      `${path} is a copy: its node last wrote to another file. An old copy, or two of one node, lose their channels`,
      'if the node has moved here, and has not run elsewhere since, start it once with --moved; if this is an older copy that was put back, with --restored: see docs/guides/backup.md',
    ),
  'file-unusable': ({ path, reason }) =>
    refused(
      `cannot use ${path}: ${reason}`,
      'check that there is room on the disk, and that you may read and write there',
    ),
  'bitcoind-unreachable': ({ url, detail }) =>
    unreachable(
      `cannot reach bitcoind at ${url}: ${detail}`,
      'start bitcoind with server=1, and check --bitcoind-url and --bitcoind-cookie (or --bitcoind-user)',
    ),
  'bitcoind-unauthorized': ({ url }) =>
    unreachable(
      `bitcoind at ${url} does not accept our credentials`,
      'check --bitcoind-cookie, or --bitcoind-user and FULGURITE_BITCOIND_PASSWORD, against its bitcoin.conf',
    ),
  'bitcoind-error': ({ method, rpcCode, message }) =>
    unreachable(`bitcoind answered ${method} with error ${rpcCode}: ${message}`, 'look into its debug.log'),
  'bitcoind-bad-reply': ({ method, detail }) =>
    unreachable(`what answered ${method} is not a bitcoind: ${detail}`, 'check --bitcoind-url'),
  'bitcoind-wrong-network': ({ expected, actual }) =>
    refused(
      `bitcoind is on ${actual}, the node on ${expected}`,
      'change --network, or point --bitcoind-url at a bitcoind on the same network',
    ),
  'bitcoind-wrong-genesis': ({ expected, actual }) =>
    refused(
      `bitcoind’s chain begins with block ${actual}, the node’s with ${expected}`,
      'point --bitcoind-url at a bitcoind on the same network',
    ),
  'chain-rewritten': ({ height, expected, actual }) =>
    refused(
      `bitcoind is not on the chain that this node has followed: its block ${height} is ${actual}, not ${expected}`,
      'point --bitcoind-url at the bitcoind that the node ran on before; with channels, do not start on another chain',
    ),
  'bitcoind-version-too-old': ({ version, minimum }) =>
    refused(
      `bitcoind is version ${major(version)}; ${major(minimum)} or later is needed, for package relay`,
      'upgrade bitcoind',
    ),
  'backend-stopped': () =>
    unreachable('the start was given up while it waited for bitcoind', 'look whether bitcoind answers'),
  'bitcoind-warming-up': ({ detail }) =>
    unreachable(`bitcoind is starting: ${detail}`, 'start the node again when it has'),
  'bitcoind-still-syncing': ({ detail }) =>
    unreachable(`bitcoind has not caught up with the network: ${detail}`, 'start the node again when it has'),
  'bitcoind-wallet-not-loaded': ({ wallet }) =>
    refused(
      `bitcoind has no wallet ${wallet} loaded`,
      `load it, also for later starts: bitcoin-cli loadwallet "${wallet}" true; or make it: bitcoin-cli createwallet "${wallet}"`,
    ),
  'bitcoind-wallet-locked': ({ wallet }) =>
    refused(
      `bitcoind's wallet ${wallet} is locked, and the node needs its keys when it starts`,
      `unlock it for a minute, and start again: bitcoin-cli -rpcwallet="${wallet}" -stdinwalletpassphrase walletpassphrase 60`,
    ),
  'bitcoind-without-wallets': () =>
    refused(
      'bitcoind runs without wallets',
      'take disablewallet out of its bitcoin.conf, or leave out --bitcoind-wallet',
    ),
  'bitcoind-wallet-unfit': ({ wallet, reason }) =>
    reason === 'legacy'
      ? refused(
          `bitcoind's wallet ${wallet} is of the old kind, without descriptors`,
          `migrate it: bitcoin-cli -rpcwallet="${wallet}" migratewallet; or name another with --bitcoind-wallet`,
        )
      : refused(
          `bitcoind's wallet ${wallet} has no private keys, and the node has to sign`,
          'name a wallet that has them with --bitcoind-wallet: what closes a channel cannot wait for another signer',
        ),
  'bitcoind-wallet-scanning': ({ wallet }) =>
    refused(
      `bitcoind's wallet ${wallet} is looking for its coins`,
      `start again when it has: bitcoin-cli -rpcwallet="${wallet}" getwalletinfo says how far it is`,
    ),
  'bitcoind-wallet-lacks-keys': ({ wallet, missing }) =>
    refused(
      `bitcoind's wallet ${wallet} makes no addresses of the kind that the node needs: ${missing}`,
      `have it make them (bech32m for p2tr, bech32 for p2wpkh): bitcoin-cli -rpcwallet="${wallet}" createwalletdescriptor bech32m; or name another with --bitcoind-wallet`,
    ),
  'bitcoind-wallet-is-another': ({ wallet, expected }) =>
    refused(
      `bitcoind's wallet ${wallet} has other keys than the one that this folder was first started with, which was named ${expected}`,
      'name that one with --bitcoind-wallet; or name another data folder with --data: the coins of one wallet are not in the other',
    ),
  'wallet-is-built-in': ({ wallet }) =>
    refused(
      `the node in this folder has its coins under its own seed, and they are not in bitcoind's wallet ${wallet}`,
      'leave out --bitcoind-wallet, or name a new data folder with --data: the choice is made at the first start',
    ),
  'wallet-is-of-bitcoind': ({ wallet }) =>
    refused(
      `the node in this folder has its coins in bitcoind's wallet ${wallet}`,
      `start it with --bitcoind-wallet "${wallet}" (or FULGURITE_BITCOIND_WALLET)`,
    ),
  'cannot-listen': ({ host, port, cause }) => portFailure('the HTTP API', '--api', host, port, cause),
  'listen-failed': ({ host, port, cause }) => portFailure('peers', '--listen', host, port, cause),
  'ports-taken': ({ listen, api }) => {
    const [peers, http] = [
      portFailure('peers', '--listen', listen.host, listen.port, listen.cause),
      portFailure('the HTTP API', '--api', api.host, api.port, api.cause),
    ]
    return refused(`${peers.message}; and ${http.message}`, `${peers.fix}; ${http.fix}`)
  },
  'port-in-use': ({ host, port }) => portFailure('the chain’s RPC', '--api', host, port, 'EADDRINUSE'),
  'data-folder-unusable': ({ path, reason }) =>
    refused(`cannot use the data folder ${path}: ${reason}`, 'name another with --data or FULGURITE_DATA'),
  'not-a-devnet': ({ path }) =>
    refused(`there is no development network in ${path}`, 'name its folder with --data; nothing was taken away'),
  'data-folder-shared': ({ path, mode }) =>
    refused(
      `${path} holds other things besides a node, and other users can read it (mode ${mode})`,
      `name a folder of the node's own with --data or FULGURITE_DATA; or allow its owner alone: chmod 700 ${path}`,
    ),
  'data-of-another-network': ({ path, expected, actual }) =>
    refused(
      `${path} holds a node on ${actual}, not on ${expected}`,
      `start it with --network ${actual}, or name another data folder with --data`,
    ),
  'peer-did-not-start': ({ name, reason, log }) =>
    refused(`the peer ${name} did not start: ${reason}`, `its log may say more: ${log}`),
  'took-too-long': ({ what, seconds }) =>
    refused(`${what}: not within ${seconds} s`, 'try again when the machine is less busy; the logs may say more'),
  'node-refused': ({ what, reason }) => refused(`${what}: ${reason}`, 'the log of the node may say more'),
}

const portFailure = (what: string, option: string, host: string, port: number, cause: string): Explanation => {
  if (cause === 'EADDRINUSE') {
    return refused(
      `port ${port} of ${host}, meant for ${what}, is taken: another node may be running`,
      `stop what uses it, or give another with ${option} ${host}:${port + 10} (port 0 lets the system choose)`,
    )
  }
  return refused(
    `cannot listen on ${host}:${port} for ${what}: ${wordsOfCode(cause)}`,
    `give another address with ${option}`,
  )
}

/** `280000` in the usual form: 28. */
const major = (version: number): string => String(Math.floor(version / 10_000))

/** The text for a failure. A failure that is not known here is shown by its code. */
export const explain = (failure: Failure): Explanation => {
  const known = Object.hasOwn(EXPLANATIONS, failure.code)
  if (!known) return refused(`the node does not start: ${failure.code}`, 'the log may say more')
  const describe = EXPLANATIONS[failure.code as StartFailure['code']] as (failure: Failure) => Explanation
  return describe(failure)
}

/**
 * The failure behind an exception that keeps a node from starting: one that was thrown as `FailureError`, or what the system says about a
 * file or the database in the data folder. Everything else is a bug and is thrown on.
 */
export const startFailureOf = (error: unknown, data: string): Failure => {
  const told = toldFailureOf(error, data)
  if (told?.code === 'store-in-use') return withHolder(told, data)
  if (told !== undefined) return told
  const { code, message, path = data } = error as NodeJS.ErrnoException
  if (!(error instanceof Error) || typeof code !== 'string') throw error
  if (code.startsWith('SQLITE_'))
    return startFailure({ code: 'store-unreadable', path: join(data, 'node.sqlite'), reason: message })
  if (!/^E[A-Z0-9]+$/.test(code)) throw error
  return startFailure({ code: 'file-unusable', path, reason: systemReason(error) })
}

const withHolder = (failure: Failure, data: string): Failure & { readonly pid?: number } => {
  const pid = holderOf(data)
  return pid === undefined ? failure : { ...failure, pid }
}

/** A failure that travelled as an exception, or what the database says of the file or of the disk that it lies on. */
export const toldFailureOf = (error: unknown, data: string): Failure | undefined => {
  if (error instanceof FailureError) return error.failure
  if (!(error instanceof Error)) return undefined
  const { code, message } = error as NodeJS.ErrnoException
  const path = join(data, 'node.sqlite')
  if (isOneOf(OF_DISK, code)) return startFailure({ code: 'file-unusable', path, reason: message })
  if (isOneOf(DAMAGED, code)) return startFailure({ code: 'store-damaged', path, reason: message })
  if (isOneOf(OF_FILE, code)) return startFailure({ code: 'store-unreadable', path, reason: message })
  return undefined
}

const OF_DISK = ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN']
const DAMAGED = ['SQLITE_CORRUPT', 'SQLITE_NOTADB']
const OF_FILE = ['SQLITE_PERM', 'SQLITE_AUTH']

const isOneOf = (codes: readonly string[], code: string | undefined): boolean =>
  codes.some((start) => code === start || code?.startsWith(`${start}_`))

const startFailure = (failure: StartFailure): StartFailure => failure
