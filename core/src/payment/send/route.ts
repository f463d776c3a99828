import { relayFee } from '../../graph/relay-fee.ts'
import type { RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import { encodeHopPayload, type RelayPayload } from '../../onion/hop-payload.ts'
import { type CreateOnionFailure, createOnion, type OnionHop } from '../../onion/sphinx.ts'
import { hopsInside } from './blinded-recipient.ts'
import type { OwnChannel, PaymentTarget, Route, RouteHop } from './payment.ts'
import { finalPayload } from './recipient.ts'

/** A payment is split into no more than this. */
export const MAX_PARTS = 16

/** Blocks that we add to what the payee asks for, for those that are found while the HTLC travels. */
export const FINAL_CLTV_MARGIN = 3

/** The route over an own channel and then over the hops of a hint, reckoned from its end (BOLT 7). */
export const routeVia = (
  channel: OwnChannel,
  hints: readonly RouteHintHop[],
  destination: NodeId,
  amountMsat: Msat,
  finalExpiry: BlockHeight,
): Route => {
  const hops: RouteHop[] = []
  let next = { nodeId: destination, amountMsat: amountMsat, cltvExpiry: finalExpiry }
  for (const hint of hints.toReversed()) {
    hops.unshift({ ...next, shortChannelId: hint.shortChannelId })
    next = {
      nodeId: hint.nodeId,
      amountMsat: next.amountMsat + relayFee(hint, next.amountMsat),
      cltvExpiry: next.cltvExpiry + hint.cltvExpiryDelta,
    }
  }
  const { shortChannelId } = channel
  hops.unshift(shortChannelId === undefined ? next : { ...next, shortChannelId })
  return { channelId: channel.channelId, hops }
}

/** A hop of a route that a caller gives. */
export interface GivenHop {
  readonly nodeId: NodeId
  /** The channel into the node, or an alias of it; of the first hop one of ours. */
  readonly shortChannelId: ShortChannelId
  readonly amountMsat: Msat
  /** Blocks from now until the HTLC to the node expires. */
  readonly cltvExpiryDelta: BlockDelta
}

export type GivenRouteError =
  | { readonly code: 'channel-not-found'; readonly shortChannelId: ShortChannelId }
  /** A relay would pay out more, or later, than it receives; or the first channel does not lead to the first node. */
  | { readonly code: 'invalid-route'; readonly hop: number }

/** The route that a caller asks for, if it can be one. `channel` is ours that the first hop names. */
export const routeFromGiven = (
  given: readonly GivenHop[],
  channel: Pick<OwnChannel, 'channelId' | 'remoteNodeId'> | undefined,
  height: BlockHeight,
): Result<Route, GivenRouteError> => {
  const [first] = given
  if (first === undefined) return err({ code: 'invalid-route', hop: 0 })
  if (channel === undefined) return err({ code: 'channel-not-found', shortChannelId: first.shortChannelId })
  if (!equalBytes(channel.remoteNodeId, first.nodeId)) return err({ code: 'invalid-route', hop: 0 })
  for (const [i, hop] of given.entries()) {
    const before = given[i - 1] ?? hop
    const sound = hop.amountMsat <= before.amountMsat && hop.cltvExpiryDelta <= before.cltvExpiryDelta
    if (!sound || hop.amountMsat <= 0n || hop.cltvExpiryDelta <= 0) {
      return err({ code: 'invalid-route', hop: i })
    }
  }
  const hops = given.map(({ nodeId, shortChannelId, amountMsat, cltvExpiryDelta }) => ({
    nodeId,
    shortChannelId,
    amountMsat,
    cltvExpiry: height + cltvExpiryDelta,
  }))
  return ok({ channelId: channel.channelId, hops })
}

/** The onion of a route: BOLT 4, what each hop is told. */
export const onionFor = (
  { hops }: Route,
  { recipient, amountMsat, paymentHash }: PaymentTarget,
  sessionKey: PrivateKey,
): Result<{ readonly packet: Uint8Array; readonly sharedSecrets: readonly Uint8Array[] }, CreateOnionFailure> => {
  const last = hops.at(-1) as RouteHop
  const relays = hops.flatMap((hop, i): readonly OnionHop[] => {
    const next = hops[i + 1]
    // BOLT 4, the writer: where a blinded path begins, its own payload takes the place of a relay's.
    if (next === undefined || (next === last && recipient.type === 'blinded')) return []
    return [{ nodeId: hop.nodeId, payload: encodeHopPayload(relayTo(next)) }]
  })
  const end =
    recipient.type === 'blinded'
      ? hopsInside(recipient, last, amountMsat)
      : [{ nodeId: last.nodeId, payload: encodeHopPayload(finalPayload(recipient, last, amountMsat)) }]
  return createOnion({ sessionKey, hops: [...relays, ...end], associatedData: paymentHash })
}

const relayTo = (next: RouteHop): RelayPayload => ({
  type: 'relay',
  amtToForward: next.amountMsat,
  outgoingCltvValue: next.cltvExpiry,
  next: { type: 'channel', shortChannelId: next.shortChannelId ?? 0n },
})
