import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import type { OfferIssuer } from './offer-issuer.ts'
import type { OfferPayer } from './offer-payer.ts'
import type { OfferPayments } from './offer-payments.ts'
import type { OwnOffers } from './own-offers.ts'
import type { OwnRefunds } from './own-refunds.ts'
import type { RefundClaimer } from './refund-claimer.ts'
import type { RefundPayer } from './refund-payer.ts'

/** The node's part in BOLT 12. */
export interface Offers {
  readonly owner: Bolt12Owner
  readonly own: OwnOffers
  readonly payments: OfferPayments
  /** Absent where the node takes no onion messages, as is the payer. */
  readonly issuer?: OfferIssuer
  readonly payer?: OfferPayer
  readonly refunds: Refunds
}

/** Requests without an offer: money that we promise, and money that we fetch. */
interface Refunds {
  readonly own: OwnRefunds
  /** Absent where the node takes no onion messages. */
  readonly payer?: RefundPayer
  readonly claimer?: RefundClaimer
}
