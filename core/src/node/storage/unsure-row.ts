import { concat, fromHex, toHex, u64be, utf8Encode } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from './tables.ts'

/** What was under way in a database that turned out to be old, or may be: something may have been sent for it since of which no row tells. */
export interface UnsureList {
  /** The state of a channel is lost: nothing of the list becomes certain any more. */
  readonly isLost: boolean
  /** Payment hashes. */
  readonly payments: ReadonlySet<string>
  /** Of what came in to be relayed: see `relayName`. Of a trampoline relay the first HTLC. */
  readonly relays: ReadonlySet<string>
}

const KEY = utf8Encode('unsure-outcomes')
/** Version 1 named no trampoline relays, and counted all of them. */
const VERSION = 2
const HEAD_BYTES = 10
const HASH_BYTES = 32
const NAME_BYTES = 40

/** Where the relay's row is. */
export const relayName = (channelId: Uint8Array, htlcId: bigint): string => toHex(concat(channelId, u64be(htlcId)))

/** What the database says is under way. Payments are listed by their status, and those under way are the first. */
export const readUnderWay = async (store: Store): Promise<Omit<UnsureList, 'isLost'>> => {
  const [payments, relays, trampolineRelays] = await Promise.all([
    store.sizes(TABLE.paymentByStatus, { to: Uint8Array.of(1) }),
    store.sizes(TABLE.relay),
    store.sizes(TABLE.trampolineRelay),
  ])
  return {
    payments: new Set(payments.map(({ key }) => toHex(key.subarray(-HASH_BYTES)))),
    relays: new Set([...relays, ...trampolineRelays].map(({ key }) => toHex(key))),
  }
}

export const readUnsure = async (store: Store): Promise<UnsureList | undefined> => {
  const row = await store.get(TABLE.meta, KEY)
  if (row === undefined) return undefined
  const [version, lost] = row
  const end = HEAD_BYTES + HASH_BYTES * Number(new DataView(row.buffer, row.byteOffset).getBigUint64(2))
  const relays = row.subarray(end)
  const isWhole = (version === 1 || version === VERSION) && end <= row.length && relays.length % NAME_BYTES === 0
  invariant(isWhole, 'the row of what is unsure is whole')
  const before = version === 1 ? await store.sizes(TABLE.trampolineRelay) : []
  return {
    isLost: lost === 1,
    payments: names(row.subarray(HEAD_BYTES, end), HASH_BYTES),
    relays: new Set([...names(relays, NAME_BYTES), ...before.map(({ key }) => toHex(key))]),
  }
}

export const unsureWrite = ({ isLost, payments, relays }: UnsureList): Write => ({
  table: TABLE.meta,
  key: KEY,
  value: concat(
    Uint8Array.of(VERSION, isLost ? 1 : 0),
    u64be(BigInt(payments.size)),
    ...Array.from(payments, fromHex),
    ...Array.from(relays, fromHex),
  ),
})

export const unsureRemoval: Write = { table: TABLE.meta, key: KEY, value: undefined }

const names = (bytes: Uint8Array, length: number): ReadonlySet<string> =>
  new Set(
    Array.from({ length: bytes.length / length }, (_, at) => toHex(bytes.subarray(at * length, (at + 1) * length))),
  )
