import { type FoundPath, MAX_HOPS, type PathQuestion } from '../../graph/paths/path-question.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import {
  type BlindedRecipient,
  channelsBefore,
  pathName,
  type RecipientPath,
} from '../../payment/send/blinded-recipient.ts'
import type { HopName, Lessons } from '../../payment/send/lessons.ts'
import type { RouteHop } from '../../payment/send/payment.ts'
import type { Recipient } from '../../payment/send/recipient.ts'
import { channelsBeforeTrampoline } from '../../payment/send/trampoline-recipient.ts'

/**
 * What no path goes over. Whoever garbled a failure is somewhere on the way: the first relay of it is left out. How much less than it refused
 * a channel of the graph carries was learnt, and of others nothing is.
 */
export const excludedHops = (
  { hops, refused, ways }: Lessons,
  isKnown: (shortChannelId: ShortChannelId) => boolean,
): readonly HopName[] => [
  ...hops,
  ...refused.filter(({ shortChannelId }) => !isKnown(shortChannelId)),
  ...ways.flatMap((way) => way.hops.slice(0, 1)),
]

/** Where a search is to lead: to a node, or to where one of the recipient's paths begins that has not failed. */
export const pathTarget = (recipient: Recipient, excluded: readonly HopName[]): PathQuestion['target'] =>
  recipient.type === 'blinded'
    ? { type: 'blinded', ways: openPaths(recipient, excluded).map(({ path }) => path) }
    : { type: 'node', nodeId: recipient.nodeId, hints: recipient.routeHints }

/** How many channels a path may have, for its onion to have room for it. */
export const mostChannels = (recipient: Recipient): number => {
  switch (recipient.type) {
    case 'blinded':
      return Math.min(MAX_HOPS, ...recipient.paths.map(channelsBefore))
    case 'trampoline':
      return Math.min(MAX_HOPS, channelsBeforeTrampoline(recipient))
    case 'node':
    case 'keysend':
      return MAX_HOPS
  }
}

/** The hop that stands for the blinded path behind what was found. */
export const lastHopInside = (
  recipient: Recipient,
  excluded: readonly HopName[],
  { blindedWay, amountMsat }: FoundPath,
  introductionExpiry: BlockHeight,
): RouteHop | undefined => {
  if (recipient.type !== 'blinded' || blindedWay === undefined) return undefined
  const taken = openPaths(recipient, excluded)[blindedWay]
  if (taken === undefined) return undefined
  const { at, path } = taken
  const cltvExpiry = introductionExpiry - path.cltvExpiryDelta
  return { nodeId: recipient.nodeId, shortChannelId: pathName(at), amountMsat, cltvExpiry }
}

const openPaths = (
  { paths }: BlindedRecipient,
  excluded: readonly HopName[],
): readonly { readonly at: number; readonly path: RecipientPath }[] =>
  paths.flatMap((path, at) =>
    excluded.some(
      ({ nodeId, shortChannelId }) => shortChannelId === pathName(at) && equalBytes(nodeId, path.introductionNodeId),
    )
      ? []
      : [{ at, path }],
  )
