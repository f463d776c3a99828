import { EMPTY } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { count, optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { extended } from '../../wire/codec/extended.ts'
import { bigSize, bool, bytes32, fixedBytes, u32, u64 } from '../../wire/codec/primitives.ts'
import { ATTRIBUTION_DATA_LENGTH, type UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import type { Funded } from '../state/durable.ts'
import type { HtlcRecord } from '../state/htlc.ts'
import { addMessage, htlcFields, htlcV1 } from './version-1.ts'

/**
 * Whether anything may still ask for the onion, and what the message holds besides its amounts. BOLT 2, message retransmission: an addition
 * is sent again until the peer has revoked the commitment before it. A received onion is read, again after a restart, until the HTLC is
 * decided.
 */
const needsOnion = ({ changes }: Funded, { direction, add, preimage, failure }: HtlcRecord): boolean =>
  direction === 'offered'
    ? changes.localSigned.some((change) => change.type === 'add' && change.add.id === add.id)
    : preimage === undefined && failure === undefined

/** The record in the form of its row: without the 1,366 bytes of onion once they have no use. */
export const storedHtlc = (durable: Funded, record: HtlcRecord): HtlcRecord => {
  if (needsOnion(durable, record)) return record
  const { type, channelId, id, amountMsat, paymentHash, cltvExpiry } = record.add
  return { ...record, add: { type, channelId, id, amountMsat, paymentHash, cltvExpiry, onionRoutingPacket: EMPTY } }
}

type Brief = Omit<UpdateAddHtlc, 'type' | 'onionRoutingPacket'>
const brief = struct<Pick<Brief, 'channelId' | 'id' | 'amountMsat' | 'paymentHash' | 'cltvExpiry'>>({
  channelId: bytes32,
  id: u64,
  amountMsat: u64,
  paymentHash: bytes32,
  cltvExpiry: u32,
})

const add: Codec<UpdateAddHtlc> = {
  encode(writer, message) {
    const isWhole = message.onionRoutingPacket.length > 0
    bool.encode(writer, isWhole)
    if (isWhole) addMessage.encode(writer, message)
    else brief.encode(writer, message)
  },
  decode: (reader) =>
    bool.decode(reader)
      ? addMessage.decode(reader)
      : { type: 'update_add_htlc', ...brief.decode(reader), onionRoutingPacket: EMPTY },
}

/** The row of an HTLC that is alive. Version 1 always held the onion; `attribution` is a later member of version 2. */
export const htlcRow: Codec<HtlcRecord> = versioned(
  htlcV1,
  extended<Unattributed, Pick<HtlcRecord, 'attribution'>>(struct<Unattributed>({ ...htlcFields, add }), {
    attribution: { number: 1, codec: fixedBytes(ATTRIBUTION_DATA_LENGTH) },
  }),
)

type Unattributed = Omit<HtlcRecord, 'attribution'>

/**
 * What is kept of an HTLC that has ended, for as long as its channel lives. BOLT 5, revoked transaction close: a commitment that the peer
 * has revoked may still be published, and its HTLC outputs are found and claimed by their hashes, amounts and expiries.
 */
export interface PastHtlc {
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: BlockHeight
  /** The first and the last commitment of the peer that held it. */
  readonly firstRemote: number
  readonly lastRemote?: number
}

/** `undefined`: no commitment of the peer ever held it. */
export const pastHtlc = ({ add, firstRemote, lastRemote }: HtlcRecord): PastHtlc | undefined => {
  if (firstRemote === undefined) return undefined
  const { amountMsat, paymentHash, cltvExpiry } = add
  return { amountMsat, paymentHash, cltvExpiry, firstRemote, ...(lastRemote === undefined ? {} : { lastRemote }) }
}

/** The row of an HTLC that has ended. */
export const pastHtlcRow: Codec<PastHtlc> = versioned(
  struct<PastHtlc>({
    amountMsat: bigSize,
    paymentHash: bytes32,
    cltvExpiry: u32,
    firstRemote: count,
    lastRemote: optional(count),
  }),
)
