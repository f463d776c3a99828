import type { HtlcFailure, HtlcOrigin, HtlcOutcome, HtlcRef, SettleEffect } from '../../channel/index.ts'
import { concat, EMPTY, u64be } from '../../lib/bytes.ts'
import type { Row, Write } from '../../store/store.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { mapped, optional, struct, u16List, union, versioned } from '../../wire/codec/combinators.ts'
import { bool, bytes32, fixedBytes, u16, u16Bytes, u64 } from '../../wire/codec/primitives.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../../wire/messages/channel-operation.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

// One outcome of an HTLC. It is kept from the commit in which its channel learnt it until the commit in which the HTLC's origin has made it
// part of its own state.

const originCodec = union<HtlcOrigin, 'type'>('type', {
  local: { number: 0, fields: { payment: u16Bytes } },
  relay: { number: 1, fields: { upstream: u16List(struct<HtlcRef>({ channelId: bytes32, htlcId: u64 })) } },
})

const failureCodec = union<HtlcFailure, 'type'>('type', {
  fail: { number: 0, fields: { reason: u16Bytes } },
  malformed: { number: 1, fields: { sha256OfOnion: bytes32, failureCode: u16 } },
})

type SettledHtlc = Omit<SettleEffect, 'type'>

const settlement = (outcome: Codec<HtlcOutcome>): Codec<SettledHtlc> =>
  struct<SettledHtlc>({ channelId: bytes32, htlcId: u64, origin: originCodec, outcome })

/** Until version 3 nothing was kept of what an outcome was attributed by. */
type EarlierOutcome = Unattributed<HtlcOutcome>
type Unattributed<Outcome> = Outcome extends unknown ? Omit<Outcome, 'attribution'> : never

const fulfilled = { number: 0, fields: { preimage: bytes32, onChain: bool } }

/** The first version stored the HTLC's whole message after every outcome except the first kind. */
const outcomeV1: Codec<EarlierOutcome> = mapped<OutcomeV1, EarlierOutcome>(
  union<OutcomeV1, 'type'>('type', {
    fulfilled,
    failed: { number: 1, fields: { failure: failureCodec, add: u16Bytes } },
    'not-sent': { number: 2, fields: { add: u16Bytes } },
    'timed-out-on-chain': { number: 3, fields: { add: u16Bytes } },
  }),
  (outcome) => {
    if (outcome.type === 'fulfilled') return outcome
    return outcome.type === 'failed' ? { type: 'failed', failure: outcome.failure } : { type: outcome.type }
  },
  (outcome) => (outcome.type === 'fulfilled' ? outcome : { ...outcome, add: EMPTY }),
)

type OutcomeV1 =
  | Extract<EarlierOutcome, { readonly type: 'fulfilled' }>
  | (Exclude<EarlierOutcome, { readonly type: 'fulfilled' }> & { readonly add: Uint8Array })

const withoutMore = {
  'not-sent': { number: 2, fields: {} },
  'timed-out-on-chain': { number: 3, fields: {} },
}

const outcomeV2 = union<EarlierOutcome, 'type'>('type', {
  fulfilled,
  failed: { number: 1, fields: { failure: failureCodec } },
  ...withoutMore,
})

const attribution = optional(fixedBytes(ATTRIBUTION_DATA_LENGTH))

const outcomeV3 = union<HtlcOutcome, 'type'>('type', {
  fulfilled: { number: 0, fields: { ...fulfilled.fields, attribution } },
  failed: { number: 1, fields: { failure: failureCodec, attribution } },
  ...withoutMore,
})

const rowCodec = versioned(settlement(outcomeV1), settlement(outcomeV2), settlement(outcomeV3))

/** The key of the row that holds this HTLC's outcome. */
const outboxKeyOf = ({ channelId, htlcId }: HtlcRef): Uint8Array => concat(channelId, u64be(htlcId))

export const outboxRow = (effect: SettleEffect): Write => ({
  table: TABLE.settlement,
  key: outboxKeyOf(effect),
  value: encodeWith(rowCodec, effect),
})

/** Deletes the row; submit it with the consumer's own state. */
export const outboxDeletion = (htlc: HtlcRef): Write => ({
  table: TABLE.settlement,
  key: outboxKeyOf(htlc),
  value: undefined,
})

/** Throws a `FailureError` on a row that this version cannot read. */
export const readOutboxRow = ({ key, value }: Row): SettleEffect => ({
  type: 'settle',
  ...readRow(TABLE.settlement, key, decodeWith(rowCodec, value)),
})
