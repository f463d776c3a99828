import type { ShortChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { NextNode } from '../../onion/encrypted-data.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import {
  type FieldCodecs,
  mapped,
  optional,
  readOnly,
  struct,
  u16List,
  union,
  versioned,
} from '../../wire/codec/combinators.ts'
import { bigSize, bytes32, point, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { timestamp } from '../row-codecs.ts'
import type { OutgoingHtlc, Parts, RelayedHtlc, RelayRecord } from './relay-protocol.ts'

const incoming = struct<RelayedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64, cltvExpiry: u32 })

const outgoingFields: FieldCodecs<Omit<OutgoingHtlc, 'firstHtlcId'>> = {
  channelId: bytes32,
  amountMsat: u64,
  cltvExpiry: u32,
  htlcId: optional(u64),
}
const outgoing = struct<OutgoingHtlc>({ ...outgoingFields, firstHtlcId: optional(bigSize) })

/** Until version 3 a relay was one HTLC for one, out of a channel that the sender named. */
interface EarlierRelay extends Omit<RelayRecord, 'incoming' | 'requested' | 'outgoing'> {
  readonly incoming: RelayedHtlc
  readonly requestedShortChannelId: ShortChannelId
  readonly outgoing: OutgoingHtlc
}

const earlier = (outgoing: Codec<OutgoingHtlc>): Codec<RelayRecord> =>
  readOnly(
    struct<EarlierRelay>({
      paymentHash: bytes32,
      incoming,
      requestedShortChannelId: u64,
      startedAt: timestamp,
      outgoing,
    }),
    ({ paymentHash, incoming, requestedShortChannelId: shortChannelId, startedAt, outgoing }) => ({
      paymentHash,
      incoming: [incoming],
      requested: { type: 'channel', shortChannelId },
      startedAt,
      outgoing: [outgoing],
    }),
  )

const parts = <Htlc>(htlc: Codec<Htlc>): Codec<Parts<Htlc>> =>
  mapped<readonly Htlc[], Parts<Htlc>>(
    u16List(htlc),
    ([only, ...others]) => (only === undefined || others.length > 0 ? undefined : [only]),
    (htlcs) => htlcs,
  )

/** Version 2: with the first id that the outgoing HTLC can have. Version 3: HTLCs in lists, and what was asked for as one of a union. */
const relayRecord = versioned(
  earlier(struct<Omit<OutgoingHtlc, 'firstHtlcId'>>(outgoingFields)),
  earlier(outgoing),
  struct<RelayRecord>({
    paymentHash: bytes32,
    incoming: parts(incoming),
    requested: union<NextNode, 'type'>('type', {
      channel: { number: 0, fields: { shortChannelId: u64 } },
      node: { number: 1, fields: { nodeId: point } },
    }),
    startedAt: timestamp,
    outgoing: parts(outgoing),
  }),
)

export const encodeRelayRecord = (record: RelayRecord): Uint8Array => encodeWith(relayRecord, record)

export const decodeRelayRecord = (bytes: Uint8Array): Result<RelayRecord, WireError> => decodeWith(relayRecord, bytes)
