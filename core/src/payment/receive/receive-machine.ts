import type { HtlcRef } from '../../channel/index.ts'
import { equalConstantTime } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import type { Preimage } from '../../lib/ids.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { Step } from '../step.ts'
import type { FailEffect } from '../upstream-failure.ts'
import { customRecords } from './custom-records.ts'
import { type Came, type HoldRecord, type InvoiceRecord, invoiceStatus, type ReceivedHtlc } from './invoice-record.ts'
import type {
  FinalHtlc,
  FulfilEffect,
  ReceiveEffect,
  ReceiveEnv,
  ReceiveInput,
  ReceiveState,
} from './receive-protocol.ts'

type ReceiveStep = Step<ReceiveState, ReceiveEffect>

/** BOLT 4, basic multi-part payments: how long the parts of a payment wait for the rest. */
export const MPP_TIMEOUT_MS = 60_000

/**
 * So many blocks before the first of its HTLCs expires a payment that is held is given back. Up to then it can be settled, and its peers have
 * six blocks to take the fulfilment before the channel goes to the chain for it.
 */
const HOLD_MARGIN = 24

/** An invoice as it is before any HTLC is held for it. */
export const waiting = (invoice: InvoiceRecord): ReceiveState => ({ invoice, parts: [] })

/** BOLT 4: a payment hash that we have no invoice for. */
export const failUnknownPayment = (htlc: FinalHtlc, env: ReceiveEnv): FailEffect =>
  fail(htlc, unknownDetails(htlc, env))

/** Decides about an invoice and the HTLCs that want to pay it. */
export const stepInvoice = (state: ReceiveState, input: ReceiveInput, env: ReceiveEnv): ReceiveStep => {
  switch (input.type) {
    case 'htlc':
      return receive(state, input.htlc, env)
    case 'refused':
      return { state, effects: [settledBefore(state.invoice, input.htlc) ?? { type: 'refuse', htlc: input.htlc }] }
    case 'mpp-timeout':
      // The rest may have come just before.
      if (state.invoice.state.type !== 'open') return { state, effects: [] }
      return { state: waiting(state.invoice), effects: state.parts.map((part) => fail(part, { type: 'mpp_timeout' })) }
    case 'cancel':
      return cancel(state, 'asked', env)
    case 'settle':
      return settleHeld(state, input.preimage, env)
    case 'block': {
      const { state: held } = state.invoice
      return held.type === 'held' && env.height >= held.deadline
        ? cancel(state, 'deadline', env)
        : { state, effects: [] }
    }
    default:
      return assertNever(input, 'input of an invoice')
  }
}

const receive = (before: ReceiveState, htlc: FinalHtlc, env: ReceiveEnv): ReceiveStep => {
  if (before.invoice.state.type === 'held') return rejoin(before, before.invoice.state, htlc, env)
  // Everything up to the release of the preimage is one step with this check of the parts.
  const { state, effects } = withoutLost(before, env)
  const taken = take(state, htlc, env)
  return { state: taken.state, effects: [...effects, ...taken.effects] }
}

/**
 * A preimage claims all parts at once. A part that could not be claimed now, because the chain decides its channel or its expiry is near,
 * no longer counts.
 */
const withoutLost = (state: ReceiveState, env: ReceiveEnv): ReceiveStep => {
  const { invoice, parts } = state
  const kept = parts.filter(env.canClaim)
  if (kept.length === parts.length) return { state, effects: [] }
  const lost = parts.filter((part) => !kept.includes(part))
  const effects: ReceiveEffect[] = lost.map((part) => fail(part, unknownDetails(part, env)))
  if (kept.length === 0) effects.push({ type: 'unschedule' })
  return { state: { invoice, parts: kept }, effects }
}

const take = (state: ReceiveState, htlc: FinalHtlc, env: ReceiveEnv): ReceiveStep => {
  const { invoice, parts } = state
  if (invoice.state.type === 'settled') {
    // Decided before: after a restart the channel hands its HTLCs on again.
    return { state, effects: [settledBefore(invoice, htlc) ?? failUnknownPayment(htlc, env)] }
  }
  if (parts.some((part) => isSame(part, htlc))) return { state, effects: [] }
  const problem = problemOf(state, htlc, env)
  if (problem !== undefined) return { state, effects: [fail(htlc, problem)] }

  const held = [...parts, htlc]
  // BOLT 4: all parts must name the same total; if they do not, the whole set is failed.
  if (held.some((part) => totalOf(part) !== totalOf(htlc))) {
    return {
      state: waiting(invoice),
      effects: [...held.map((part) => fail(part, unknownDetails(part, env))), { type: 'unschedule' }],
    }
  }
  const sum = held.reduce((total, { payload }) => total + payload.amtToForward, 0n)
  if (sum < totalOf(htlc)) {
    const first: readonly ReceiveEffect[] = parts.length === 0 ? [{ type: 'schedule', delayMs: MPP_TIMEOUT_MS }] : []
    return { state: { invoice, parts: held }, effects: first }
  }
  return invoice.type === 'hold' ? hold(invoice, held, env) : settle(invoice, invoice.preimage, cameIn(held, env), held)
}

/** A payment that is held is whole: after a restart the channels hand its HTLCs on again, and no other joins them. */
const rejoin = (state: ReceiveState, { htlcs }: Came, htlc: FinalHtlc, env: ReceiveEnv): ReceiveStep => {
  const { invoice, parts } = state
  if (!htlcs.some((held) => isSame(held, htlc))) return { state, effects: [failUnknownPayment(htlc, env)] }
  return parts.some((part) => isSame(part, htlc))
    ? { state, effects: [] }
    : { state: { invoice, parts: [...parts, htlc] }, effects: [] }
}

/** What is due to an HTLC whose preimage is released, whatever would be said of it now. */
const settledBefore = ({ state, preimage }: InvoiceRecord, htlc: HtlcRef): FulfilEffect | undefined =>
  preimage !== undefined && state.type === 'settled' && state.htlcs.some((settled) => isSame(settled, htlc))
    ? fulfil(htlc, preimage)
    : undefined

const cameIn = (parts: readonly FinalHtlc[], env: ReceiveEnv): Came => {
  const htlcs: readonly ReceivedHtlc[] = parts.map(({ channelId, htlcId, amountMsat }) => ({
    channelId,
    htlcId,
    amountMsat,
  }))
  const said = customRecords(parts.map(({ payload }) => payload))
  return { at: env.now, htlcs, ...(said.length === 0 ? {} : { customRecords: said }) }
}

/** The whole payment is here. The list is in the row, and so is stored before any of it is fulfilled. */
const settle = (invoice: InvoiceRecord, preimage: Preimage, came: Came, parts: readonly FinalHtlc[]): ReceiveStep => {
  const settled: InvoiceRecord = { ...invoice, preimage, state: { ...came, type: 'settled' } }
  const effects: ReceiveEffect[] = parts.map((part) => fulfil(part, preimage))
  if (parts.length > 1) effects.push({ type: 'unschedule' })
  effects.push({ type: 'received', invoice: settled })
  return { state: waiting(settled), effects }
}

/** The whole payment is here, and its preimage is not: the row says which HTLCs wait for it, and until when. */
const hold = (invoice: HoldRecord, parts: readonly FinalHtlc[], env: ReceiveEnv): ReceiveStep => {
  const effects: ReceiveEffect[] = parts.length > 1 ? [{ type: 'unschedule' }] : []
  if (!env.mayHold(invoice, parts.length)) {
    effects.push(...parts.map((part) => fail(part, { type: 'temporary_node_failure' })))
    return { state: waiting(invoice), effects }
  }
  const deadline = Math.min(...parts.map(({ cltvExpiry }) => cltvExpiry)) - HOLD_MARGIN
  const held: InvoiceRecord = { ...invoice, state: { ...cameIn(parts, env), type: 'held', deadline } }
  return { state: { invoice: held, parts }, effects: [...effects, { type: 'held', invoice: held }] }
}

export type SettleProblem =
  /** Nothing is held for it now. */
  | 'not-held'
  /** The chain decides a part of it, or is not seen. */
  | 'not-claimable'

/** Why a payment that is held cannot be settled now. A preimage claims all parts at once, or is not revealed. */
export const settleProblem = ({ invoice: { state } }: ReceiveState, env: ReceiveEnv): SettleProblem | undefined => {
  if (state.type !== 'held' || env.height >= state.deadline) return 'not-held'
  return state.htlcs.every(env.canClaim) ? undefined : 'not-claimable'
}

/** Parts that are not handed on again yet are fulfilled when they are. */
const settleHeld = (state: ReceiveState, preimage: Preimage, env: ReceiveEnv): ReceiveStep => {
  const { invoice, parts } = state
  if (invoice.state.type !== 'held' || settleProblem(state, env) !== undefined) return { state, effects: [] }
  const { deadline: _, ...came } = invoice.state
  return settle(invoice, preimage, { ...came, at: env.now }, parts)
}

const cancel = (state: ReceiveState, reason: 'asked' | 'deadline', env: ReceiveEnv): ReceiveStep => {
  const { invoice, parts } = state
  if (invoice.state.type !== 'open' && invoice.state.type !== 'held') return { state, effects: [] }
  const cancelled: InvoiceRecord = { ...invoice, state: { type: 'cancelled' } }
  const effects: ReceiveEffect[] = parts.map((part) => fail(part, unknownDetails(part, env)))
  if (parts.length > 0) effects.push({ type: 'unschedule' })
  effects.push({ type: 'cancelled', reason })
  return { state: waiting(cancelled), effects }
}

/** Why the HTLC cannot be a part of the invoice's payment. BOLT 4: of several reasons, the first of its list. */
const problemOf = ({ invoice, parts }: ReceiveState, htlc: FinalHtlc, env: ReceiveEnv): FailureMessage | undefined => {
  const { payload, cltvExpiry, amountMsat, refusal } = htlc
  if (refusal !== undefined) return refusal
  if (!isOfInvoice(invoice, parts, htlc, env)) return unknownDetails(htlc, env)
  // BOLT 4: the HTLC must expire no earlier, and carry no less, than the sender meant for us.
  if (cltvExpiry < payload.outgoingCltvValue) return { type: 'final_incorrect_cltv_expiry', cltvExpiry }
  if (amountMsat < payload.amtToForward) return { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: amountMsat }
  return undefined
}

const isOfInvoice = (
  invoice: InvoiceRecord,
  parts: readonly FinalHtlc[],
  htlc: FinalHtlc,
  env: ReceiveEnv,
): boolean => {
  const { payload, cltvExpiry } = htlc
  if (!env.canClaim(htlc)) return false
  // A payment whose first parts came in time may be completed a little later.
  const status = invoiceStatus(invoice, env.now)
  if (status !== 'open' && !(status === 'expired' && parts.length > 0)) return false
  if (!isPaidBy(invoice, payload)) return false
  if (invoice.type !== 'keysend' && invoice.amountMsat !== undefined) {
    // BOLT 4: no less than was asked for, and no more than twice that.
    const asked = invoice.amountMsat
    const total = totalOf(htlc)
    if (total < asked || total > asked * 2n) return false
  }
  // BOLT 4: there must be time enough to claim it on the chain.
  return cltvExpiry >= env.height + invoice.minFinalCltvExpiryDelta
}

/** Whether the sender has shown what it pays. */
const isPaidBy = (invoice: InvoiceRecord, payload: FinalHtlc['payload']): boolean => {
  if (invoice.type === 'bolt12') {
    // BOLT 4, route blinding: what comes by another path than the invoice's is not for it. A hash alone is known to others on the way.
    return payload.type === 'blinded-final' && isSecret(payload.pathId, invoice.pathId)
  }
  if (payload.type !== 'final') return false
  const { paymentData, paymentMetadata, keysendPreimage } = payload
  if (invoice.type === 'keysend') {
    // bLIP 3: each part brings the preimage. What came without a secret was whole.
    if (keysendPreimage === undefined || !equalBytes(keysendPreimage, invoice.preimage)) return false
    if (invoice.paymentSecret === undefined) return paymentData === undefined
    return isSecret(paymentData?.paymentSecret, invoice.paymentSecret)
  }
  // BOLT 4: the secret is required, and proves that the sender has the invoice.
  if (!isSecret(paymentData?.paymentSecret, invoice.paymentSecret)) return false
  if (invoice.type === 'hold' || invoice.paymentMetadata === undefined) return true
  return paymentMetadata !== undefined && equalBytes(paymentMetadata, invoice.paymentMetadata)
}

const isSecret = (said: Uint8Array | undefined, secret: Uint8Array): boolean =>
  said !== undefined && equalConstantTime(said, secret)

const unknownDetails = ({ amountMsat }: FinalHtlc, { height }: ReceiveEnv): FailureMessage => ({
  type: 'incorrect_or_unknown_payment_details',
  htlcMsat: amountMsat,
  height,
})

// BOLT 4: without a total the HTLC is all there is.
const totalOf = ({ payload }: FinalHtlc): bigint =>
  payload.type === 'blinded-final' ? payload.totalMsat : (payload.paymentData?.totalMsat ?? payload.amtToForward)

const refOf = ({ channelId, htlcId }: HtlcRef): HtlcRef => ({ channelId, htlcId })

const isSame = (a: HtlcRef, b: HtlcRef): boolean => a.htlcId === b.htlcId && equalBytes(a.channelId, b.channelId)

const fail = (htlc: HtlcRef, failure: FailureMessage): FailEffect => ({
  type: 'fail',
  htlc: refOf(htlc),
  failure: { type: 'own', failure },
})

const fulfil = (htlc: HtlcRef, preimage: Preimage): FulfilEffect => ({
  type: 'fulfil',
  htlc: refOf(htlc),
  preimage,
})
