import type { Funded } from '../../state/durable.ts'
import type { Effect, HtlcOutcome } from '../../state/effects.ts'
import type { HtlcRecord } from '../../state/htlc.ts'

/** The outcome of an HTLC of ours, for its origin. */
export const settled = (durable: Funded, { add, origin }: HtlcRecord, outcome: HtlcOutcome): readonly Effect[] =>
  origin === undefined ? [] : [{ type: 'settle', channelId: durable.params.channelId, htlcId: add.id, origin, outcome }]
