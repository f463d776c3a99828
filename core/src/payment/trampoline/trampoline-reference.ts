import type { HtlcRef, PaymentReference } from '../../channel/index.ts'
import { concat, u32be, u64be } from '../../lib/bytes.ts'

/** What our channels know an attempt of a relay by: channel and id of the relay's first incoming HTLC, and the attempt, in 44 bytes. */
export const trampolineReference = ({ channelId, htlcId }: HtlcRef, attempt: number): PaymentReference =>
  concat(channelId, u64be(htlcId), u32be(attempt))

/** Undefined if it is one of a payment of ours, which is shorter. */
export const parseTrampolineReference = (
  reference: PaymentReference,
): { readonly relay: HtlcRef; readonly attempt: number } | undefined => {
  if (reference.length !== 44) return undefined
  const view = new DataView(reference.buffer, reference.byteOffset)
  return {
    relay: { channelId: reference.slice(0, 32), htlcId: view.getBigUint64(32) },
    attempt: view.getUint32(40),
  }
}
