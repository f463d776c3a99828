import type { HintedHop } from '../../graph/paths/path-question.ts'
import { relayFee } from '../../graph/relay-fee.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId, PublicKey, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import type { PathCosts } from '../../onion/blinded-fees.ts'
import type { BlindedPathHop } from '../../onion/blinded-path.ts'
import { type BlindedPaymentPart, blindedHops } from '../../onion/blinded-payload.ts'
import type { OnionHop } from '../../onion/sphinx.ts'
import type { ExpiryWindow } from './expiry-window.ts'
import { channelsBeforePayloads } from './onion-room.ts'

/**
 * Somebody who is reached over blinded paths alone, as a payee of BOLT 12 is. A route to it ends with a hop that stands for a whole path: the
 * node is the recipient's, and the channel is the number of the path (`pathName`). So a path is to routes what a hint's hop is.
 */
export interface BlindedRecipient {
  readonly type: 'blinded'
  /** Who signed the invoice, or is meant: nothing is sent to a node of this id. */
  readonly nodeId: NodeId
  /** The payee's favourites first; none once the payment has ended. */
  readonly paths: readonly RecipientPath[]
  /** If it is relayed to by trampoline: its sender has said when. */
  readonly expires?: ExpiryWindow
}

/** A path to the recipient, and what it asks for from its first node on. */
export interface RecipientPath extends PathCosts {
  /** The node that it begins at: never ourselves. */
  readonly introductionNodeId: NodeId
  readonly firstPathKey: PublicKey
  readonly path: readonly BlindedPathHop[]
}

/** A hop of a route: see `RouteHop`. */
interface PathHop {
  readonly nodeId: NodeId
  readonly shortChannelId?: ShortChannelId
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

/** What a path is called in place of a channel. No channel has such an id: its block would be the first one. */
export const pathName = (at: number): ShortChannelId => BigInt(at)

/** The path that the last hop of a route stands for. */
const pathOf = (
  { paths }: BlindedRecipient,
  { shortChannelId = -1n }: Pick<PathHop, 'shortChannelId'>,
): RecipientPath | undefined => paths[Number(shortChannelId)]

/** The paths as hints have them: each is a hop from its first node to the recipient. */
export const pathHints = ({ paths }: BlindedRecipient): readonly (readonly HintedHop[])[] =>
  paths.map(({ introductionNodeId: nodeId, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }, at) => [
    { nodeId, shortChannelId: pathName(at), feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta },
  ])

/** Whether a path takes a part of this size. */
export const takesPart = ({ htlcMinimumMsat, htlcMaximumMsat }: PathCosts, amountMsat: Msat): boolean =>
  amountMsat >= htlcMinimumMsat && amountMsat <= htlcMaximumMsat

/** What is wrong with the end of a route to such a recipient, in words for the log. */
export const pathProblem = (
  recipient: BlindedRecipient,
  last: PathHop,
  introduction: PathHop | undefined,
): string | undefined => {
  const path = pathOf(recipient, last)
  if (path === undefined) return 'a route over a path that there is not'
  if (introduction === undefined || !equalBytes(introduction.nodeId, path.introductionNodeId))
    return 'a route to another node than the one that its path begins at'
  if (!takesPart(path, last.amountMsat)) return 'a part that its path does not take'
  // BOLT 12, the payer: what the invoice asks for the path, no less.
  if (introduction.amountMsat - last.amountMsat < relayFee(path, last.amountMsat)) return 'too small a fee for a path'
  return introduction.cltvExpiry - last.cltvExpiry < path.cltvExpiryDelta ? 'too few blocks for a path' : undefined
}

/** The onion's hops along the path that a route ends with. */
export const hopsInside = (recipient: BlindedRecipient, last: PathHop, totalAmountMsat: Msat): readonly OnionHop[] => {
  const path = pathOf(recipient, last)
  if (path === undefined) return []
  const part = { amtToForward: last.amountMsat, outgoingCltvValue: last.cltvExpiry, totalAmountMsat }
  return blindedHops(path, path.introductionNodeId, part)
}

const LARGEST_PART: BlindedPaymentPart = {
  amtToForward: 2n ** 64n - 1n,
  outgoingCltvValue: 2 ** 32 - 1,
  totalAmountMsat: 2n ** 64n - 1n,
}

/** How many channels a route may have up to a path's first node, for all of it to be in one onion; 0 if the path alone is too long. */
export const channelsBefore = (path: RecipientPath): number =>
  channelsBeforePayloads(blindedHops(path, path.introductionNodeId, LARGEST_PART).map(({ payload }) => payload))
