import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { timestamp } from '../row-codecs.ts'
import type { RelayedHtlc, RelayRecord } from './relay-protocol.ts'

const relayRecord = versioned(
  struct<RelayRecord>({
    paymentHash: bytes32,
    incoming: struct<RelayedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64, cltvExpiry: u32 }),
    requestedShortChannelId: u64,
    startedAt: timestamp,
    outgoing: struct<RelayRecord['outgoing']>({
      channelId: bytes32,
      amountMsat: u64,
      cltvExpiry: u32,
      htlcId: optional(u64),
    }),
  }),
)

export const encodeRelayRecord = (record: RelayRecord): Uint8Array => encodeWith(relayRecord, record)

export const decodeRelayRecord = (bytes: Uint8Array): Result<RelayRecord, WireError> => decodeWith(relayRecord, bytes)
