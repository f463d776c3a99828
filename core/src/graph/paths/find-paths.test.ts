import test from 'ava'
import { find, found, nodeId, nodesOf, type SmallChannel, worldOf } from '../fixtures/small-graph.ts'
import { findChannel, MAX_AMOUNT_MSAT } from '../snapshot.ts'
import type { HintedHop, OwnChannelEnd, PathQuestion } from './path-question.ts'
import { EdgeWeights } from './weights.ts'

/** 0 – 1 – 9 is cheap, 0 – 2 – 9 dear. */
const DIAMOND: readonly SmallChannel[] = [
  { scid: 1n, between: [0, 1] },
  { scid: 2n, between: [1, 9] },
  { scid: 3n, between: [0, 2] },
  { scid: 4n, between: [2, 9], policies: [{ feeBaseMsat: 5_000, cltvExpiryDelta: 30 }, {}] },
]

const own = (peer: number, spendableMsat: bigint, change: Partial<OwnChannelEnd> = {}): OwnChannelEnd => ({
  remoteNodeId: nodeId(peer),
  spendableMsat,
  htlcMinimumMsat: 1n,
  ...change,
})

const hop = (node: number, change: Partial<HintedHop> = {}): HintedHop => ({
  nodeId: nodeId(node),
  shortChannelId: 77n,
  feeBaseMsat: 10,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 20,
  ...change,
})

test('a path says what reaches each node, until when, and how likely it is', (t) => {
  const { paths, feesMsat, probability, excluded } = found(worldOf(DIAMOND))
  t.is(paths.length, 1)
  t.deepEqual(paths[0], {
    hops: [
      {
        nodeId: nodeId(1),
        shortChannelId: 1n,
        amountMsat: 101_000n,
        cltvExpiryDelta: 50,
        probability: 1 - 101_000 / 1_000_000_001,
      },
      {
        nodeId: nodeId(9),
        shortChannelId: 2n,
        amountMsat: 100_000n,
        cltvExpiryDelta: 40,
        probability: 1 - 100_000 / 1_000_000_001,
      },
    ],
    amountMsat: 100_000n,
    feesMsat: 1_000n,
    cltvExpiryDelta: 50,
    probability: (1 - 101_000 / 1_000_000_001) * (1 - 100_000 / 1_000_000_001),
  })
  t.is(feesMsat, 1_000n)
  t.is(paths[0]?.probability, probability)
  t.is(excluded, undefined, 'nobody has asked')
})

test('what is excluded is not gone over, and is counted', (t) => {
  const world = worldOf(DIAMOND)
  const past = (change: Partial<PathQuestion>) => {
    const { paths, excluded } = found(world, { explained: true, ...change })
    return [...paths.map(nodesOf), excluded && { nodes: excluded.nodes, directions: excluded.directions }]
  }
  t.deepEqual(past({ excludedNodes: [nodeId(1)] }), ['2 9', { nodes: 1, directions: 0 }])
  t.deepEqual(past({ excludedChannels: [{ shortChannelId: 2n }] }), ['2 9', { nodes: 0, directions: 2 }])
  const one = { shortChannelId: 2n, from: nodeId(1) }
  t.deepEqual(past({ excludedChannels: [one] }), ['2 9', { nodes: 0, directions: 1 }])
  const opposite = { shortChannelId: 2n, from: nodeId(9) }
  t.deepEqual(past({ excludedChannels: [opposite] }), ['1 9', { nodes: 0, directions: 1 }])
  t.deepEqual(find(world, { excludedNodes: [nodeId(1), nodeId(2)] }), { ok: false, error: { code: 'no-route' } })
})

test('weights make channels and nodes dearer or cheaper, own and corrected channels too, and close none', (t) => {
  const over = (weights: EdgeWeights) => found(worldOf(DIAMOND, { weights })).paths.map(nodesOf)
  t.deepEqual(over(new EdgeWeights([{ nodeId: nodeId(1), factor: 100 }])), ['2 9'])
  t.deepEqual(over(new EdgeWeights([{ shortChannelId: 4n, from: nodeId(2), factor: 0.001 }])), ['2 9'])
  t.deepEqual(over(new EdgeWeights([{ shortChannelId: 4n, from: nodeId(9), factor: 0.001 }])), ['1 9'])
  const avoided = new EdgeWeights([
    { shortChannelId: 1n, factor: 1_000 },
    { nodeId: nodeId(2), factor: 1_000 },
  ])
  t.true(find(worldOf(DIAMOND, { weights: avoided })).ok)
  t.true(find(worldOf(DIAMOND, { weights: avoided }), { maxParts: 4 }).ok)

  // The source's own channels, and one whose node has asked for more than it announced.
  const ownChannels = [own(1, 10n ** 9n, { shortChannelId: 1n }), own(2, 10n ** 9n, { shortChannelId: 3n })]
  const corrections = [hop(1, { shortChannelId: 2n, feeBaseMsat: 2_000 })]
  const from = (weights: EdgeWeights) =>
    found(worldOf(DIAMOND, { weights }), { ownChannels, corrections }).paths.map(nodesOf)
  t.deepEqual(from(new EdgeWeights([])), ['1 9'])
  t.deepEqual(from(new EdgeWeights([{ shortChannelId: 1n, factor: 1_000 }])), ['2 9'])
  t.deepEqual(from(new EdgeWeights([{ shortChannelId: 2n, factor: 1_000 }])), ['2 9'])
})

test('what was left out is told with the first reason for each direction, if somebody asks', (t) => {
  const policies = [{}, {}] as const
  const world = worldOf([
    ...DIAMOND,
    { scid: 5n, between: [1, 3] },
    { scid: 6n, between: [1, 3], policies: [{ htlcMaximumMsat: 99_999n }, { htlcMinimumMsat: 100_001n }] },
    { scid: 7n, between: [1, 3], policies: [{ feeBaseMsat: 50_001 }, {}] },
    { scid: 8n, between: [1, 3], policies: [{ cltvExpiryDelta: 1_977 }, {}] },
    { scid: 9n, between: [1, 3], policies: [{ disabled: true }, {}] },
    { scid: 10n, between: [2, 3], policies },
  ])
  world.liquidity.put({ shortChannelId: 5n, direction: 0, lowerMsat: 0n, upperMsat: 50_000n, at: 0 })
  const asked = { maxFeeMsat: 50_000n, excludedNodes: [nodeId(2)], excludedChannels: [{ shortChannelId: 77n }] }
  const { excluded } = found(world, { explained: true, ...asked })
  t.deepEqual(excluded, {
    nodes: 1,
    directions: 0,
    beside: 6,
    closed: 1,
    amount: 2,
    probability: 1,
    fee: 1,
    delay: 1,
  })
  const inParts = found(world, { explained: true, ...asked, maxParts: 2 })
  t.like(inParts.excluded, { amount: 1, probability: 0 }, 'a part may be smaller')
})

test('weights of one question are counted with those of all, also for what the graph has not', (t) => {
  const over = (weights: PathQuestion['weights'], all = new EdgeWeights([]), more: Partial<PathQuestion> = {}) =>
    found(worldOf(DIAMOND, { weights: all }), { ...more, ...(weights && { weights }) }).paths.map(nodesOf)
  t.deepEqual(over([{ nodeId: nodeId(1), factor: 100 }]), ['2 9'])
  t.deepEqual(over([{ shortChannelId: 4n, from: nodeId(9), factor: 0.001 }]), ['1 9'])
  const away = new EdgeWeights([{ nodeId: nodeId(1), factor: 100 }])
  t.deepEqual(over(undefined, away), ['2 9'])
  t.deepEqual(over([{ nodeId: nodeId(1), factor: 0.01 }], away), ['1 9'])

  // Two ways that the graph knows nothing of: by an own channel, and by a hint.
  const ownChannels = [own(1, 10n ** 9n, { shortChannelId: 70n }), own(2, 10n ** 9n, { shortChannelId: 71n })]
  t.deepEqual(over([{ shortChannelId: 70n, factor: 1_000 }], undefined, { ownChannels }), ['2 9'])
  t.deepEqual(over([{ shortChannelId: 70n, from: nodeId(1), factor: 1_000 }], undefined, { ownChannels }), ['1 9'])
  const hints = [[hop(1, { shortChannelId: 80n })], [hop(1, { shortChannelId: 81n, feeBaseMsat: 11 })]]
  const target = { type: 'node', nodeId: nodeId(8), hints } as const
  const last = (weights: PathQuestion['weights']) =>
    found(worldOf(DIAMOND), { target, ...(weights && { weights }) }).paths[0]?.hops.at(-1)?.shortChannelId
  t.is(last([]), 80n)
  t.is(last([{ shortChannelId: 80n, factor: 1_000 }]), 81n)
})

test('weights never make a cost nothing, endless or no number, however many there are of one channel', (t) => {
  const { topology } = worldOf(DIAMOND).snapshot
  const many = (factor: number) => Array.from({ length: 5_000 }, () => ({ shortChannelId: 1n, factor }))
  const of = (...factors: readonly number[]) =>
    new EdgeWeights(factors.flatMap(many)).factorsFor(topology)?.[findChannel(topology, 1n) * 2]
  t.is(of(1_000), 1_000)
  t.is(of(0.001), Math.fround(0.001))
  t.is(of(0), Math.fround(0.001))
  t.is(of(Number.POSITIVE_INFINITY), 1_000)
  t.is(of(1_000, 0.001), of(0.001, 1_000))
  t.true(Math.abs((of(1_000, 0.001) ?? 0) - 1) < 1e-3)
})

test('an absurd limit is refused by its name', (t) => {
  const world = worldOf(DIAMOND)
  const refused = (change: Partial<PathQuestion>) => find(world, change)
  const invalid = (field: string) => ({ ok: false, error: { code: 'invalid-limit', field } })
  t.deepEqual(refused({ amountMsat: 0n }), invalid('amountMsat'))
  t.deepEqual(refused({ amountMsat: BigInt(MAX_AMOUNT_MSAT) + 1n }), invalid('amountMsat'))
  t.deepEqual(refused({ maxFeeMsat: -1n }), invalid('maxFeeMsat'))
  t.deepEqual(refused({ maxFeeMsat: 2n ** 64n }), invalid('maxFeeMsat'))
  t.deepEqual(refused({ maxHops: 0 }), invalid('maxHops'))
  t.deepEqual(refused({ maxHops: 21 }), invalid('maxHops'))
  t.deepEqual(refused({ maxCltvExpiryDelta: 2017 }), invalid('maxCltvExpiryDelta'))
  t.deepEqual(refused({ maxCltvExpiryDelta: Number.NaN }), invalid('maxCltvExpiryDelta'))
  t.deepEqual(refused({ finalCltvExpiryDelta: 2017 }), invalid('finalCltvExpiryDelta'))
  t.deepEqual(refused({ maxParts: 0 }), invalid('maxParts'))
  t.deepEqual(refused({ maxParts: 65 }), invalid('maxParts'))
})

test('a limit that rules out the only path is said, with what it would have to be', (t) => {
  const world = worldOf(DIAMOND.slice(0, 2))
  t.deepEqual(find(world, { maxFeeMsat: 999n }), {
    ok: false,
    error: { code: 'fee-limit-exceeded', feesMsat: 1_000n },
  })
  t.deepEqual(find(world, { maxCltvExpiryDelta: 49 }), {
    ok: false,
    error: { code: 'expiry-too-far', cltvExpiryDelta: 50 },
  })
  t.deepEqual(find(world, { maxHops: 1 }), { ok: false, error: { code: 'no-route' } })
  t.true(find(world, { maxFeeMsat: 1_000n, maxCltvExpiryDelta: 50, maxHops: 2 }).ok)
})

test('paths begin with an own channel that carries the amount, and never with what the graph says of ours', (t) => {
  const world = worldOf(DIAMOND)
  const ownChannels = [own(1, 99_999n), own(1, 200_000n, { htlcMinimumMsat: 101_001n }), own(2, 200_000n)]
  const { paths } = found(world, { ownChannels })
  t.deepEqual(
    paths.map(({ ownChannel, hops }) => [ownChannel, hops[0]?.probability]),
    [[2, 1]],
  )
  t.is(paths[0]?.hops[0]?.shortChannelId, undefined)
  t.deepEqual(find(world, { ownChannels: [own(1, 60_000n), own(2, 39_999n)] }), {
    ok: false,
    error: { code: 'insufficient-balance' },
  })
  t.deepEqual(find(world, { ownChannels: [own(5, 10n ** 9n)] }), { ok: false, error: { code: 'no-route' } })
  const excluded = [{ shortChannelId: 1n }]
  t.false(find(world, { ownChannels: [own(1, 10n ** 9n, { shortChannelId: 1n })], excludedChannels: excluded }).ok)
})

test('a hint leads over channels and nodes that the graph has not', (t) => {
  const hints = [[hop(9, { shortChannelId: 70n }), hop(50, { shortChannelId: 71n, feeBaseMsat: 3 })]]
  const { paths } = found(worldOf(DIAMOND), { target: { type: 'node', nodeId: nodeId(60), hints } })
  t.deepEqual(paths.map(nodesOf), ['1 9 50 60'])
  t.deepEqual(
    paths[0]?.hops.map(({ shortChannelId, amountMsat, cltvExpiryDelta }) => [
      shortChannelId,
      amountMsat,
      cltvExpiryDelta,
    ]),
    [
      [1n, 101_013n, 90],
      [2n, 100_013n, 80],
      [70n, 100_003n, 60],
      [71n, 100_000n, 40],
    ],
  )
})

test('what was learnt of a hint’s channel before a time is left out like all that was', (t) => {
  const world = worldOf(DIAMOND)
  const refused = { amountMsat: 10n, capacityMsat: 1_000_000n, outcome: 'refused' } as const
  world.liquidity.learn({ shortChannelId: 70n, direction: 0, ...refused }, 1)
  const target = { type: 'node', nodeId: nodeId(60), hints: [[hop(9, { shortChannelId: 70n })]] } as const
  t.like(find(world, { target, now: 2 }), { ok: false })
  t.like(find(world, { target, now: 2, learntSince: 2 }), { ok: true })
})

test('hints that go in circles, to themselves, or ask for more than there is, do no harm', (t) => {
  const worst = { feeBaseMsat: 0xffffffff, feeProportionalMillionths: 0xffffffff, cltvExpiryDelta: 0xffff }
  const hints = [
    [hop(9, { feeBaseMsat: 0 })],
    [hop(1), hop(1), hop(9), hop(1)],
    [hop(60), hop(61), hop(60), hop(61)],
    [hop(0), hop(2), hop(0)],
    [hop(1, worst)],
    [hop(1, { ...worst, cltvExpiryDelta: 0 }), hop(62, worst)],
    [],
  ]
  const target = { type: 'node', nodeId: nodeId(9), hints } as const
  for (const maxParts of [1, 4]) {
    const { paths } = found(worldOf(DIAMOND), { target, maxParts, ownChannels: [own(2, 10n ** 9n)] })
    t.deepEqual(paths.map(nodesOf), ['2 9'])
    t.is(paths[0]?.feesMsat, 5_000n)
  }
  const only = { type: 'node', nodeId: nodeId(63), hints: [[hop(9, worst)], [hop(63)]] } as const
  const answer = find(worldOf(DIAMOND), { target: only, maxFeeMsat: BigInt(MAX_AMOUNT_MSAT) })
  t.deepEqual(answer, { ok: false, error: { code: 'no-route' } })
})

test('a hint says nothing of a channel whose own node has told everybody', (t) => {
  const hints = [[hop(1, { shortChannelId: 2n, feeBaseMsat: 0 })]]
  t.is(found(worldOf(DIAMOND), { target: { type: 'node', nodeId: nodeId(9), hints } }).feesMsat, 1_000n)
})

test('a correction is believed before the graph and before a hint', (t) => {
  const world = worldOf(DIAMOND)
  const correction = hop(1, { shortChannelId: 2n, feeBaseMsat: 1_500, cltvExpiryDelta: 25 })
  const [path] = found(world, { corrections: [correction] }).paths
  t.is(path?.feesMsat, 1_500n)
  t.is(path?.cltvExpiryDelta, 65)
  const hints = [[hop(9)]]
  const target = { type: 'node', nodeId: nodeId(60), hints } as const
  t.is(found(world, { target, corrections: [hop(9, { feeBaseMsat: 2_000 })] }).feesMsat, 3_000n)
  // One that is dearer than the other way.
  const dear = found(world, { corrections: [{ ...correction, feeBaseMsat: 50_000 }] })
  t.deepEqual(dear.paths.map(nodesOf), ['2 9'])
})

test('a path to a blinded way ends at its first node, and pays what the way asks for, without discounts', (t) => {
  const discounted = DIAMOND.map((channel) =>
    channel.scid === 2n ? { ...channel, policies: [{}, { inboundFeeBaseMsat: -500 }] as const } : channel,
  )
  const way = {
    introductionNodeId: nodeId(9),
    feeBaseMsat: 400,
    feeProportionalMillionths: 10_000,
    cltvExpiryDelta: 100,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 2n ** 64n - 1n,
  }
  const target = {
    type: 'blinded',
    ways: [{ ...way, htlcMinimumMsat: 100_001n }, { ...way, htlcMaximumMsat: 99_999n }, way],
  } as const
  const { paths } = found(worldOf(discounted), { target, finalCltvExpiryDelta: 0, maxHops: 2 })
  const [path] = paths
  t.is(path?.blindedWay, 2)
  t.deepEqual(
    path?.hops.map(({ amountMsat, cltvExpiryDelta }) => [amountMsat, cltvExpiryDelta]),
    [
      [102_400n, 110],
      [101_400n, 100],
    ],
  )
  t.is(path?.feesMsat, 2_400n)
})

test('a discount for what comes in is taken, and never makes more than the fee of it (bLIP 18)', (t) => {
  const withInbound = (base: number) =>
    worldOf([
      { scid: 1n, between: [0, 1], policies: [{}, { inboundFeeBaseMsat: base }] },
      { scid: 2n, between: [1, 9] },
    ])
  t.is(found(withInbound(-400)).feesMsat, 600n)
  t.is(found(withInbound(-4_000)).feesMsat, 0n)
  t.is(found(withInbound(250)).feesMsat, 1_250n)
  // With it the dear node is the cheap one.
  const cheaper = DIAMOND.map((channel) =>
    channel.scid === 3n ? { ...channel, policies: [{}, { inboundFeeBaseMsat: -4_800 }] as const } : channel,
  )
  t.deepEqual(found(worldOf(cheaper)).paths.map(nodesOf), ['2 9'])
})

test('a circle leads from us over one channel to another of ours, and not back over the same', (t) => {
  const world = worldOf([
    { scid: 1n, between: [0, 1] },
    { scid: 2n, between: [1, 2] },
    { scid: 3n, between: [0, 2] },
    { scid: 4n, between: [0, 2] },
  ])
  const circle = { target: { type: 'node', nodeId: nodeId(0), hints: [] } } as const
  const first = [own(1, 10n ** 9n, { shortChannelId: 1n })]
  const { paths } = found(world, { ...circle, ownChannels: first, lastChannels: [3n] })
  t.deepEqual(paths.map(nodesOf), ['1 2 0'])
  t.is(paths[0]?.hops.at(-1)?.shortChannelId, 3n)
  // Between two channels with one peer, and never back over the first.
  const between = { ownChannels: [own(2, 10n ** 9n, { shortChannelId: 3n })] }
  t.deepEqual(found(world, { ...circle, ...between }).paths.map(nodesOf), ['2 0'])
  t.is(found(world, { ...circle, ...between }).paths[0]?.hops.at(-1)?.shortChannelId, 4n)
  t.false(find(world, { ...circle, ...between, lastChannels: [3n] }).ok)
})

test('what is under way takes room', (t) => {
  const world = worldOf(DIAMOND.map((channel) => ({ ...channel, capacitySat: 150n })))
  const inFlight = [{ from: nodeId(1), shortChannelId: 2n, amountMsat: 60_000n }]
  t.deepEqual(found(world).paths.map(nodesOf), ['1 9'])
  t.deepEqual(found(world, { inFlight }).paths.map(nodesOf), ['2 9'])
})

test('what was learnt turns paths away, until it is old', (t) => {
  const world = worldOf(DIAMOND)
  const refused = {
    shortChannelId: 2n,
    direction: 0,
    amountMsat: 100_000n,
    capacityMsat: 10n ** 9n,
    outcome: 'refused',
  } as const
  world.liquidity.learn(refused, 0)
  t.deepEqual(found(world).paths.map(nodesOf), ['2 9'])
  t.deepEqual(found(world, { now: 1_000_000_000 }).paths.map(nodesOf), ['1 9'])
})

test('parts find another way where a cheaper one takes too long, or wants more at a time', (t) => {
  const star = (first: SmallChannel['policies']): readonly SmallChannel[] =>
    [1, 2, 3].flatMap((node): readonly SmallChannel[] => [
      { scid: BigInt(node), between: [0, node], capacitySat: node === 1 ? 1_000n : 100n },
      {
        scid: BigInt(10 + node),
        between: [node, 9],
        capacitySat: node === 1 ? 1_000n : 100n,
        policies: node === 1 ? (first ?? [{}, {}]) : [{ feeBaseMsat: 2_000 }, {}],
      },
    ])
  const both = { amountMsat: 150_000n, maxParts: 8 }
  const ways = (channels: readonly SmallChannel[]) => found(worldOf(channels), both).paths.map(nodesOf).toSorted()
  t.deepEqual(ways(star([{ feeBaseMsat: 0 }, {}])), ['1 9'])
  t.deepEqual(ways(star([{ feeBaseMsat: 0, cltvExpiryDelta: 2_000 }, {}])), ['2 9', '3 9'])
  // A hint may be the trouble as well as a channel of the graph.
  const late = [[hop(1, { shortChannelId: 90n, feeBaseMsat: 0, cltvExpiryDelta: 2_000 })]]
  const target = { type: 'node', nodeId: nodeId(9), hints: late } as const
  const hinted = found(worldOf(star([{ disabled: true }, {}])), { ...both, target })
  t.deepEqual(hinted.paths.map(nodesOf).toSorted(), ['2 9', '3 9'])
})

test('htlc_maximum_msat limits each part, and parts together only while another way leads on', (t) => {
  const small = { htlcMaximumMsat: 50_000n, feeBaseMsat: 0 }
  const line: readonly SmallChannel[] = [
    { scid: 1n, between: [0, 1] },
    { scid: 2n, between: [1, 9], policies: [small, {}] },
  ]
  const amounts = (channels: readonly SmallChannel[], change: Partial<PathQuestion>) =>
    found(worldOf(channels), change).paths.map((path) => [nodesOf(path), path.amountMsat])
  t.deepEqual(amounts(line, { maxParts: 4, amountMsat: 120_000n }), Array(3).fill(['1 9', 40_000n]))
  // What is under way there already takes of what the channel holds alone.
  const inFlight = [{ from: nodeId(1), shortChannelId: 2n, amountMsat: 40_000n }]
  t.deepEqual(amounts(line, { amountMsat: 30_000n, inFlight }), [['1 9', 30_000n]])
  t.like(find(worldOf(line), { maxParts: 2, amountMsat: 120_000n }), { ok: false, error: { code: 'no-route' } })
  const holds = line.map((channel) => ({ ...channel, capacitySat: 100n }))
  t.like(find(worldOf(holds), { maxParts: 4, amountMsat: 120_000n }), { ok: false, error: { code: 'no-route' } })
  // What a correction takes the place of is under way all the same.
  const corrections = [hop(1, { shortChannelId: 2n, feeBaseMsat: 2_000 })]
  const most = [{ from: nodeId(1), shortChannelId: 2n, amountMsat: 80_000n }]
  t.like(find(worldOf(holds), { amountMsat: 30_000n, inFlight: most, corrections }), { error: { code: 'no-route' } })
  // No rest is left that is less than the channel takes.
  const between = { htlcMinimumMsat: 25_000n, htlcMaximumMsat: 50_000n, feeBaseMsat: 0 }
  const coarse = line.map((channel) =>
    channel.scid === 2n ? { ...channel, policies: [between, {}] as const } : channel,
  )
  t.deepEqual(amounts(coarse, { maxParts: 4, amountMsat: 120_000n }), Array(3).fill(['1 9', 40_000n]))
  // A hint that takes too long is left out here as well.
  const late = [hop(9, { shortChannelId: 70n, cltvExpiryDelta: 1_990, feeBaseMsat: 0 })]
  const fine = [hop(9, { shortChannelId: 71n, feeBaseMsat: 500 })]
  const target = { type: 'node', nodeId: nodeId(99), hints: [late, fine] } as const
  t.deepEqual(
    amounts(line, { maxParts: 4, amountMsat: 120_000n, target }).map(([way]) => way),
    ['1 9 99', '1 9 99', '1 9 99'],
  )
  // Another way is gone first, however dear.
  const dear = { scid: 4n, between: [2, 9], policies: [{ feeBaseMsat: 90_000 }, {}] } as const
  t.deepEqual(amounts([...line, { scid: 3n, between: [0, 2] }, dear], { maxParts: 4, amountMsat: 120_000n }), [
    ['2 9', 120_000n],
  ])
})
