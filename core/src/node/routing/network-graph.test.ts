import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { nodeId, policy, question } from '../../graph/fixtures/small-graph.ts'
import { seededRng } from '../../lib/rng.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { silentLog } from '../node-log.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { NetworkGraph } from './network-graph.ts'

const asked = (to: number) =>
  question({
    ownChannels: [{ remoteNodeId: nodeId(1), shortChannelId: 1n, spendableMsat: 10n ** 9n, htlcMinimumMsat: 1n }],
    target: { type: 'node', nodeId: nodeId(to), hints: [] },
  })

const openStore = () =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const open = async (kept?: Store) => {
  const graph = new NetworkGraph({
    system: createActorSystem<never>(),
    rng: seededRng(1),
    store: kept ?? (await openStore()),
    clock: { now: () => 0, monotonic: () => 0 },
    log: silentLog,
    onUnreadable: () => {},
  })
  const add = (scid: bigint, a: number, b: number): void => {
    graph.builder.addChannel({ shortChannelId: scid, nodeIds: [nodeId(a), nodeId(b)], capacitySat: 1_000_000n })
    for (const direction of [0, 1] as const) graph.builder.setPolicy(scid, direction, policy())
  }
  const hops = async (to: number): Promise<readonly bigint[] | string> => {
    const answer = await graph.find(asked(to))
    return answer.ok
      ? (answer.value.paths[0]?.hops ?? []).map(({ shortChannelId = 0n }) => shortChannelId)
      : answer.error.code
  }
  return { graph, add, hops }
}

test('paths are found in a thread, by the graph as it is when they are asked for', async (t) => {
  const { graph, add, hops } = await open()
  t.teardown(() => graph.close())
  t.true(graph.isEmpty())
  t.is(await hops(2), 'no-route')
  add(10n, 1, 2)
  t.false(graph.isEmpty())
  t.deepEqual(await hops(2), [1n, 10n])
  add(20n, 2, 3)
  t.deepEqual(await hops(3), [1n, 10n, 20n])
  graph.builder.removeChannel(10n)
  t.is(await hops(3), 'no-route')
  t.is(graph.capacityMsat(20n), 1_000_000_000n)
  t.is(graph.capacityMsat(10n), undefined)
})

test('what payments have shown changes which path is found, also in a later life of the node', async (t) => {
  const store = await openStore()
  const ways = async () => {
    const { graph, add, hops } = await open(store)
    add(10n, 1, 2)
    add(20n, 2, 4)
    add(30n, 1, 3)
    add(40n, 3, 4)
    const way = async () => ((await hops(4)) as readonly bigint[]).slice(1)
    return { graph, way }
  }
  const before = await ways()
  const [first] = await before.way()
  const refused = {
    shortChannelId: first as bigint,
    direction: 0,
    amountMsat: 100_000n,
    capacityMsat: 10n ** 9n,
  } as const
  before.graph.learn([{ ...refused, outcome: 'refused' }], 0)
  const second = await before.way()
  t.not(second[0], first)
  await before.graph.close()

  // A search that is asked for before all is taken up goes ahead, and its thread hears of the rest.
  const after = await ways()
  t.is((await after.way())[0], first)
  await after.graph.load()
  t.deepEqual(await after.way(), second)
  await after.graph.close()

  // A thread that begins later is told at its beginning.
  const later = await ways()
  await later.graph.load()
  t.deepEqual(await later.way(), second)
  await later.graph.close()
  await store.close()
})

test('weights change which path is found, from the next question on, and until they are cleared', async (t) => {
  const { graph, add, hops } = await open()
  t.teardown(() => graph.close())
  add(10n, 1, 2)
  add(20n, 2, 4)
  add(30n, 1, 3)
  add(40n, 3, 4)
  const before = (await hops(4)) as readonly bigint[]
  const weight = { shortChannelId: before[1] as bigint, factor: 1_000 }
  graph.weights.set({ plugin: 'a' }, [weight], 0)
  const beside = (await hops(4)) as readonly bigint[]
  t.not(beside[1], before[1])
  // Another's table weighs as much the other way.
  graph.weights.set(
    { plugin: 'b' },
    [
      { ...weight, factor: 0.001 },
      { shortChannelId: beside[1] as bigint, factor: 2 },
    ],
    0,
  )
  t.deepEqual(await hops(4), before)
  graph.weights.clear({ plugin: 'b' })
  t.deepEqual(await hops(4), beside)
  graph.weights.clear({ plugin: 'a' })
  t.deepEqual(await hops(4), before)
  t.false(graph.weights.clear({ plugin: 'a' }))
})

test('a graph that is closed finds nothing, and says so', async (t) => {
  const { graph, add, hops } = await open()
  add(10n, 1, 2)
  await hops(2)
  await graph.close()
  await t.throwsAsync(hops(2))
})
