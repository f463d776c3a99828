import type { Outcome } from '../driver.ts'
import { ECLAIR_FAILURES } from './failures.ts'

/** How a payment ended that was waited for. */
export type EclairPayment =
  | { readonly type: 'payment-sent'; readonly paymentPreimage: string; readonly fees: number }
  | { readonly type: 'payment-failed'; readonly failures: readonly EclairFailure[] }

interface EclairFailure {
  /** What came back, in words. */
  readonly e?: { readonly failureMessage?: string }
  /** Why nothing was sent. */
  readonly t?: string
}

/** A part of a payment that was looked up. */
export interface EclairSent {
  readonly status:
    | { readonly type: 'pending' }
    | { readonly type: 'sent'; readonly paymentPreimage: string; readonly feesPaid: number }
    | { readonly type: 'failed'; readonly failures: readonly { readonly failureMessage: string }[] }
}

export const outcomeOf = (payment: EclairPayment): Outcome =>
  payment.type === 'payment-sent'
    ? { ok: true, feeMsat: BigInt(payment.fees), preimage: payment.paymentPreimage }
    : failed(payment.failures.map(({ e, t }) => e?.failureMessage ?? t ?? 'unreadable failure'))

/** None while a part is under way, or while it knows of fewer than there are. */
export const outcomeOfParts = (parts: readonly EclairSent[], count: number): Outcome | undefined => {
  const statuses = parts.map(({ status }) => status)
  if (parts.length < count || statuses.some(({ type }) => type === 'pending')) return undefined
  const sent = statuses.flatMap((status) => (status.type === 'sent' ? [status] : []))
  const [first] = sent
  if (first !== undefined) {
    const feeMsat = sent.reduce((sum, { feesPaid }) => sum + BigInt(feesPaid), 0n)
    return { ok: true, feeMsat, preimage: first.paymentPreimage }
  }
  const failures = statuses.flatMap((status) => (status.type === 'failed' ? status.failures : []))
  return failed(failures.map(({ failureMessage }) => failureMessage))
}

const failed = (messages: readonly string[]): Outcome => ({
  ok: false,
  reason: messages.join('; '),
  failures: messages.flatMap((message) => {
    const name = ECLAIR_FAILURES.find(([words]) => message.startsWith(words))?.[1]
    return name === undefined ? [] : [name]
  }),
})
