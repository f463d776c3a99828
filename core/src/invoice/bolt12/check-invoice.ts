import { equalBytes } from '../../lib/bytes.ts'
import type { PublicKey } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { isChain } from './checks.ts'
import type { InvoiceRequest } from './fields.ts'
import type { PayableInvoice } from './invoice.ts'
import { encodeInvoiceRequest, requestIn } from './invoice-request.ts'
import { isForOffer } from './offer.ts'
import { cameBy } from './own-keys.ts'

export interface InvoiceEnv {
  readonly chainHash: Uint8Array
  readonly now: TimestampMs
  /** The last blinded id of the path that the request was sent by, if it was sent by one. */
  readonly sentTo?: PublicKey | undefined
  /** Of the path that the answer was to come by: our reply path, or one of the refund's, if it has any. */
  readonly expectedPathId?: Uint8Array | undefined
  /** Of the path that the invoice came by; absent if it came by none. */
  readonly pathId?: Uint8Array | undefined
}

export type InvoiceRefusal =
  | Bolt12Error
  /** Some field is not what we asked for. */
  | { readonly code: 'not-what-was-asked-for' }
  /** Signed by somebody else than the offer names. */
  | { readonly code: 'wrong-node' }
  /** BOLT 12: what did not come by the path that we gave for it is not taken. */
  | { readonly code: 'wrong-path' }

/** BOLT 12, the reader of an invoice: why it is not to be paid as the answer to our request. */
export const checkInvoice = (
  { invoice, nodeId, amountMsat, expiresAt }: PayableInvoice,
  request: InvoiceRequest,
  { chainHash, now, sentTo, expectedPathId, pathId }: InvoiceEnv,
): InvoiceRefusal | undefined => {
  const { invreqAmount, offerIssuerId, offerPaths, invreqPaths } = request
  // BOLT 12: by our reply path or one of the refund's paths; the answer to a refund without paths by none.
  const comesByPath = invreqPaths !== undefined || isForOffer(request)
  if (comesByPath !== (expectedPathId !== undefined) || !cameBy(expectedPathId, pathId)) return { code: 'wrong-path' }
  if (!isChain(invoice.invreqChain, chainHash)) return { code: 'wrong-chain' }
  // BOLT 12: all fields in the ranges of requests are those of ours, the unknown ones too.
  if (!equalBytes(encodeInvoiceRequest(requestIn(invoice)), encodeInvoiceRequest(requestIn(request)))) {
    return { code: 'not-what-was-asked-for' }
  }
  if (invreqAmount !== undefined && amountMsat !== invreqAmount) return { code: 'not-what-was-asked-for' }
  // BOLT 12: signed by whom the offer names, or by the id that the request went to.
  const signer = offerIssuerId ?? (offerPaths === undefined ? undefined : sentTo)
  if (offerPaths !== undefined && signer === undefined) return { code: 'wrong-node' }
  if (signer !== undefined && !equalBytes(signer, nodeId)) return { code: 'wrong-node' }
  return now > expiresAt ? { code: 'expired' } : undefined
}
