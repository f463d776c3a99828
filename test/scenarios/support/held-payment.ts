import { decodeInvoice } from '../../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { TestNode } from './world.ts'

/** What all parts of one payment have in common. */
export interface Parts {
  readonly paymentHash: string
  readonly paymentSecret: string
  readonly totalAmountMsat: bigint
}

/** A payment in two parts to a node that waits for both: until the second has come, it holds the first. */
export const inTwoParts = async (payee: TestNode, totalAmountMsat = 100_000_000n): Promise<Parts> => {
  const invoice = decodeInvoice(await payee.invoice(totalAmountMsat), 'regtest')
  if (!invoice.ok || invoice.value.paymentSecret === undefined) throw new Error('no invoice')
  const { paymentHash, paymentSecret } = invoice.value
  return { paymentHash: toHex(paymentHash), paymentSecret: toHex(paymentSecret), totalAmountMsat }
}

/** Blocks until the HTLC of each hop expires: as much apart as a node of ours asks for. */
export const EXPIRIES = { incoming: 120, outgoing: 40 }

/** Sends one of two parts over given nodes, the payee last, by the first channel with each; its outcome is not waited for. */
export const sendPart = async (parts: Parts, from: TestNode, ...over: readonly TestNode[]) => {
  const amountMsat = parts.totalAmountMsat / 2n
  const hops: object[] = []
  let before = from
  for (const [at, node] of over.entries()) {
    const { items } = await before.ask('channels', 'list', { peer: node.id })
    const isLast = at === over.length - 1
    hops.push({
      nodeId: node.id,
      shortChannelId: items[0]?.shortChannelId,
      amountMsat: isLast ? amountMsat : amountMsat + amountMsat / 100n + 2_000n,
      cltvExpiryDelta: isLast ? EXPIRIES.outgoing : EXPIRIES.incoming,
    })
    before = node
  }
  // Wrapped: a promise inside a promise would be waited for here.
  return { outcome: from.tryAsk('payments', 'sendToRoute', { ...parts, route: hops }) }
}

export const inFlight = async (node: TestNode, channelId: string): Promise<number> =>
  (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight

export const stateOf = async (node: TestNode, channelId: string): Promise<string> =>
  (await node.ask('channels', 'get', { channelId })).channel.state
