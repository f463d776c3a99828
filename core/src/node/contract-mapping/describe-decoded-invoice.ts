import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { scriptToAddress } from '../../bitcoin/address.ts'
import type { Network } from '../../bitcoin/network.ts'
import { scriptOfFallback } from '../../invoice/fallback-address.ts'
import type { Invoice } from '../../invoice/invoice.ts'
import { toHex } from '../../lib/bytes.ts'
import { formatShortChannelId } from '../../lib/ids.ts'

/** An invoice of anybody in the contract's form. */
export const describeDecodedInvoice = (
  invoice: Invoice,
  network: Network,
): ReplyOf<'invoices', 'decode'>['invoice'] => {
  const { amountMsat, description, descriptionHash, timestamp, expirySeconds } = invoice
  return {
    paymentHash: toHex(invoice.paymentHash),
    payeeNodeId: toHex(invoice.payeeNodeId),
    ...(amountMsat === undefined ? {} : { amountMsat }),
    ...(description === undefined ? {} : { description }),
    ...(descriptionHash === undefined ? {} : { descriptionHash: toHex(descriptionHash) }),
    createdAt: timestamp * 1_000,
    expiresAt: (timestamp + expirySeconds) * 1_000,
    minFinalCltvExpiryDelta: invoice.minFinalCltvExpiryDelta,
    fallbackAddresses: invoice.fallbackAddresses.flatMap(
      (fallback) => scriptToAddress(scriptOfFallback(fallback), network) ?? [],
    ),
    routeHints: invoice.routeHints.map((hops) =>
      hops.map(({ nodeId, shortChannelId, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }) => ({
        nodeId: toHex(nodeId),
        shortChannelId: formatShortChannelId(shortChannelId),
        feeBaseMsat: BigInt(feeBaseMsat),
        feeProportionalMillionths,
        cltvExpiryDelta,
      })),
    ),
  }
}
