import type { EventName } from '@fulgurite/plugin-sdk/contract'
import { isAmount } from '../../invoice/bolt12/checks.ts'
import { decodeRefund } from '../../invoice/bolt12/invoice-request.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import type { EventLog } from '../events/event-log.ts'
import { isSeenBy } from '../offers/own-refunds.ts'
import type { ClaimFailure, ClaimRefused } from '../offers/refund-claimer.ts'
import { readInvoice } from '../payment/receiver-actor.ts'
import type { MappingContext } from './context.ts'
import { describeInvoice } from './describe-invoice.ts'
import { describeDecodedRefund, describeRefund } from './describe-refund.ts'
import { type ActorHandlers, type HandlerContext, pluginOf, refusal } from './handlers.ts'
import { invoiceRefused, NO_MESSAGES, NO_RELAYING_PEER } from './offer-refusals.ts'
import { pageOf } from './paging.ts'

export const refundsHandlers = ({ offers, options, flow, events }: MappingContext): ActorHandlers<'refunds'> => {
  const { clock, store } = options
  const { refunds, owner } = offers
  const find = (refundId: string, caller: HandlerContext['caller']) => {
    const refund = refunds.own.get(fromHex(refundId))
    return refund !== undefined && isSeenBy(refund, pluginOf(caller)) ? refund : undefined
  }
  return {
    async list({ status, page }, { caller }) {
      const all = refunds.own
        .all()
        .filter((refund) => isSeenBy(refund, pluginOf(caller)))
        .map((refund) => describeRefund(refund, clock.now()))
      return pageOf(status === undefined ? all : all.filter((refund) => refund.status === status), page)
    },

    async get({ refundId }, { caller }) {
      const refund = find(refundId, caller)
      return refund === undefined ? err(NOT_FOUND) : ok({ refund: describeRefund(refund, clock.now()) })
    },

    async create({ blinded = false, ...wish }, { caller }) {
      if (refunds.payer === undefined) return err(NO_MESSAGES)
      if (!isAmount(wish.amountMsat)) {
        return err(refusal('amount-out-of-bounds', 'nobody can be paid this amount', { field: 'amountMsat' }))
      }
      const made = await refunds.payer.create({ ...wish, blinded, plugin: pluginOf(caller) })
      if (made.ok) return ok({ refund: describeRefund(made.value, clock.now()) })
      return err(
        made.error.code === 'no-relaying-peer'
          ? NO_RELAYING_PEER
          : refusal('too-many-refunds', 'this node keeps no more refunds'),
      )
    },

    async cancel({ refundId }, { caller }) {
      const refund = find(refundId, caller)
      if (refund === undefined) return err(NOT_FOUND)
      if (refund.state.type === 'paying' || refund.state.type === 'paid') {
        return err(refusal('refund-paid', 'the refund was paid, or is being paid', { field: 'refundId' }))
      }
      if (refund.state.type === 'open') {
        await new Promise<void>((resolve) => refunds.own.cancel(refund, resolve))
      }
      return ok({ refund: describeRefund(refunds.own.get(refund.id) ?? refund, clock.now()) })
    },

    async decode({ refund: text }) {
      const refund = decodeRefund(text)
      return refund.ok ? ok({ refund: describeDecodedRefund(refund.value, owner) }) : err(UNREADABLE)
    },

    async claim({ refund: text }) {
      const { claimer } = refunds
      if (claimer === undefined) return err(NO_MESSAGES)
      const claim = claimer.make(text)
      if (!claim.ok) return err(claimRefusal(claim.error))
      const { record } = claim.value
      const { paymentHash } = record
      const added = await flow.receiver.ask('add', { invoice: record })
      if (!added.ok) return err(refusal('mailbox-full', 'too many invoices at once; try again later'))
      const paid = paymentOf(events, paymentHash)
      const sent = await claimer.send(claim.value, paid.came).finally(paid.stop)
      const asItIs = async () => {
        const now = await readInvoice(store, paymentHash)
        return ok({ invoice: describeInvoice(now?.type === 'bolt12' ? now : record, clock.now()) })
      }
      if (sent.ok) return asItIs()
      const { error } = sent
      // Whoever refuses a copy may have begun to pay the one before.
      if (error.code === 'request-refused' && error.copies > 1) {
        return err(
          openRefused(error, paymentHash, 'the payer refuses this copy of the invoice, may be paying an earlier one'),
        )
      }
      // Nobody else has it, and whoever refuses it pays nothing.
      const cancelled = await flow.receiver.ask('cancel', { paymentHash, owner: undefined })
      if (cancelled.ok && !cancelled.value.ok && cancelled.value.error.code === 'paid') return asItIs()
      if (!cancelled.ok && error.code === 'request-refused') {
        return err(openRefused(error, paymentHash, 'the payer does not pay the invoice, which could not be cancelled'))
      }
      return err(
        error.code === 'request-refused'
          ? invoiceRefused(error, 'the payer does not pay the invoice')
          : refusal(
              'no-way-to-payer',
              'no way for messages to the payer is known: connect to a node that passes them on',
            ),
      )
    },
  }
}

const NOT_FOUND = refusal('refund-not-found', 'this node made no refund with this id', { field: 'refundId' })

const UNREADABLE = refusal('refund-invalid', 'this is no refund, or a damaged one: is all of it there?', {
  field: 'refund',
})

const claimRefusal = (failure: ClaimFailure) => {
  switch (failure.code) {
    case 'expired':
      return refusal('refund-expired', 'the refund has expired', { field: 'refund' })
    case 'wrong-chain':
      return refusal('refund-wrong-network', 'the refund is for another network', { field: 'refund' })
    case 'own-refund':
      return refusal('own-refund', 'this node made the refund itself', { field: 'refund' })
    case 'no-way-to-us':
      return refusal('not-supported', 'this node can name no way to itself')
    default:
      return UNREADABLE
  }
}

/** A refusal that leaves the invoice as it is: it may still be paid, so that it is named. */
const openRefused = (error: ClaimRefused, paymentHash: PaymentHash, who: string) => {
  const { details, ...refused } = invoiceRefused(error, who)
  return { ...refused, details: { ...details, paymentHash: toHex(paymentHash) } }
}

const RECEIVED: EventName = 'payment.received'

/** Settles when an invoice of ours has been paid. */
const paymentOf = (events: Pick<EventLog, 'subscribe'>, paymentHash: PaymentHash) => {
  let stop = (): void => {}
  const came = new Promise<undefined>((resolve) => {
    stop = events.subscribe({ names: [RECEIVED] }, ({ text }) => {
      if (text.includes(toHex(paymentHash))) resolve(undefined)
    })
  })
  return { came, stop: () => stop() }
}
