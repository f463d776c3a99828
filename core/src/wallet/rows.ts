import { ByteReader, ByteWriter, compactSizeLength } from '../bitcoin/serialization.ts'
import { decodeTx, encodeTx } from '../bitcoin/transaction.ts'
import { concat, toHex, tryUtf8Decode, u32be, utf8Encode } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Coin } from './coin.ts'
import { Coins } from './coins.ts'
import {
  type AddressType,
  type Branch,
  KEY_CHAINS,
  type KeyPath,
  type NextIndexes,
  pathName,
  type WalletKeys,
} from './keys.ts'
import { past } from './track.ts'
import type { WalletRow } from './wallet.ts'
import { type AddressLabel, EMPTY_WALLET, type WalletState } from './wallet-state.ts'
import type { TxOrigin, WalletTx } from './wallet-tx.ts'
import { WalletTxs } from './wallet-txs.ts'

// The rows of a wallet. Keys: `c` txid index -> coin, `t` txid -> transaction, `s` -> counters, `k` path -> script, `l` path -> label of the
// address. Every value begins with the version of its form; integers are little-endian. Version 1 knew no frozen coins, told in a
// transaction's label what it was for, and knew no plugin's words for an address.
const COIN = 0x63
const TX = 0x74
const COUNTERS = 0x73
const SCRIPT = 0x6b
const LABEL = 0x6c
const FIRST_VERSION = 1
/** Of coins, transactions, and words that a plugin gave to an address. */
const VERSION = 2

const SECOND_FORMS: ReadonlySet<number | undefined> = new Set([COIN, TX, LABEL])

const TYPES: readonly AddressType[] = ['p2wpkh', 'p2tr']
const BRANCHES: readonly Branch[] = ['receive', 'change']

/** A row is not one that this version can read. */
export interface UnreadableRow {
  readonly code: 'wallet-row-unreadable'
  /** Of the row, in hexadecimal. */
  readonly key: string
}

/** The rows to write so that the stored state changes from one state to the other. */
export const changedRows = (before: WalletState, after: WalletState): readonly WalletRow[] => {
  const rows: WalletRow[] = []
  const coins = after.coins.changesSince(before.coins)
  for (const coin of coins.changed) rows.push({ key: coinKey(coin), value: encodeCoin(coin) })
  for (const coin of coins.gone) rows.push({ key: coinKey(coin), value: undefined })
  const txs = after.txs.changesSince(before.txs)
  for (const tx of txs.changed) rows.push({ key: txKey(tx), value: encodeWalletTx(tx) })
  for (const tx of txs.gone) rows.push({ key: txKey(tx), value: undefined })
  if (after.addressLabels !== before.addressLabels) {
    for (const [name, label] of after.addressLabels) {
      if (before.addressLabels.get(name) !== label) rows.push({ key: labelKey(name), value: encodeLabel(label) })
    }
    for (const name of before.addressLabels.keys()) {
      if (!after.addressLabels.has(name)) rows.push({ key: labelKey(name), value: undefined })
    }
  }
  if (before.height !== after.height || before.next !== after.next) {
    rows.push({ key: Uint8Array.of(COUNTERS), value: encodeCounters(after) })
  }
  return rows
}

/** The script of one of the wallet's keys. */
export interface OwnScript {
  readonly path: KeyPath
  readonly script: Uint8Array
}

/** Deriving a key costs more than reading what was derived. */
export const scriptRow = ({ path, script }: OwnScript): WalletRow => ({
  key: pathKey(SCRIPT, path),
  value: concat(Uint8Array.of(FIRST_VERSION), script),
})

/** The rows of the scripts of keys that have come into use from one state to the other. */
export const scriptRows = (
  keys: Pick<WalletKeys, 'script'>,
  before: NextIndexes,
  after: NextIndexes,
): readonly WalletRow[] =>
  KEY_CHAINS.flatMap(({ type, branch }) => {
    const first = before[type][branch]
    return Array.from({ length: Math.max(0, after[type][branch] - first) }, (_, i) => {
      const path = { type, branch, index: first + i }
      return scriptRow({ path, script: keys.script(path) })
    })
  })

const pathKey = (kind: number, { type, branch, index }: KeyPath): Uint8Array =>
  concat(Uint8Array.of(kind, TYPES.indexOf(type), BRANCHES.indexOf(branch)), u32be(index))

// The name was made of a path.
const labelKey = (name: string): Uint8Array => {
  const [type, branch, index] = name.split(' ')
  return pathKey(LABEL, { type: type as AddressType, branch: branch as Branch, index: Number(index) })
}

const encodeLabel = ({ text, by }: AddressLabel): Uint8Array =>
  concat(Uint8Array.of(by === 'plugin' ? VERSION : FIRST_VERSION), utf8Encode(text))

const pathOf = (key: Uint8Array): KeyPath | undefined => {
  const [type, branch] = [TYPES[key[1] as number], BRANCHES[key[2] as number]]
  if (type === undefined || branch === undefined) return undefined
  return { type, branch, index: new DataView(key.buffer, key.byteOffset).getUint32(3) }
}

interface StoredRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Builds the state from its rows, in any order: each is added by itself, so that other work gets its turn. */
export class StateReader {
  readonly #coins: Coin[] = []
  readonly #txs: WalletTx[] = []
  readonly #scripts: OwnScript[] = []
  readonly #labels = new Map<string, AddressLabel>()
  #counters: Pick<WalletState, 'next' | 'height'> = { next: EMPTY_WALLET.next, height: EMPTY_WALLET.height }

  /** Of keys in use: those after them are derived, whatever a row says. */
  get scripts(): readonly OwnScript[] {
    return this.#scripts.filter(({ path: { type, branch, index } }) => index < this.#counters.next[type][branch])
  }

  /** On each chain, the first index whose script is not stored. */
  get storedUpTo(): NextIndexes {
    return this.#scripts.reduce((next, { path }) => past(next, path), EMPTY_WALLET.next)
  }

  get state(): WalletState {
    return {
      coins: Coins.of(this.#coins),
      txs: WalletTxs.of(this.#txs),
      addressLabels: this.#labels,
      ...this.#counters,
    }
  }

  add({ key, value }: StoredRow): Result<void, UnreadableRow> {
    const unreadable = err({ code: 'wallet-row-unreadable', key: toHex(key) } as const)
    const reader = new ByteReader(value)
    const version = reader.u8()
    if (version !== FIRST_VERSION && !(version === VERSION && SECOND_FORMS.has(key[0]))) return unreadable
    if (key[0] === COIN && key.length === 37) {
      this.#coins.push(readCoin(key, reader))
    } else if (key[0] === TX && key.length === 33) {
      const record = readWalletTx(key.slice(1), reader, version)
      if (record === undefined) return unreadable
      this.#txs.push(record)
    } else if (key[0] === SCRIPT && key.length === 7) {
      const path = pathOf(key)
      if (path === undefined) return unreadable
      this.#scripts.push({ path, script: reader.raw(reader.remaining) })
    } else if (key[0] === LABEL && key.length === 7) {
      const [path, text] = [pathOf(key), tryUtf8Decode(reader.raw(reader.remaining))]
      if (path === undefined || text === undefined) return unreadable
      this.#labels.set(pathName(path), { text, by: version === VERSION ? 'plugin' : 'operator' })
    } else if (key[0] === COUNTERS && key.length === 1) {
      this.#counters = readCounters(reader)
    } else {
      return unreadable
    }
    reader.end()
    return reader.fault === undefined ? ok(undefined) : unreadable
  }
}

const coinKey = ({ outpoint }: Coin): Uint8Array => concat(Uint8Array.of(COIN), outpoint.txid, u32be(outpoint.index))

const txKey = ({ txid }: WalletTx): Uint8Array => concat(Uint8Array.of(TX), txid)

const encodeCoin = ({ amount, path, height, ours, coinbase, reserved, frozen, spentBy }: Coin): Uint8Array => {
  const writer = new ByteWriter(1 + 8 + 6 + 1 + 4 + (spentBy === undefined ? 0 : 32))
  writer.u8(VERSION)
  writer.u64(amount)
  writer.u8(TYPES.indexOf(path.type))
  writer.u8(BRANCHES.indexOf(path.branch))
  writer.u32(path.index)
  const [isFrozen, byPlugin] = [frozen !== undefined, frozen === 'plugin']
  writer.u8(flags(ours, coinbase, reserved, height !== undefined, spentBy !== undefined, isFrozen, byPlugin))
  writer.u32(height ?? 0)
  if (spentBy !== undefined) writer.raw(spentBy)
  return writer.bytes
}

const readCoin = (key: Uint8Array, reader: ByteReader): Coin => {
  const outpoint = { txid: key.slice(1, 33), index: new DataView(key.buffer, key.byteOffset).getUint32(33) }
  const amount = reader.u64()
  const type = pick(TYPES, reader)
  const branch = pick(BRANCHES, reader)
  const index = reader.u32()
  const [ours = false, coinbase = false, reserved = false, hasHeight, isSpent, isFrozen, byPlugin] = readFlags(reader)
  const height = reader.u32()
  return {
    outpoint,
    amount,
    path: { type, branch, index },
    ...(hasHeight && { height }),
    ours,
    coinbase,
    reserved,
    ...(isFrozen ? { frozen: byPlugin ? 'plugin' : 'operator' } : {}),
    ...(isSpent && { spentBy: reader.raw(32) }),
  }
}

const encodeWalletTx = (record: WalletTx): Uint8Array => {
  const { tx, height, received, spent, fee, label, labelledBy, purpose, channelId, key, replaces, seenAt } = record
  const bytes = encodeTx(tx)
  // What is absent takes no room beyond its flag.
  const texts = [label, purpose, channelId, key].map((text) => (text === undefined ? undefined : utf8Encode(text)))
  const present = texts.flatMap((text) => text ?? [])
  const length =
    1 +
    1 +
    4 +
    4 * 8 +
    (replaces === undefined ? 0 : 32) +
    bytes.length +
    present.reduce((sum, text) => sum + compactSizeLength(text.length) + text.length, 0)
  const writer = new ByteWriter(length)
  writer.u8(VERSION)
  const [hasHeight, hasFee, hasReplaced] = [height !== undefined, fee !== undefined, replaces !== undefined]
  const hasTexts = texts.map((text) => text !== undefined)
  writer.u8(flags(hasHeight, hasFee, ...hasTexts, hasReplaced, labelledBy === 'plugin'))
  writer.u32(height ?? 0)
  writer.u64(received)
  writer.u64(spent)
  writer.u64(fee ?? 0n)
  writer.u64(BigInt(seenAt))
  for (const text of present) writer.sized(text)
  if (replaces !== undefined) writer.raw(replaces)
  writer.raw(bytes)
  return writer.bytes
}

const readWalletTx = (txid: Uint8Array, reader: ByteReader, version: number): WalletTx | undefined => {
  const [hasHeight, hasFee, ...rest] = readFlags(reader)
  const height = reader.u32()
  const [received, spent, fee, seenAt] = [reader.u64(), reader.u64(), reader.u64(), reader.u64()]
  const origin = version === FIRST_VERSION ? readFirstOrigin(reader) : readOrigin(reader, rest)
  const tx = decodeTx(reader.raw(reader.remaining))
  if (!tx.ok || origin === undefined) return undefined
  return {
    txid,
    tx: tx.value,
    ...(hasHeight && { height }),
    received,
    spent,
    ...(hasFee && { fee }),
    ...origin,
    seenAt: Number(seenAt),
  }
}

type StoredOrigin = Partial<Omit<TxOrigin, 'fee'>>

const readOrigin = (reader: ByteReader, has: readonly boolean[]): StoredOrigin | undefined => {
  const texts = [0, 1, 2, 3].map((i) => (has[i] ? tryUtf8Decode(reader.sized()) : undefined))
  if (texts.some((text, i) => has[i] && text === undefined)) return undefined
  const [label, purpose, channelId, key] = texts
  return {
    ...(label === undefined ? {} : { label }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(channelId === undefined ? {} : { channelId }),
    ...(key === undefined ? {} : { key }),
    ...(has[4] && { replaces: reader.raw(32) }),
    ...(has[5] && { labelledBy: 'plugin' }),
  }
}

// Only the node gave labels.
const readFirstOrigin = (reader: ByteReader): StoredOrigin | undefined => {
  const purpose = tryUtf8Decode(reader.sized())
  if (purpose === undefined) return undefined
  return purpose === '' ? {} : { purpose }
}

const encodeCounters = ({ height, next }: WalletState): Uint8Array => {
  const writer = new ByteWriter(1 + 4 + 4 * KEY_CHAINS.length)
  writer.u8(FIRST_VERSION)
  writer.u32(height)
  for (const { type, branch } of KEY_CHAINS) writer.u32(next[type][branch])
  return writer.bytes
}

const readCounters = (reader: ByteReader): Pick<WalletState, 'next' | 'height'> => {
  const height = reader.u32()
  let next: NextIndexes = EMPTY_WALLET.next
  for (const { type, branch } of KEY_CHAINS) next = { ...next, [type]: { ...next[type], [branch]: reader.u32() } }
  return { height, next }
}

const flags = (...bits: readonly boolean[]): number => bits.reduce((sum, bit, i) => sum + (bit ? 1 << i : 0), 0)

const readFlags = (reader: ByteReader): readonly boolean[] => {
  const byte = reader.u8()
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => (byte & (1 << i)) !== 0)
}

const pick = <T>(values: readonly T[], reader: ByteReader): T => {
  const value = values[reader.u8()]
  if (value === undefined) reader.fail('unknown-flag')
  return value ?? (values[0] as T)
}
