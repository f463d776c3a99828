import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { RouteHop } from './payments.ts'
import { Count, Flag, integer, Msat, Name, NodeId, Page, Ppm, page, ShortChannelId, Timestamp } from './scalars.ts'

const FoundRoute = named(
  'FoundRoute',
  'A way for one part of a payment, with what it costs and how likely it works.',
  z.object({
    hops: field(z.array(RouteHop).readonly(), {
      summary: 'From the first peer to the destination, as `payments.sendToRoute` takes them.',
    }),
    amountMsat: field(Msat, { summary: 'What arrives.' }),
    feesMsat: field(Msat, { summary: 'What the relays on the way charge.' }),
    cltvExpiryDelta: integer(0, 2016, 'Blocks until the first HTLC expires: how long the money may be held up.'),
    probability: field(Ppm, { summary: 'That it arrives, in parts per million, by what is known of the channels.' }),
    hopProbabilities: field(z.array(Ppm).readonly(), {
      summary: 'For each hop, that the channel into it carries its HTLC.',
    }),
  }),
)

/** In one table. */
const MAX_WEIGHTS = 2_000

const weighed = {
  nodeId: field(NodeId, { summary: 'All channels into this node.' }).optional(),
  shortChannelId: field(ShortChannelId, { summary: 'Instead of a node: this channel.' }).optional(),
  from: field(NodeId, { summary: 'Of the channel, only the direction in which this node sends.' }).optional(),
  costPpm: integer(
    1_000,
    1_000_000_000,
    'What its cost is multiplied by, in parts per million: less than 1,000,000 to prefer it, more to avoid it.',
  ),
}

const EdgeWeight = named(
  'EdgeWeight',
  'How much a channel, one direction of it, or all channels into a node are to be preferred or avoided.',
  z.strictObject(weighed),
)

const SetWeight = named(
  'SetWeight',
  'A weight that searches heed now.',
  z.object({
    plugin: field(Name, { summary: 'Who has set it; the operator if not said.' }).optional(),
    setAt: Timestamp,
    ...weighed,
  }),
)

const { maxFee, route } = DEFAULTS

export const router = actor('router', 'The ways through the network.', {
  findRoutes: query({
    summary:
      'Finds the routes that a payment would take now, over channels of this node and its graph: the cheapest, with the chance of a failure counted as a cost. Nothing is sent.',
    request: z.strictObject({
      nodeId: field(NodeId, { summary: 'The destination.' }),
      amountMsat: field(Msat, { summary: 'What is to arrive, all parts together.' }),
      maxFeeMsat: field(Msat, {
        summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
      }).optional(),
      maxParts: integer(1, 16, `Routes at most; ${route.parts} if not said.`).optional(),
      maxHops: integer(1, 20, `Channels in a route at most; ${route.hops} if not said.`).optional(),
      maxCltvExpiryDelta: integer(
        1,
        2016,
        `Blocks until the first HTLC expires, at most; ${route.cltvExpiryDelta} if not said.`,
      ).optional(),
      finalCltvExpiryDelta: integer(
        1,
        2016,
        `Blocks that the destination has until the last HTLC expires, as its invoice says it; ${route.finalCltvExpiryDelta} if not said.`,
      ).optional(),
      excludedNodes: field(z.array(NodeId).max(100).readonly(), { summary: 'Not through these.' }).optional(),
      excludedChannels: field(z.array(ShortChannelId).max(100).readonly(), { summary: 'Not over these.' }).optional(),
    }),
    reply: z.object({
      routes: z.array(FoundRoute).readonly(),
      feesMsat: field(Msat, { summary: 'Of all routes together.' }),
      probability: field(Ppm, { summary: 'That all parts arrive, in parts per million.' }),
      excluded: field(z.object({ nodes: Count, directions: Count }), {
        summary: 'How many nodes of the graph, and directions of channels, were not considered.',
      }),
    }),
    errors: ['insufficient-balance', 'no-route', 'fee-limit-exceeded', 'expiry-too-far', 'route-search-failed'],
    positional: ['nodeId', 'amountMsat'],
  }),
  setWeights: command({
    summary:
      "Sets the caller's table of weights in place of the one before: what searches for routes prefer and avoid from now on. Weights of one channel, of all tables, are multiplied, and the product is kept between a thousandth and a thousand times the cost: it never closes a channel. A plugin's table goes when its run ends.",
    request: z.strictObject({
      weights: field(z.array(EdgeWeight).max(MAX_WEIGHTS).readonly(), { summary: 'Nothing twice.' }),
    }),
    reply: z.object({ weights: Count }),
    effects: [],
  }),
  clearWeights: command({
    summary: 'Removes a table of weights.',
    request: z.strictObject({
      plugin: field(Name, {
        summary: "Whose; the caller's own if not said. A plugin clears its own alone.",
      }).optional(),
    }),
    reply: z.object({ cleared: field(Flag, { summary: 'Whether there was one.' }) }),
    effects: [],
    positional: ['plugin'],
  }),
  weights: query({
    summary: 'The weights that searches for routes heed now, table by table, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(SetWeight),
    access: 'operator',
  }),
})
