import type { Result } from '../../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { bigSize, bytes32, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { timestamp } from '../row-codecs.ts'
import type { RelayedHtlc, RelayRecord } from './relay-protocol.ts'

const withOutgoing = (outgoing: Codec<RelayRecord['outgoing']>): Codec<RelayRecord> =>
  struct<RelayRecord>({
    paymentHash: bytes32,
    incoming: struct<RelayedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64, cltvExpiry: u32 }),
    requestedShortChannelId: u64,
    startedAt: timestamp,
    outgoing,
  })

const outgoingFields: FieldCodecs<Omit<RelayRecord['outgoing'], 'firstHtlcId'>> = {
  channelId: bytes32,
  amountMsat: u64,
  cltvExpiry: u32,
  htlcId: optional(u64),
}

/** Version 2: with the first id that the outgoing HTLC can have. */
const relayRecord = versioned(
  withOutgoing(struct<RelayRecord['outgoing']>(outgoingFields as FieldCodecs<RelayRecord['outgoing']>)),
  withOutgoing(struct<RelayRecord['outgoing']>({ ...outgoingFields, firstHtlcId: optional(bigSize) })),
)

export const encodeRelayRecord = (record: RelayRecord): Uint8Array => encodeWith(relayRecord, record)

export const decodeRelayRecord = (bytes: Uint8Array): Result<RelayRecord, WireError> => decodeWith(relayRecord, bytes)
