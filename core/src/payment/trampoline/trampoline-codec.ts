import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { count, struct, u16List, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import type { RelayedHtlc } from '../relay/relay-protocol.ts'
import { paymentRow } from '../send/payment-codec.ts'
import type { TrampolineRelayRecord } from './trampoline-protocol.ts'

const incoming = struct<RelayedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64, cltvExpiry: u32 })

const trampolineRelay = versioned(
  struct<TrampolineRelayRecord>({
    paymentHash: bytes32,
    incoming: u16List(incoming),
    payment: paymentRow,
    paid: u16List(struct<TrampolineRelayRecord['paid'][number]>({ attempt: count, htlcId: u64 })),
  }),
)

export const encodeTrampolineRelay = (record: TrampolineRelayRecord): Uint8Array => encodeWith(trampolineRelay, record)

export const decodeTrampolineRelay = (bytes: Uint8Array): Result<TrampolineRelayRecord, WireError> =>
  decodeWith(trampolineRelay, bytes)
