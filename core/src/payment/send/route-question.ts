import type { ChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat, TimestampMs } from '../../lib/units.ts'
import type { Lessons } from './lessons.ts'
import type { PaymentTarget, Route, RouteFailure } from './payment.ts'

/**
 * What is to be sent. It is plain data, so that whoever answers may live in another thread; it knows our channels itself, and may be a little
 * behind.
 */
export interface RouteQuestion {
  /** No other question of this life of the node has it. */
  readonly id: number
  readonly target: PaymentTarget
  /** When the payment began. */
  readonly startedAt: TimestampMs
  /** What has neither arrived nor is under way: what the routes are to deliver, to the millisatoshi. */
  readonly remainingMsat: Msat
  /** What relays may still charge. */
  readonly feeBudgetMsat: Msat
  /** Routes in the answer at most. */
  readonly maxParts: number
  /** What this payment has offered in our channels, and what they may not have deducted yet. */
  readonly offered: readonly OfferedAmount[]
  /** The routes of the parts that are under way: they take room in channels of others. */
  readonly underWay: readonly Route[]
  readonly lessons: Lessons
  readonly height: BlockHeight
  /** Blocks to add to the final expiry, as far as the route has room for them. */
  readonly shadowDelta: BlockDelta
}

export interface OfferedAmount {
  readonly channelId: ChannelId
  readonly amountMsat: Msat
}

/** The answer: routes that deliver all that remains, or why there are none. */
export type FoundRoutes = Result<readonly Route[], RouteFailure>
