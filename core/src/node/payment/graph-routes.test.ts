import test from 'ava'
import { nodeId, type SmallChannel, worldOf } from '../../graph/fixtures/small-graph.ts'
import { PathFinder } from '../../graph/paths/find-paths.ts'
import type { LiquidityBook, Observation } from '../../graph/paths/liquidity.ts'
import type { PathQuestion } from '../../graph/paths/path-question.ts'
import { fromHex } from '../../lib/bytes.ts'
import { ownChannels } from '../../payment/fixtures/own-channels.ts'
import type { Attempt, OwnChannel, Route } from '../../payment/send/payment.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import { NO_WISHES } from '../../payment/send/route-wishes.ts'
import type { RouteWishes } from '../../payment/send/wishes.ts'
import { GraphRoutes, type NetworkPaths } from './graph-routes.ts'

const [US, BOB, CAROL, DAVE] = [0, 1, 2, 3]
const HEIGHT = 800_000
const STARTED = 3

const own = (number: number, peer: number, spendableMsat: bigint): OwnChannel => ({
  channelId: new Uint8Array(32).fill(number),
  remoteNodeId: nodeId(peer),
  shortChannelId: BigInt(number),
  spendableMsat,
  affordableMsat: spendableMsat,
  htlcMinimumMsat: 1n,
})

const refusal = (shortChannelId: bigint): Observation => ({
  shortChannelId,
  direction: 0,
  amountMsat: 10n,
  capacityMsat: 1_000_000_000n,
  outcome: 'refused',
})

const rig = (
  channels: readonly SmallChannel[],
  mine: readonly OwnChannel[] = [own(1, BOB as number, 900_000n)],
  teach: (book: LiquidityBook) => void = () => {},
  search?: NetworkPaths['find'],
) => {
  const asked: PathQuestion[] = []
  const learnt: Observation[] = []
  const logged: string[] = []
  const finder = new PathFinder()
  const world = worldOf(channels)
  teach(world.liquidity)
  const routes = new GraphRoutes({
    nodeId: nodeId(US as number),
    channels: { ...ownChannels(mine), all: () => mine },
    graph: {
      isEmpty: () => channels.length === 0,
      capacityMsat: (id) => (channels.some(({ scid }) => scid === id) ? 1_000_000_000n : undefined),
      find: async (question) => {
        asked.push(question)
        return search?.(question) ?? finder.find(question, world)
      },
      hasLearntBefore: (time) => world.liquidity.hasBefore(time),
      learn: (observations) => void learnt.push(...observations),
    },
    clock: { now: () => 5 },
    log: { error: (event) => void logged.push(event) },
  })
  return { routes, asked, learnt, logged }
}

const question = (to: number, change: Partial<RouteQuestion> = {}): RouteQuestion => ({
  id: 1,
  startedAt: STARTED,
  target: {
    recipient: { type: 'node', nodeId: nodeId(to), minFinalCltvExpiryDelta: 18, routeHints: [] },
    paymentHash: new Uint8Array(32),
    amountMsat: 100_000n,
    multiPart: false,
  },
  remainingMsat: 100_000n,
  feeBudgetMsat: 50_000n,
  maxParts: 1,
  offered: [],
  underWay: [],
  lessons: { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] },
  height: HEIGHT,
  shadowDelta: 7,
  ...change,
})

const CHAIN: readonly SmallChannel[] = [
  { scid: 10n, between: [BOB as number, CAROL as number] },
  { scid: 20n, between: [CAROL as number, DAVE as number] },
]

const routesOf = async (found: FoundRoutes | Promise<FoundRoutes>): Promise<readonly Route[]> => {
  const answer = await found
  if (!answer.ok) throw new Error(answer.error.code)
  return answer.value
}

test('routes — our own channels and hints are answered at once, and the graph is not asked', (t) => {
  const { routes, asked } = rig(CHAIN)
  const found = routes.find(question(BOB as number))
  t.false(found instanceof Promise)
  t.like(found, { ok: true })
  t.deepEqual(asked, [])
})

test('routes — whoever is further away is found over the graph, with all fees and expiries', async (t) => {
  const { routes } = rig(CHAIN)
  const [route] = await routesOf(routes.find(question(DAVE as number)))
  t.deepEqual(route?.channelId, new Uint8Array(32).fill(1))
  t.deepEqual(
    route?.hops.map(({ nodeId, ...hop }) => [nodeId[32], hop]),
    [
      [BOB, { shortChannelId: 1n, amountMsat: 102_000n, cltvExpiry: HEIGHT + 18 + 3 + 7 + 20 }],
      [CAROL, { shortChannelId: 10n, amountMsat: 101_000n, cltvExpiry: HEIGHT + 18 + 3 + 7 + 10 }],
      [DAVE, { shortChannelId: 20n, amountMsat: 100_000n, cltvExpiry: HEIGHT + 18 + 3 + 7 }],
    ],
  )
})

test('routes — without a graph, and where it does not lead either, the answer is that of our own channels', async (t) => {
  t.deepEqual(await rig([]).routes.find(question(DAVE as number)), { ok: false, error: { code: 'no-route' } })
  t.deepEqual(await rig(CHAIN).routes.find(question(9)), { ok: false, error: { code: 'no-route' } })
  const poor = rig(CHAIN, [own(1, BOB as number, 50_000n)])
  t.deepEqual(await poor.routes.find(question(BOB as number)), { ok: false, error: { code: 'insufficient-balance' } })
  t.deepEqual(await poor.routes.find(question(DAVE as number)), { ok: false, error: { code: 'insufficient-balance' } })
})

test('routes — blocks that only hide who is paid are left out where the way takes too long with them', async (t) => {
  const long = CHAIN.map((each) => ({
    ...each,
    policies: [{ cltvExpiryDelta: 995 }, { cltvExpiryDelta: 995 }] as const,
  }))
  const [route] = await routesOf(rig(long).routes.find(question(DAVE as number)))
  t.is(route?.hops[0]?.cltvExpiry, HEIGHT + 21 + 2 * 995)
})

test('routes — what the payment has learnt is asked for: what failed is left out, what is offered is gone, what was corrected counts', async (t) => {
  const { routes, asked } = rig(CHAIN, [own(1, BOB as number, 900_000n), own(2, CAROL as number, 900_000n)])
  const hop = { nodeId: nodeId(CAROL as number), shortChannelId: 20n }
  await routes.find(
    question(DAVE as number, {
      offered: [{ channelId: new Uint8Array(32).fill(1), amountMsat: 850_000n }],
      lessons: {
        channels: [new Uint8Array(32).fill(2)],
        nodes: [nodeId(7)],
        hops: [hop],
        refused: [],
        ways: [
          { channelId: new Uint8Array(32).fill(3), hops: [{ nodeId: nodeId(BOB as number), shortChannelId: 10n }] },
        ],
        corrections: [{ ...hop, feeBaseMsat: 5, feeProportionalMillionths: 6, cltvExpiryDelta: 7 }],
      },
    }),
  )
  const [first] = asked
  t.deepEqual(
    first?.ownChannels?.map(({ shortChannelId, spendableMsat }) => [shortChannelId, spendableMsat]),
    [[1n, 50_000n]],
  )
  t.deepEqual(first?.excludedNodes, [nodeId(7)])
  t.deepEqual(first?.excludedChannels, [
    { shortChannelId: 20n, from: nodeId(CAROL as number) },
    { shortChannelId: 10n, from: nodeId(BOB as number) },
  ])
  t.like(first?.corrections[0], { feeBaseMsat: 5 })
})

test('BOLT 4, receiving failure codes — an update in a failure counts for its payment alone', async (t) => {
  const { routes, learnt } = rig(CHAIN)
  const corrections = [
    {
      nodeId: nodeId(CAROL as number),
      shortChannelId: 20n,
      feeBaseMsat: 7_000,
      feeProportionalMillionths: 0,
      cltvExpiryDelta: 99,
    },
  ]
  const feesOf = async (asked: RouteQuestion): Promise<bigint> => {
    const [route] = await routesOf(routes.find(asked))
    return (route?.hops[0]?.amountMsat ?? 0n) - asked.remainingMsat
  }
  const before = await feesOf(question(DAVE as number))
  const { lessons } = question(DAVE as number)
  t.true((await feesOf(question(DAVE as number, { lessons: { ...lessons, corrections } }))) > before + 5_000n)
  t.is(await feesOf(question(DAVE as number)), before)
  t.deepEqual(learnt, [])
})

test('routes — an attempt that failed has shown what the channels before the failure carry, and what the next one does not', async (t) => {
  const { routes, learnt } = rig(CHAIN)
  const [route] = await routesOf(routes.find(question(DAVE as number)))
  if (route === undefined) return t.fail()
  const attempt = (change: Partial<Attempt>): Attempt => ({
    id: 1,
    route,
    sessionKey: fromHex(''),
    startedAt: 1,
    status: 'failed',
    ...change,
  })
  const ended = (attempts: readonly Attempt[]) => routes.learn(attempts, [])
  ended([
    attempt({
      failure: { type: 'remote', hop: 1, message: { type: 'temporary_channel_failure' } },
    }),
  ])
  t.deepEqual(
    learnt
      .splice(0)
      .map(({ shortChannelId, direction, amountMsat, outcome }) => [shortChannelId, direction, amountMsat, outcome]),
    [
      [10n, 0, 101_000n, 'carried'],
      [20n, 0, 100_000n, 'refused'],
    ],
  )
  ended([attempt({ status: 'settled' })])
  t.deepEqual(
    learnt.splice(0).map(({ shortChannelId, outcome }) => [shortChannelId, outcome]),
    [
      [10n, 'settled'],
      [20n, 'settled'],
    ],
  )
  const unreadable = { type: 'unreadable' } as const
  const fromPeer = attempt({ failure: unreadable, attribution: { holdTimes: [], brokenAt: 0 } })
  ended([attempt({ failure: { type: 'local', error: 'x' } }), attempt({ failure: unreadable }), fromPeer])
  t.deepEqual(learnt, [])
  ended([attempt({ failure: unreadable, attribution: { holdTimes: [1, 2], brokenAt: 2 } })])
  t.deepEqual(
    learnt.splice(0).map(({ shortChannelId, outcome }) => [shortChannelId, outcome]),
    [
      [10n, 'carried'],
      [20n, 'refused'],
    ],
    'one end of that channel has changed what came back',
  )
})

test('routes — what is under way takes room, and what a channel refused came on top of it: less may get through, once', async (t) => {
  const { routes, asked, learnt } = rig(CHAIN)
  const [route] = await routesOf(routes.find(question(DAVE as number)))
  if (route === undefined) return t.fail()
  const hop = { nodeId: nodeId(CAROL as number), shortChannelId: 20n }
  const { lessons } = question(DAVE as number)
  await routes.find(question(DAVE as number, { underWay: [route], lessons: { ...lessons, refused: [hop] } }))
  t.deepEqual(asked[1]?.inFlight, [
    { from: nodeId(BOB as number), shortChannelId: 10n, amountMsat: 101_000n },
    { from: nodeId(CAROL as number), shortChannelId: 20n, amountMsat: 100_000n },
  ])
  t.deepEqual(asked[1]?.excludedChannels, [])
  // Nothing is learnt of a channel that the graph does not know.
  const hinted = { ...hop, shortChannelId: 99n }
  await routes.find(question(DAVE as number, { lessons: { ...lessons, refused: [hinted] } }))
  t.deepEqual(asked[2]?.excludedChannels, [{ shortChannelId: 99n, from: nodeId(CAROL as number) }])
  const failure = { type: 'remote', hop: 1, message: { type: 'temporary_channel_failure' } } as const
  routes.learn([{ id: 1, route, sessionKey: fromHex(''), startedAt: 1, status: 'failed', failure }], [route])
  t.deepEqual(
    learnt.map(({ shortChannelId, amountMsat, outcome }) => [shortChannelId, amountMsat, outcome]),
    [
      [10n, 101_000n, 'carried'],
      [20n, 200_000n, 'refused'],
    ],
  )
})

test('routes — where nothing is left by what earlier payments met with, a payment tries for itself', async (t) => {
  const { routes, asked } = rig(CHAIN, [own(1, BOB as number, 900_000n)], (book) => {
    book.learn(refusal(20n), STARTED - 1)
  })
  t.is((await routesOf(routes.find(question(DAVE as number)))).length, 1)
  t.deepEqual(
    asked.map(({ learntSince }) => learntSince),
    [undefined, STARTED],
  )
  const own20 = rig(CHAIN, [own(1, BOB as number, 900_000n)], (book) => book.learn(refusal(20n), STARTED))
  t.deepEqual(await own20.routes.find(question(DAVE as number)), { ok: false, error: { code: 'no-route' } })
  t.is(own20.asked.length, 1)
})

test('routes — a payment tries for itself too where what earlier ones met with leaves ways that cost, or take, too much', async (t) => {
  const dear: readonly SmallChannel[] = [
    ...CHAIN,
    { scid: 30n, between: [CAROL as number, DAVE as number], policies: [{ feeBaseMsat: 60_000 }, {}] },
  ]
  const far: readonly SmallChannel[] = [
    ...CHAIN.map((each) => ({ ...each, policies: [{ cltvExpiryDelta: 995 }, {}] as const })),
    { scid: 30n, between: [CAROL as number, DAVE as number], policies: [{ cltvExpiryDelta: 1_990 }, {}] },
  ]
  const over20 = async (channels: readonly SmallChannel[]) => {
    const { routes, asked } = rig(channels, [own(1, BOB as number, 900_000n)], (book) => {
      book.learn(refusal(20n), STARTED - 1)
    })
    const [route] = await routesOf(routes.find(question(DAVE as number)))
    t.is(route?.hops.at(-1)?.shortChannelId, 20n)
    return asked
  }
  t.is((await over20(dear)).length, 2)
  const asked = await over20(far)
  t.deepEqual(
    asked.map(({ finalCltvExpiryDelta, learntSince }) => [finalCltvExpiryDelta, learntSince]),
    [
      [28, undefined],
      [21, undefined],
      [21, STARTED],
    ],
  )
  // Where what was learnt hides the way that the usual blocks leave, they are tried in the search anew.
  const hidden = far.slice(0, -1)
  t.deepEqual(
    (await over20(hidden)).map(({ finalCltvExpiryDelta, learntSince }) => [finalCltvExpiryDelta, learntSince]),
    [
      [28, undefined],
      [28, STARTED],
      [21, STARTED],
    ],
  )
})

test('routes — who looks for the ways of a payment is shown those that one would try by itself', async (t) => {
  const { routes } = rig(CHAIN, [own(1, BOB as number, 900_000n)], (book) => book.learn(refusal(20n), STARTED))
  const { excludedChannels, excludedNodes, maxHops, maxCltvExpiryDelta } = NO_WISHES
  const looked = await routes.look({
    target: { type: 'node', nodeId: nodeId(DAVE as number), hints: [] },
    amountMsat: 100_000n,
    maxFeeMsat: 50_000n,
    finalCltvExpiryDelta: 18,
    maxParts: 1,
    maxHops,
    maxCltvExpiryDelta,
    excludedNodes,
    excludedChannels: excludedChannels.map((shortChannelId) => ({ shortChannelId })),
  })
  t.like(looked, { ok: true, value: { paths: { length: 1 }, probability: 0 } })
  if (looked.ok)
    t.deepEqual(
      looked.value.paths[0]?.hops.map(({ probability }) => probability > 0),
      [true, true, false],
    )
})

test('routes — a payment goes in several parts over one channel of ours, which pays for the weight of each', async (t) => {
  const wide: readonly SmallChannel[] = [
    { scid: 10n, between: [BOB as number, CAROL as number], capacitySat: 600n },
    { scid: 20n, between: [CAROL as number, DAVE as number], capacitySat: 600n },
    { scid: 30n, between: [BOB as number, 4], capacitySat: 600n },
    { scid: 40n, between: [4, DAVE as number], capacitySat: 600n },
  ]
  const { routes } = rig(wide, [own(1, BOB as number, 1_500_000n)])
  const asked = question(DAVE as number, { remainingMsat: 800_000n })
  const parts = await routesOf(
    routes.find({ ...asked, maxParts: 16, target: { ...asked.target, amountMsat: 800_000n, multiPart: true } }),
  )
  t.is(parts.length, 2)
})

test('routes — a blinded recipient is found where one of its paths begins, over the graph, and a path that has failed is left out', async (t) => {
  const { routes, asked } = rig(CHAIN)
  const costs = { feeBaseMsat: 3_000, feeProportionalMillionths: 0, cltvExpiryDelta: 50 }
  const hop = { blindedNodeId: nodeId(8), encryptedRecipientData: new Uint8Array(50) }
  const path = (beginsAt: number) => ({
    ...costs,
    introductionNodeId: nodeId(beginsAt),
    firstPathKey: nodeId(9),
    path: [hop, hop],
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 500_000n,
  })
  const { target } = question(DAVE as number)
  const recipient = {
    type: 'blinded',
    nodeId: nodeId(9),
    paths: [path(CAROL as number), path(DAVE as number)],
  } as const
  const blinded = question(DAVE as number, { target: { ...target, recipient } })
  const find = async (hops: RouteQuestion['lessons']['hops']) => {
    const [route] = await routesOf(routes.find({ ...blinded, lessons: { ...blinded.lessons, hops } }))
    return route?.hops.map(({ nodeId: id, ...each }) => [id[32], each])
  }
  const last = { amountMsat: 100_000n, cltvExpiry: HEIGHT + 3 + 7 }
  t.deepEqual(await find([]), [
    [BOB, { shortChannelId: 1n, amountMsat: 104_000n, cltvExpiry: last.cltvExpiry + 50 + 10 }],
    [CAROL, { shortChannelId: 10n, amountMsat: 103_000n, cltvExpiry: last.cltvExpiry + 50 }],
    [9, { shortChannelId: 0n, ...last }],
  ])
  t.is(asked[0]?.maxHops, 19)
  const further = await find([{ nodeId: nodeId(CAROL as number), shortChannelId: 0n }])
  t.deepEqual(further?.at(-1), [9, { shortChannelId: 1n, ...last }])
  t.is(further?.length, 4)
})

const PAIR: readonly SmallChannel[] = [
  { scid: 10n, between: [BOB as number, DAVE as number] },
  { scid: 11n, between: [CAROL as number, DAVE as number], policies: [{ feeBaseMsat: 9_000 }, {}] },
]
const TWO_PEERS = [own(1, BOB as number, 900_000n), own(2, CAROL as number, 900_000n)]

const wanting = (to: number, wishes: Partial<RouteWishes>): RouteQuestion => {
  const asked = question(to)
  return { ...asked, target: { ...asked.target, wishes: { ...NO_WISHES, ...wishes } } }
}

test('routes — what the payer excludes is gone over neither near nor far', async (t) => {
  const { routes, asked } = rig(PAIR, TWO_PEERS)
  const over = async (wishes: Partial<RouteWishes>) => {
    const found = await routes.find(wanting(DAVE as number, wishes))
    return found.ok ? found.value.map(({ hops }) => hops.map(({ shortChannelId }) => shortChannelId)) : found.error.code
  }
  t.deepEqual(await over({}), [[1n, 10n]])
  for (const wishes of [
    { excludedNodes: [nodeId(BOB as number)] },
    { excludedChannels: [10n] },
    { excludedChannels: [1n] },
    { weights: [{ nodeId: nodeId(BOB as number), factor: 1_000 }] },
  ])
    t.deepEqual(await over(wishes), [[2n, 11n]])
  t.is(await over({ excludedChannels: [10n], excludedNodes: [nodeId(CAROL as number)] }), 'no-route')
  t.is(await over({ maxHops: 1 }), 'no-route')
  t.is(await over({ maxCltvExpiryDelta: 30 }), 'expiry-too-far')
  t.is(await over({ maxCltvExpiryDelta: 20 }), 'expiry-too-far', 'less than the recipient asks for')
  t.like(asked.at(-1), { maxCltvExpiryDelta: 30, maxHops: 20 })

  const near = async (wishes: Partial<RouteWishes>) => routes.find(wanting(BOB as number, wishes))
  t.like(await near({ excludedChannels: [1n] }), { ok: true, value: [{ hops: { length: 3 } }] })
  t.like(await near({ excludedChannels: [1n, 10n] }), { ok: false, error: { code: 'no-route' } })
  t.like(await near({ maxHops: 1 }), { ok: true, value: [{ hops: { length: 1 } }] })
})

test('routes — where the payer weighs, what is near is compared too, and taken if the graph has nothing', async (t) => {
  const twins = [own(1, BOB as number, 900_000n), own(2, BOB as number, 200_000n)]
  const { routes, asked } = rig(PAIR, twins)
  const [plain] = await routesOf(routes.find(question(BOB as number)))
  t.is(plain?.hops[0]?.shortChannelId, 1n)
  t.is(asked.length, 0)
  const [weighed] = await routesOf(
    routes.find(wanting(BOB as number, { weights: [{ shortChannelId: 2n, factor: 0.01 }] })),
  )
  t.is(weighed?.hops[0]?.shortChannelId, 2n)
  t.is(asked.length, 1)
  // A thread that has ended is no reason to leave a way that there is.
  const broken = rig(
    PAIR,
    twins,
    () => {},
    async () => Promise.reject(new Error('the thread has ended')),
  )
  const weights = [{ shortChannelId: 2n, factor: 0.01 }]
  t.is((await routesOf(broken.routes.find(wanting(BOB as number, { weights })))).length, 1)
  t.deepEqual(broken.logged, ['payment.route-search-failed'])
  await t.throwsAsync(async () => broken.routes.find(wanting(DAVE as number, { weights })))
})
