import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { nodeId, policy, question } from '../../graph/fixtures/small-graph.ts'
import { seededRng } from '../../lib/rng.ts'
import { NetworkGraph } from './network-graph.ts'

const asked = (to: number) =>
  question({
    ownChannels: [{ remoteNodeId: nodeId(1), shortChannelId: 1n, spendableMsat: 10n ** 9n, htlcMinimumMsat: 1n }],
    target: { type: 'node', nodeId: nodeId(to), hints: [] },
  })

const open = () => {
  const graph = new NetworkGraph(createActorSystem<never>(), seededRng(1))
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
  const { graph, add, hops } = open()
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

test('what payments have shown changes which path is found', async (t) => {
  const { graph, add, hops } = open()
  t.teardown(() => graph.close())
  add(10n, 1, 2)
  add(20n, 2, 4)
  add(30n, 1, 3)
  add(40n, 3, 4)
  const [, first] = (await hops(4)) as readonly bigint[]
  const refused = {
    shortChannelId: first as bigint,
    direction: 0,
    amountMsat: 100_000n,
    capacityMsat: 10n ** 9n,
  } as const
  graph.learn([{ ...refused, outcome: 'refused' }], 0)
  const [, second] = (await hops(4)) as readonly bigint[]
  t.not(second, first)
})

test('a graph that is closed finds nothing, and says so', async (t) => {
  const { graph, add, hops } = open()
  add(10n, 1, 2)
  await hops(2)
  await graph.close()
  await t.throwsAsync(hops(2))
})
