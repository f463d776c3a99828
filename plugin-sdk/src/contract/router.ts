import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { GivenRoute, RouteHop } from './payments.ts'
import { Probe, ProbeUnderWay } from './probes.ts'
import { EdgeWeight, maxParts, routeWishes, weighed } from './route-wishes.ts'
import { Count, Flag, integer, Msat, Name, NodeId, Page, Ppm, page, Timestamp } from './scalars.ts'

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
    probability: field(Ppm, {
      summary:
        'That it arrives, in parts per million, by what is known of the channels: 0 where a payment would try it all the same, since nothing else is left.',
    }),
    hopProbabilities: field(z.array(Ppm).readonly(), {
      summary: 'For each hop, that the channel into it carries its HTLC.',
    }),
  }),
)

/** In one table. */
const MAX_WEIGHTS = 2_000

const SetWeight = named(
  'SetWeight',
  'A weight that searches heed now.',
  z.object({
    plugin: field(Name, { summary: 'Who has set it; the operator if not said.' }).optional(),
    setAt: Timestamp,
    ...weighed,
  }),
)

const Excluded = named(
  'Excluded',
  'What of the graph was left out of a search, and why. A direction of a channel counts once, for the first reason that applies.',
  z.object({
    nodes: field(Count, {
      summary: 'Nodes that were asked not to be gone through; and this node, where a route begins.',
    }),
    directions: field(Count, { summary: 'Directions of channels that were asked not to be gone over.' }),
    beside: field(Count, { summary: 'Directions of other channels of those nodes.' }),
    closed: field(Count, { summary: 'Directions that their node has switched off, or says nothing of.' }),
    amount: field(Count, { summary: 'Those that do not take an HTLC of this amount.' }),
    probability: field(Count, { summary: 'Those that payments have shown to carry less now.' }),
    fee: field(Count, { summary: 'Those that charge more than `maxFeeMsat` by themselves.' }),
    delay: field(Count, { summary: 'Those that ask for more blocks than `maxCltvExpiryDelta` leaves.' }),
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
      maxParts: maxParts(`${route.parts}`),
      finalCltvExpiryDelta: integer(
        1,
        2016,
        `Blocks that the destination has until the last HTLC expires, as its invoice says it; ${route.finalCltvExpiryDelta} if not said.`,
      ).optional(),
      ...routeWishes,
    }),
    reply: z.object({
      routes: z.array(FoundRoute).readonly(),
      feesMsat: field(Msat, { summary: 'Of all routes together.' }),
      probability: field(Ppm, { summary: 'That all parts arrive, in parts per million.' }),
      excluded: Excluded,
    }),
    errors: ['insufficient-balance', 'no-route', 'fee-limit-exceeded', 'expiry-too-far', 'route-search-failed'],
    positional: ['nodeId', 'amountMsat'],
  }),
  probe: command({
    summary:
      'Tries whether an amount gets through: sends HTLCs with a random hash, which nobody can claim, over the routes that a payment would take now, or over given ones. Nothing is paid. Answers when all have come back; what they show is learnt.',
    request: z.strictObject({
      nodeId: field(NodeId, { summary: 'The destination; not where the route is given.' }).optional(),
      amountMsat: field(Msat, {
        summary: 'What would arrive, all parts together; not where the route is given.',
      }).optional(),
      maxFeeMsat: field(Msat, {
        summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
      }).optional(),
      maxParts: maxParts(`${route.parts}`),
      finalCltvExpiryDelta: integer(
        1,
        2016,
        `Blocks that the destination has until the last HTLC expires; ${route.finalCltvExpiryDelta} if not said.`,
      ).optional(),
      ...routeWishes,
      route: field(GivenRoute, { summary: 'Exactly this way, from the first peer to the destination.' }).optional(),
      moreRoutes: field(z.array(GivenRoute).min(1).max(15).readonly(), {
        summary: 'Of further parts, all to the same destination.',
      }).optional(),
    }),
    reply: z.object({ probe: Probe }),
    errors: [
      'channel-not-found',
      'invalid-route',
      'too-many-probes',
      'insufficient-balance',
      'no-route',
      'fee-limit-exceeded',
      'expiry-too-far',
      'route-search-failed',
    ],
    effects: ['locks'],
    bounds: ['amountMsat', 'maxFeeMsat'],
    counted: ['route', 'moreRoutes'],
    positional: ['nodeId', 'amountMsat'],
  }),
  probes: query({
    summary: 'The probes of which something is still out, the newest first, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(ProbeUnderWay),
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
