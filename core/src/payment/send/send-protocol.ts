import type { HtlcOutcome, PaymentReference } from '../../channel/index.ts'
import type { ChannelId, PaymentHash } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import type { SentPayment } from './payment.ts'
import type { FoundRoutes, RouteQuestion } from './route-question.ts'

/** A payment under way. `payment` is its row, to be written whenever it is another object than before. */
export interface SendState {
  readonly payment: SentPayment
  /** Attempts whose channel has not answered yet: gone after a restart. */
  readonly offering: readonly number[]
  /** What each attempt of this life of the node shares with its hops: what comes back is read by it. Computed anew where it is not there. */
  readonly secrets?: ReadonlyMap<number, readonly Uint8Array[]>
  /** The same for every attempt: a node that sees several of them must not be able to take the smallest. Drawn again after a restart. */
  readonly shadowDelta?: BlockDelta
  /** The question that is out, asked by what is missing now. An answer to any other changes nothing. Gone after a restart. */
  readonly asked?: RouteQuestion
  /** Attempts may be out that no row has: nothing more is sent, and nothing but a preimage ends it, until `resumed` tells which are. */
  readonly isUnsure?: true
}

export type SendInput =
  /** The answer to `find-routes`. It may come late, twice or never. */
  | { readonly type: 'routes-found'; readonly question: number; readonly result: FoundRoutes }
  /** The answer has not come in the time that there was for it. */
  | { readonly type: 'routes-overdue'; readonly question: number }
  /** The channel's answer to `add-htlc`. */
  | { readonly type: 'added'; readonly attempt: number; readonly result: Result<unknown, { readonly code: string }> }
  /** The outcome of an attempt's HTLC. May repeat. */
  | { readonly type: 'settled'; readonly attempt: number; readonly outcome: HtlcOutcome }
  /** After a restart, once it is certain: all attempts but those that were certainly never offered. */
  | { readonly type: 'resumed'; readonly held: readonly number[] }

/** In this order the driver first writes the row (with or before the commit that holds the HTLC), then acts. */
export type SendingEffect = FindRoutes | WrongRoutes | SendAddHtlc | SendEnded

/** Asks for routes; answered by `routes-found`, or ended by `routes-overdue`. It takes the place of an earlier question of this payment. */
interface FindRoutes {
  readonly type: 'find-routes'
  readonly question: RouteQuestion
}

/** The answer was none to the question: a bug of whoever gave it, for the log. Nothing was sent. */
interface WrongRoutes {
  readonly type: 'wrong-routes'
  readonly problem: string
}

/** Offers an attempt's HTLC in a channel; answered by `added`. */
export interface SendAddHtlc {
  readonly type: 'add-htlc'
  readonly attempt: number
  readonly channelId: ChannelId
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  readonly paymentHash: PaymentHash
  readonly onion: Uint8Array
  readonly reference: PaymentReference
}

/** The definite outcome: for the event `payment.sent` or `payment.failed` and for whoever waits. */
interface SendEnded {
  readonly type: 'ended'
  readonly payment: SentPayment
}

export type StartError =
  /** A payment of this hash has arrived. */
  | { readonly code: 'already-paid'; readonly payment: SentPayment }
  /** One is under way. */
  | { readonly code: 'payment-in-flight'; readonly payment: SentPayment }
