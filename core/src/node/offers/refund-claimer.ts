import { freshKey } from '../../crypto/fresh-key.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { acceptRefund, answerRequest } from '../../invoice/bolt12/answer-request.ts'
import type { Bolt12Error } from '../../invoice/bolt12/bolt12-error.ts'
import { DEFAULT_RELATIVE_EXPIRY, encodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { decodeRefund, keyOfRequest, type ReadRequest, refundId } from '../../invoice/bolt12/invoice-request.ts'
import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import { MIN_FINAL_CLTV_EXPIRY_DELTA } from '../../payment/receive/create-invoice.ts'
import type { Bolt12Record } from '../../payment/receive/invoice-record.ts'
import type { SendMessageFailure } from '../onion-messages/message-sender.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'
import { askByTurns, waysToPayer } from './ask-by-turns.ts'
import type { OfferIssuerOptions } from './offer-issuer.ts'
import { type RequestRefused, refusedBy } from './offer-payer.ts'

export interface RefundClaimerOptions extends Pick<OfferIssuerOptions, 'paymentPaths'> {
  readonly clock: Clock
  readonly rng: Rng
  readonly chainHash: Uint8Array
  readonly owner: Bolt12Owner
  readonly messages: Pick<OnionMessages, 'send' | 'pathsToUs' | 'awaitReply'>
}

/** An invoice of ours for somebody's refund. */
export interface RefundClaim {
  readonly refund: ReadRequest
  /** Its row. */
  readonly record: Bolt12Record
  /** As it is sent. */
  readonly invoice: Uint8Array
}

/** The payer says why it does not pay. */
export interface ClaimRefused extends RequestRefused {
  /** So many copies of the invoice were sent before: it may be paying another one. */
  readonly copies: number
}

export type ClaimFailure = Bolt12Error | { readonly code: 'own-refund' | 'no-way-to-us' }

/** Fetches the money of others' refunds. */
export class RefundClaimer {
  readonly #options: RefundClaimerOptions

  constructor(options: RefundClaimerOptions) {
    this.#options = options
  }

  /** An invoice for what the refund is worth. It is to be durable before it is sent. */
  make(text: string): Result<RefundClaim, ClaimFailure> {
    const { clock, rng, chainHash, owner, paymentPaths } = this.#options
    const refund = decodeRefund(text)
    if (!refund.ok) return refund
    const now = clock.now()
    const amount = acceptRefund(refund.value, { chainHash, now })
    if (!amount.ok) return amount
    if (keyOfRequest(owner, refund.value) !== undefined) return err({ code: 'own-refund' })
    const [preimage, pathId] = [rng.bytes(32), rng.bytes(32)]
    const paymentHash = sha256(preimage)
    const terms = { amountMsat: amount.value, minFinalCltvExpiryDelta: MIN_FINAL_CLTV_EXPIRY_DELTA }
    const paths = paymentPaths({ ...terms, pathId, expirySeconds: DEFAULT_RELATIVE_EXPIRY })
    if (paths.length === 0) return err({ code: 'no-way-to-us' })
    const invoice = answerRequest(
      refund.value,
      {
        amountMsat: amount.value,
        paymentHash,
        now,
        relativeExpirySeconds: DEFAULT_RELATIVE_EXPIRY,
        paths,
        multiPart: 'optional',
        fallbacks: [],
      },
      // Of its own: who we are is no business of whoever pays.
      freshKey(rng),
      rng.bytes(32),
    )
    const { offerDescription = '' } = refund.value
    const record: Bolt12Record = {
      type: 'bolt12',
      ...terms,
      paymentHash,
      preimage,
      pathId,
      description: offerDescription,
      // Not its text: invoices are shown to others than whoever claims it, who could be quicker.
      invoice: toHex(refundId(refund.value)),
      createdAt: now,
      expiresAt: now + DEFAULT_RELATIVE_EXPIRY * 1_000,
      state: { type: 'open' },
    }
    return ok({ refund: refund.value, record, invoice: encodeBolt12Invoice(invoice) })
  }

  /** Sends the invoice, by another way if nothing comes of it, until it is `paid` or refused. */
  async send(
    { refund, invoice }: RefundClaim,
    paid: Promise<undefined>,
  ): Promise<Result<void, SendMessageFailure | ClaimRefused>> {
    const answer = await askByTurns(this.#options, waysToPayer(refund), { invoice }, paid)
    if (!answer.ok) return answer
    if (answer.value === undefined) return ok(undefined)
    const { content, sentTo } = answer.value
    return err({ ...refusedBy(content.invoiceError), copies: sentTo.length })
  }
}
