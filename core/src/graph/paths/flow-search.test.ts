import test from 'ava'
import fc from 'fast-check'
import { question, type SmallChannel, worldOf } from '../fixtures/small-graph.ts'
import { DEFAULT_COSTS, pricesFor } from './cost.ts'
import { type Flow, FlowSearch } from './flow-search.ts'
import type { Observation } from './liquidity.ts'
import { edgeOf, type Terrain, terrainFor } from './terrain.ts'

const flows = new FlowSearch()

const terrainOf = (channels: readonly SmallChannel[], learnt: readonly Observation[] = []): Terrain => {
  const world = worldOf(channels)
  for (const observation of learnt) world.liquidity.learn(observation, 0)
  return terrainFor(question(), world.snapshot, world.liquidity, undefined)
}

const flowIn = (terrain: Terrain, amount: number, used: ReadonlyMap<number, number> = new Map()): Flow =>
  flows.run(terrain, amount, used, Math.ceil(amount / 4), pricesFor(DEFAULT_COSTS, amount), { looks: 1_000_000 })

/** What leaves a node, less what comes to it. */
const surplus = (terrain: Terrain, flow: Flow, node: number): number =>
  [...flow].reduce((sum, [edge, sent]) => {
    const { from, to } = edgeOf(terrain, edge)
    return sum + (from === node ? sent : 0) - (to === node ? sent : 0)
  }, 0)

interface Step {
  readonly edge: number
  readonly from: number
  readonly back: boolean
}

/** The most that can get from node 0 to node 9, by any way after any other (Ford and Fulkerson). */
const maxFlow = (terrain: Terrain): number => {
  const edges = Array.from({ length: terrain.edgeCount }, (_, edge) => ({ ...edgeOf(terrain, edge), edge }))
  const left = edges.map(({ edge, upper }) => (terrain.open[edge] === 1 ? upper : 0))
  let sum = 0
  for (;;) {
    const before = new Map<number, Step>()
    const queue = [terrain.source]
    for (const node of queue) {
      for (const { edge, from, to, upper } of edges) {
        const steps = [
          { next: to, at: from, room: left[edge] as number, back: false },
          { next: from, at: to, room: terrain.open[edge] === 1 ? upper - (left[edge] as number) : 0, back: true },
        ]
        for (const { next, at, room, back } of steps) {
          if (at !== node || room <= 0 || next === terrain.source || before.has(next)) continue
          before.set(next, { edge, from: at, back })
          queue.push(next)
        }
      }
    }
    const way: Step[] = []
    for (let step = before.get(terrain.target); step !== undefined; step = before.get(step.from)) way.push(step)
    if (way.length === 0) return sum
    const room = ({ edge, back }: Step): number =>
      back ? (edges[edge]?.upper ?? 0) - (left[edge] as number) : (left[edge] as number)
    const most = Math.min(...way.map(room))
    for (const { edge, back } of way) left[edge] = (left[edge] as number) + (back ? most : -most)
    sum += most
  }
}

const channels = fc
  .array(
    fc.record({
      between: fc.tuple(fc.nat(9), fc.nat(9)).filter(([a, b]) => a !== b),
      capacitySat: fc.bigInt(1n, 1_000n),
    }),
    { minLength: 6, maxLength: 40 },
  )
  .map((all) => all.map((channel, i): SmallChannel => ({ ...channel, scid: BigInt(i + 1) })))

test('a flow loses nothing on the way, overloads no edge, and sends all that can be sent', (t) => {
  fc.assert(
    fc.property(channels, fc.integer({ min: 1, max: 3_000_000 }), (all, amount) => {
      const terrain = terrainOf(all)
      const flow = flowIn(terrain, amount)
      for (let node = 0; node < terrain.nodeCount; node++) {
        if (node !== terrain.source && node !== terrain.target) t.is(surplus(terrain, flow, node), 0)
      }
      for (const [edge, sent] of flow) t.true(sent > 0 && sent <= edgeOf(terrain, edge).upper)
      t.is(surplus(terrain, flow, terrain.source), Math.min(amount, maxFlow(terrain)))
    }),
    { seed: 13, numRuns: 300 },
  )
})

/** Two ways that differ in nothing. */
const TWINS: readonly SmallChannel[] = [
  { scid: 1n, between: [0, 1], capacitySat: 1_000n },
  { scid: 2n, between: [1, 9], capacitySat: 1_000n },
  { scid: 3n, between: [0, 2], capacitySat: 1_000n },
  { scid: 4n, between: [2, 9], capacitySat: 1_000n },
]

/** What is sent into channels 2 and 4. */
const shares = (terrain: Terrain, flow: Flow): readonly number[] =>
  [2n, 4n].map((scid) => [...flow].find(([edge]) => edgeOf(terrain, edge).shortChannelId === scid)?.[1] ?? 0)

test('a flow is spread over channels, since each is less likely to carry more', (t) => {
  const terrain = terrainOf(TWINS)
  t.deepEqual(shares(terrain, flowIn(terrain, 200_000)).toSorted(), [0, 200_000])
  t.deepEqual(shares(terrain, flowIn(terrain, 500_000)), [250_000, 250_000])
  t.deepEqual(shares(terrain, flowIn(terrain, 1_400_000)), [700_000, 700_000])
})

test('a flow goes first where it is known to get through, and nowhere beyond what was refused', (t) => {
  const all = { direction: 0, capacityMsat: 1_000_000n } as const
  const carried = [1n, 2n].map(
    (scid): Observation => ({ ...all, shortChannelId: scid, amountMsat: 600_000n, outcome: 'carried' }),
  )
  const sure = terrainOf(TWINS, carried)
  t.deepEqual(shares(sure, flowIn(sure, 500_000)), [500_000, 0])
  const refused: Observation = { ...all, shortChannelId: 2n, amountMsat: 10_001n, outcome: 'refused' }
  const narrow = terrainOf(TWINS, [refused])
  t.deepEqual(shares(narrow, flowIn(narrow, 2_000_000)), [10_000, 1_000_000])
})

test('a flow takes only the room beside what is used, and gives none of that back', (t) => {
  const terrain = terrainOf(TWINS)
  const edge = Array.from({ length: terrain.edgeCount }, (_, i) => i).find((i) => {
    const { shortChannelId, to } = edgeOf(terrain, i)
    return shortChannelId === 2n && to === terrain.target
  })
  t.deepEqual(shares(terrain, flowIn(terrain, 2_000_000, new Map([[edge as number, 400_000]]))), [600_000, 1_000_000])
  // The arrays are clean for the next one.
  t.deepEqual(shares(terrain, flowIn(terrain, 2_000_000)), [1_000_000, 1_000_000])
})

test('a flow takes back what it has sent where that was in the way of more', (t) => {
  // The cheap way 0 – 1 – 2 – 9 takes what both 1 – 9 and 0 – 2 need.
  const dear = [{ feeBaseMsat: 400_000 }, {}] as const
  const terrain = terrainOf([
    { scid: 1n, between: [0, 1], capacitySat: 100n },
    { scid: 2n, between: [1, 2], capacitySat: 100n },
    { scid: 3n, between: [2, 9], capacitySat: 100n },
    { scid: 4n, between: [1, 9], capacitySat: 100n, policies: dear },
    { scid: 5n, between: [0, 2], capacitySat: 100n, policies: dear },
  ])
  t.is(surplus(terrain, flowIn(terrain, 200_000), terrain.source), 200_000)
})
