import type { PaymentHash } from '../../lib/ids.ts'
import type { Bolt12Record } from '../../payment/receive/invoice-record.ts'
import { recalledInvoice } from '../../payment/receive/offered-invoice.ts'
import type { OwnOffers } from './own-offers.ts'

/** The invoice that a payment is for, if it is one of those for offers that we have made and kept nothing of. */
export const recallInvoice =
  (secret: Uint8Array, offers: Pick<OwnOffers, 'get'>) =>
  (paymentHash: PaymentHash, pathId: Uint8Array): Bolt12Record | undefined => {
    const invoice = recalledInvoice(secret, paymentHash, pathId)
    const own = invoice && offers.get(invoice.offer.offerId)
    if (invoice === undefined || own === undefined) return undefined
    return { ...invoice, description: own.offer.offerDescription ?? '', invoice: own.text }
  }
