import type { NodeId, PaymentHash, Signature } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import type { PaymentBlindedPath } from '../../onion/blinded-payinfo.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { hasBit } from '../../wire/features.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isAmount, missing, unknownEvenBit, unknownFeature } from './checks.ts'
import { type Bolt12Fallback, type Bolt12Invoice, invoiceStream } from './fields.ts'
import { verifyStream } from './merkle.ts'

/** BOLT 12, invoice features. */
export const MPP_COMPULSORY = 16
/** BOLT 12, invoice features. */
export const MPP_OPTIONAL = 17

/** BOLT 12: seconds for which an invoice holds that does not say it. */
export const DEFAULT_RELATIVE_EXPIRY = 7200

/** What a payer needs of an invoice that is signed and says all it has to. */
export interface PayableInvoice {
  /** All of it, to be held against the request and to be kept. */
  readonly invoice: Bolt12Invoice
  readonly nodeId: NodeId
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly expiresAt: TimestampMs
  /** The ways to the payee that we may use, the payee's favourites first. */
  readonly paths: readonly PaymentBlindedPath[]
  /** BOLT 12: a payment comes in one part, or may come in several, or has to. */
  readonly multiPart: 'no' | 'optional' | 'compulsory'
  readonly fallbacks: readonly Bolt12Fallback[]
}

/** Reads an invoice that came by an onion message, and checks all that BOLT 12 has a reader check of what it says. */
export const decodeBolt12Invoice = (stream: Uint8Array): Result<PayableInvoice, Bolt12Error> => {
  const decoded = decodeWith(invoiceStream, stream)
  if (!decoded.ok) return err({ code: 'malformed', error: decoded.error })
  const invoice = decoded.value
  const { invoiceAmount, invoiceCreatedAt, invoicePaymentHash, invoiceNodeId } = invoice
  if (invoiceAmount === undefined) return err(missing('invoiceAmount'))
  if (invoiceCreatedAt === undefined) return err(missing('invoiceCreatedAt'))
  if (invoicePaymentHash === undefined) return err(missing('invoicePaymentHash'))
  if (invoiceNodeId === undefined) return err(missing('invoiceNodeId'))
  // More than what BOLT 12 asks for: nothing is paid, or more than there is.
  if (!isAmount(invoiceAmount)) return err(invalid('invoiceAmount'))
  const { invoiceFeatures, invoiceFallbacks = [], invoiceRelativeExpiry = DEFAULT_RELATIVE_EXPIRY } = invoice
  const fault = unknownFeature('invoiceFeatures', invoiceFeatures, [MPP_COMPULSORY])
  if (fault !== undefined) return err(fault)
  const paths = pathsOf(invoice)
  if (!paths.ok) return paths
  if (invoice.signature === undefined) return err(missing('signature'))
  if (!isSigned(invoice, invoiceNodeId, invoice.signature)) return err({ code: 'invalid-signature' })
  return ok({
    invoice,
    nodeId: invoiceNodeId,
    paymentHash: invoicePaymentHash,
    amountMsat: invoiceAmount,
    expiresAt: expiryOf(invoiceCreatedAt, invoiceRelativeExpiry),
    paths: paths.value,
    multiPart: multiPartOf(invoice),
    fallbacks: invoiceFallbacks.filter(isWitnessProgram),
  })
}

/** The invoice as an onion message carries it. */
export const encodeBolt12Invoice = (invoice: Bolt12Invoice): Uint8Array => encodeWith(invoiceStream, invoice)

const isSigned = (invoice: Bolt12Invoice, nodeId: NodeId, signature: Signature): boolean =>
  verifyStream('invoice', encodeBolt12Invoice(invoice), signature, nodeId)

/** BOLT 12, the reader: as many costs as paths, and at least one path that asks for nothing unknown. */
const pathsOf = ({ invoicePaths, invoiceBlindedpay }: Bolt12Invoice): Result<PayableInvoice['paths'], Bolt12Error> => {
  if (invoicePaths === undefined) return err(missing('invoicePaths'))
  if (invoiceBlindedpay === undefined) return err(missing('invoiceBlindedpay'))
  if (invoiceBlindedpay.length !== invoicePaths.length) return err(invalid('invoiceBlindedpay'))
  const usable = invoicePaths.flatMap((path, at) => {
    const payinfo = invoiceBlindedpay[at]
    return payinfo === undefined || unknownEvenBit(payinfo.features) !== undefined ? [] : [{ path, payinfo }]
  })
  if (usable.length > 0) return ok(usable)
  const bit = unknownEvenBit(invoiceBlindedpay[0]?.features ?? new Uint8Array(0)) ?? 0
  return err({ code: 'unknown-even-feature', field: 'invoiceBlindedpay', bit })
}

const multiPartOf = ({ invoiceFeatures = new Uint8Array(0) }: Bolt12Invoice): PayableInvoice['multiPart'] => {
  if (hasBit(invoiceFeatures, MPP_COMPULSORY)) return 'compulsory'
  return hasBit(invoiceFeatures, MPP_OPTIONAL) ? 'optional' : 'no'
}

/** BOLT 12, the reader: other addresses are ignored. BIP 141 and 341 say how long the programs of the versions in use are. */
export const isWitnessProgram = ({ version, address: { length } }: Bolt12Fallback): boolean => {
  if (version === 0) return length === 20 || length === 32
  if (version === 1) return length === 32
  return version <= 16 && length >= 2 && length <= 40
}

/** The last time that a date can be. */
const MAX_TIME = 8.64e15

const expiryOf = (createdAt: bigint, relativeSeconds: number): TimestampMs =>
  Math.min(Number((createdAt + BigInt(relativeSeconds)) * 1000n), MAX_TIME)
