import { sha256 } from '../../crypto/hashes.ts'
import type { RouteHint } from '../../invoice/invoice.ts'
import { concat, utf8Encode } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import type { NodeId, Preimage } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import type { HopPayload } from '../../onion/hop-payload.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'
import type { BlindedRecipient } from './blinded-recipient.ts'
import type { ExpiryWindow } from './expiry-window.ts'
import { endedTrampoline, type TrampolineRecipient, trampolineEntry } from './trampoline-recipient.ts'

/** Who is paid: how it is reached, and what it is told there. */
export type Recipient = NodeRecipient | KeysendRecipient | BlindedRecipient | TrampolineRecipient

/** A node that says who it is, as an invoice of BOLT 11 does. */
export interface NodeRecipient {
  readonly type: 'node'
  readonly nodeId: NodeId
  /** Absent once the payment has ended, as are the metadata and the hints. */
  readonly paymentSecret?: Uint8Array
  readonly paymentMetadata?: Uint8Array
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly routeHints: readonly RouteHint[]
}

/** A node that has not asked for the payment (bLIP 3). */
interface KeysendRecipient {
  readonly type: 'keysend'
  readonly nodeId: NodeId
  /** Absent once the payment has ended, as are the records. */
  readonly preimage?: Preimage
  /** In increasing order of type. */
  readonly customRecords: readonly TlvRecord[]
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly routeHints: readonly RouteHint[]
}

/** The HTLC that reaches it. */
interface LastHop {
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

/** Blocks that it asks for itself; those of a blinded path are among what the path asks for. */
export const finalDeltaOf = (recipient: Recipient): BlockDelta =>
  recipient.type === 'blinded' ? 0 : recipient.minFinalCltvExpiryDelta

/** When its HTLC expires, where that is settled already: by whoever sent what we relay, or by the inner onion. */
export const windowOf = (recipient: Recipient): ExpiryWindow | undefined => {
  if (recipient.type === 'trampoline') return recipient
  return recipient.type === 'blinded' ? recipient.expires : undefined
}

/** BOLT 4: what the last hop of a part is told. */
export const finalPayload = (
  recipient: NodeRecipient | KeysendRecipient | TrampolineRecipient,
  last: LastHop,
  totalMsat: Msat,
): HopPayload => {
  const part = { type: 'final', amtToForward: last.amountMsat, outgoingCltvValue: last.cltvExpiry } as const
  switch (recipient.type) {
    case 'node': {
      const { paymentSecret, paymentMetadata } = recipient
      return {
        ...part,
        ...(paymentSecret === undefined ? {} : { paymentData: { paymentSecret, totalMsat } }),
        ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
      }
    }
    case 'keysend': {
      const { preimage, customRecords } = recipient
      return {
        ...part,
        ...(preimage === undefined ? {} : joinedBy(preimage, last, totalMsat)),
        ...(preimage === undefined ? {} : { keysendPreimage: preimage }),
        ...(customRecords.length === 0 ? {} : { unknownTlvs: customRecords }),
      }
    }
    case 'trampoline':
      return trampolineEntry(recipient, last, totalMsat)
    default:
      return assertNever(recipient, 'recipient')
  }
}

/**
 * What joins the parts of a payment without an invoice: a secret of the payer's, as the payee has made none. It comes from the preimage, which
 * nobody on the way knows before the payee does. Without one an HTLC is all there is: LND refuses one that comes alone with a secret.
 */
const joinedBy = (preimage: Preimage, { amountMsat }: LastHop, totalMsat: Msat) =>
  amountMsat >= totalMsat
    ? {}
    : { paymentData: { paymentSecret: sha256(concat(utf8Encode('keysend payment secret'), preimage)), totalMsat } }

/** What is kept of it once the payment has ended: nothing that only sending needs. */
export const withoutSecrets = (recipient: Recipient): Recipient => {
  const { nodeId } = recipient
  const kept = { nodeId, minFinalCltvExpiryDelta: finalDeltaOf(recipient), routeHints: [] }
  switch (recipient.type) {
    case 'node':
      return { type: 'node', ...kept }
    case 'keysend':
      return { type: 'keysend', ...kept, customRecords: [] }
    case 'blinded':
      return { type: 'blinded', nodeId, paths: [], ...(recipient.expires && { expires: recipient.expires }) }
    case 'trampoline':
      return endedTrampoline(recipient)
    default:
      return assertNever(recipient, 'recipient')
  }
}
