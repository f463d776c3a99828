import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { field, named } from './field.ts'
import { integer, NodeId, ShortChannelId } from './scalars.ts'

export const weighed = {
  nodeId: field(NodeId, { summary: 'All channels into this node.' }).optional(),
  shortChannelId: field(ShortChannelId, { summary: 'Instead of a node: this channel.' }).optional(),
  from: field(NodeId, { summary: 'Of the channel, only the direction in which this node sends.' }).optional(),
  costPpm: integer(
    1_000,
    1_000_000_000,
    'What its cost is multiplied by, in parts per million: less than 1,000,000 to prefer it, more to avoid it.',
  ),
}

export const EdgeWeight = named(
  'EdgeWeight',
  'How much a channel, one direction of it, or all channels into a node are to be preferred or avoided.',
  z.strictObject(weighed),
)

/** Of nodes, channels and weights in one request. */
const MOST = 100

const { route } = DEFAULTS

/** What whoever asks may want of the routes, wherever routes are searched for. */
export const routeWishes = {
  maxHops: integer(1, 20, `Channels in a route at most; ${route.hops} if not said.`).optional(),
  maxCltvExpiryDelta: integer(
    1,
    2016,
    `Blocks until the first HTLC expires, at most; ${route.cltvExpiryDelta} if not said.`,
  ).optional(),
  excludedNodes: field(z.array(NodeId).max(MOST).readonly(), { summary: 'Not through these.' }).optional(),
  excludedChannels: field(z.array(ShortChannelId).max(MOST).readonly(), {
    summary: 'Not over these: each by any id that it has when it is asked.',
  }).optional(),
  weights: field(z.array(EdgeWeight).max(MOST).readonly(), {
    summary: 'What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice.',
  }).optional(),
}

/** Several routes at once, where the destination takes parts. */
export const maxParts = (otherwise: string) =>
  integer(1, 16, `Parts at the same time at most; ${otherwise} if not said.`).optional()
