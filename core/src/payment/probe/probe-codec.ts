import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { u16Text } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { paymentRow } from '../send/payment-codec.ts'
import type { ProbeRecord } from './probe.ts'

const probe = versioned(struct<ProbeRecord>({ owner: optional(u16Text), payment: paymentRow }))

export const encodeProbe = (record: ProbeRecord): Uint8Array => encodeWith(probe, record)

export const decodeProbe = (bytes: Uint8Array): Result<ProbeRecord, WireError> => decodeWith(probe, bytes)
