import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { count, mapped, struct, u16List, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u32, u32Bytes, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import type { RelayedHtlc } from '../relay/relay-protocol.ts'
import type { SentPayment } from '../send/payment.ts'
import { decodeSentPayment, encodeSentPayment } from '../send/payment-codec.ts'
import type { TrampolineRelayRecord } from './trampoline-protocol.ts'

const incoming = struct<RelayedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64, cltvExpiry: u32 })

/** In the form, and the version, of a payment's own row. */
const payment = mapped<Uint8Array, SentPayment>(
  u32Bytes,
  (bytes) => {
    const decoded = decodeSentPayment(bytes)
    return decoded.ok ? decoded.value : undefined
  },
  encodeSentPayment,
)

const trampolineRelay = versioned(
  struct<TrampolineRelayRecord>({
    paymentHash: bytes32,
    incoming: u16List(incoming),
    payment,
    paid: u16List(struct<TrampolineRelayRecord['paid'][number]>({ attempt: count, htlcId: u64 })),
  }),
)

export const encodeTrampolineRelay = (record: TrampolineRelayRecord): Uint8Array => encodeWith(trampolineRelay, record)

export const decodeTrampolineRelay = (bytes: Uint8Array): Result<TrampolineRelayRecord, WireError> =>
  decodeWith(trampolineRelay, bytes)
