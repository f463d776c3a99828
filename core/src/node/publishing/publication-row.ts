import { decodeTx, encodeTx, type Tx } from '../../bitcoin/transaction.ts'
import { concat, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { Row, Write } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { count, mapped, oneOf, optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { u32, u32Bytes, u64 } from '../../wire/codec/primitives.ts'
import { TABLE } from '../storage/tables.ts'

// One transaction that was published for a channel, the last of those that replaced each other. It is what cannot be found out again after
// a restart: which coins it uses, and what a replacement must pay more than (BIP 125).

/** What a transaction is for. Names are only ever appended. */
const PURPOSES = [
  'mutual-close',
  'local-commitment',
  'anchor',
  'to-local',
  'htlc-success',
  'htlc-timeout',
  'htlc-output',
  'to-remote',
  'received-htlc',
  'offered-htlc',
  'penalty',
  'htlc-penalty',
  'joint-claim',
] as const

export type PublicationPurpose = (typeof PURPOSES)[number]

/** Why it pays what it pays. Names are only ever appended. */
const REASONS = ['agreed', 'estimate', 'deadline', 'budget', 'wallet', 'operator'] as const

export type FeeReason = (typeof REASONS)[number]

/** Names are only ever appended. */
const STATUSES = ['waiting', 'confirmed', 'lost'] as const

export interface PublishedTx {
  readonly purpose: PublicationPurpose
  readonly tx: Tx
  /** What it pays by itself. */
  readonly fee: Sat
  /** What it and an unconfirmed parent pay together. */
  readonly feeratePerKw: FeeratePerKw
  readonly why: FeeReason
  readonly deadline?: BlockHeight
  /** How many have paid less before it. */
  readonly replaced: number
  /** `lost`: another transaction spends what it spends, or has made it needless. */
  readonly status: (typeof STATUSES)[number]
}

const PREFIX = utf8Encode('publications/')

const txCodec = mapped<Uint8Array, Tx>(
  u32Bytes,
  (bytes) => {
    const tx = decodeTx(bytes)
    return tx.ok ? tx.value : undefined
  },
  encodeTx,
)

const rowCodec = versioned(
  struct<PublishedTx>({
    purpose: oneOf(PURPOSES),
    tx: txCodec,
    fee: u64,
    feeratePerKw: u32,
    why: oneOf(REASONS),
    deadline: optional(u32),
    replaced: count,
    status: oneOf(STATUSES),
  }),
)

const ID_LENGTH = 32

/** `name` tells it from others of the channel. */
const keyOf = (channelId: ChannelId, name: string): Uint8Array => concat(PREFIX, channelId, utf8Encode(name))

export const publicationRow = (channelId: ChannelId, name: string, published: PublishedTx | undefined): Write => ({
  table: TABLE.meta,
  key: keyOf(channelId, name),
  value: published === undefined ? undefined : encodeWith(rowCodec, published),
})

export const ALL_PUBLICATIONS = { from: PREFIX, to: concat(PREFIX.slice(0, -1), Uint8Array.of(0x30)) }

/** The row's key in parts, and what it holds; the codec's error if this version cannot read it. */
export const readPublicationRow = ({ key, value }: Row) => ({
  channelId: key.slice(PREFIX.length, PREFIX.length + ID_LENGTH),
  name: utf8Decode(key.subarray(PREFIX.length + ID_LENGTH)),
  read: decodeWith(rowCodec, value),
})
