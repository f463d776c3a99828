import type { AskFailure } from '../../actor/types.ts'

/**
 * How long a channel is waited for that was asked to add an HTLC: as good as for ever. It answers late if it is reloaded
 * meanwhile, and an answer that nobody waits for would leave the HTLC without an outcome.
 */
export const CHANNEL_ANSWER_MS = 7 * 24 * 3_600_000

/**
 * Whether the failure says that the HTLC is in no commitment, and never will be: the channel did not take it, or threw when
 * it did and has forgotten it. Any other silence is waited out, or resumed after a restart.
 */
export const isNeverSigned = ({ code }: AskFailure): boolean =>
  code === 'mailbox-full' || code === 'actor-stopped' || code === 'handler-failed'
