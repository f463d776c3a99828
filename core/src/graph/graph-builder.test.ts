import test from 'ava'
import fc from 'fast-check'
import type { NodeId } from '../lib/ids.ts'
import { GraphBuilder, type GraphPolicy } from './graph-builder.ts'
import {
  DISCOUNTED,
  type Direction,
  findChannel,
  findNode,
  type GraphSnapshot,
  NO_NODE,
  nodeAt,
  SURCHARGED,
  USABLE,
} from './snapshot.ts'

const nodeId = (number: number): NodeId =>
  Uint8Array.from({ length: 33 }, (_, i) => (i === 0 ? 2 : i === 32 ? number : 7))

const policy: GraphPolicy = {
  timestamp: 1_700_000_000,
  disabled: false,
  cltvExpiryDelta: 80,
  feeBaseMsat: 1_000,
  feeProportionalMillionths: 250,
  htlcMinimumMsat: 1n,
  htlcMaximumMsat: 900_000n,
}

const built = (): GraphBuilder => {
  const builder = new GraphBuilder(5)
  builder.addChannel({ shortChannelId: 7n, nodeIds: [nodeId(1), nodeId(2)], capacitySat: 1_000n })
  return builder
}

/** What the snapshot says, in a form to compare: each channel with the ids of its ends, each node with the channels into it. */
const contents = ({ topology }: GraphSnapshot) => {
  const { channels, ends, nodeIds, incoming, incomingStart, nodeRows, channelRows } = topology
  const name = (node: number): number => nodeAt(nodeIds, node)[32] as number
  const listed = Array.from({ length: channelRows }, (_, row) => row).filter((row) => ends[row * 2] !== NO_NODE)
  const into = Array.from({ length: nodeRows }, (_, node) => {
    const edges = Array.from(incoming.subarray(incomingStart[node], incomingStart[node + 1]))
    return edges.map((edge) => {
      const from = name(ends[edge] as number)
      return `${from}>${name(node)} by ${channels.shortChannelId[edge >> 1]}`
    })
  })
  return {
    channels: listed
      .map((row) => {
        const scid = channels.shortChannelId[row] as bigint
        return `${scid} ${name(ends[row * 2] as number)}-${name(ends[row * 2 + 1] as number)} ${channels.capacityMsat[row]}`
      })
      .toSorted(),
    edges: into.flat().toSorted(),
  }
}

test('GraphBuilder — keeps a policy for each direction, and when it was said', (t) => {
  const builder = built()
  t.true(builder.setPolicy(7n, 1, { ...policy, inboundFeeBaseMsat: -5, inboundFeeProportionalMillionths: -50 }))
  t.false(builder.setPolicy(8n, 0, policy))
  t.is(builder.policyTimestamp(7n, 1), 1_700_000_000)
  t.is(builder.policyTimestamp(7n, 0), 0)
  const { policies } = builder.snapshot()
  t.deepEqual([...policies.flags], [DISCOUNTED, USABLE])
  t.is(policies.feeBaseMsat[1], 1_000)
  t.is(policies.inboundFeeBaseMsat[1], -5)
  t.is(policies.inboundFeeProportionalMillionths[1], -50)
  builder.setPolicy(7n, 1, { ...policy, disabled: true })
  t.deepEqual([...builder.snapshot().policies.flags], [0, 0])
  builder.setPolicy(7n, 0, { ...policy, inboundFeeBaseMsat: 1 })
  t.deepEqual([...builder.snapshot().policies.flags], [USABLE, SURCHARGED])
  t.is(builder.snapshot().policies.inboundFeeBaseMsat[1], 0)
})

test('GraphBuilder — brings amounts down to what the channel, or any channel, holds', (t) => {
  const builder = built()
  builder.addChannel({ shortChannelId: 8n, nodeIds: [nodeId(1), nodeId(2)], capacitySat: 0n })
  const huge = { ...policy, htlcMinimumMsat: 2n ** 64n - 1n, htlcMaximumMsat: 2n ** 64n - 1n }
  builder.setPolicy(7n, 0, huge)
  builder.setPolicy(8n, 0, huge)
  const { policies } = builder.snapshot()
  t.is(policies.htlcMaximumMsat[0], 1_000_000)
  t.is(policies.htlcMaximumMsat[2], Number.MAX_SAFE_INTEGER)
  t.is(policies.htlcMinimumMsat[0], Number.MAX_SAFE_INTEGER)
})

test('GraphBuilder — takes no channel twice, and none from a node to itself', (t) => {
  const builder = built()
  t.false(builder.addChannel({ shortChannelId: 7n, nodeIds: [nodeId(3), nodeId(4)], capacitySat: 1n }))
  t.false(builder.addChannel({ shortChannelId: 8n, nodeIds: [nodeId(3), nodeId(3)], capacitySat: 1n }))
  t.is(builder.nodeCount, 2)
})

test('GraphBuilder — a snapshot never changes, and is the same one as long as nothing changes', (t) => {
  const builder = built()
  const first = builder.snapshot()
  t.is(builder.snapshot(), first)
  builder.setPolicy(7n, 0, policy)
  const second = builder.snapshot()
  t.is(second.topology, first.topology)
  t.is(first.policies.flags[0], 0)
  builder.removeChannel(7n)
  t.is(findChannel(builder.snapshot().topology, 7n), -1)
  t.is(findChannel(first.topology, 7n), 0)
  t.deepEqual(contents(second).edges, ['1>2 by 7', '2>1 by 7'])
})

test('GraphBuilder — what another channel left in a row is not seen', (t) => {
  const builder = built()
  builder.setPolicy(7n, 0, policy)
  builder.removeChannel(7n)
  builder.addChannel({ shortChannelId: 9n, nodeIds: [nodeId(3), nodeId(4)], capacitySat: 5n })
  t.is(builder.policyTimestamp(9n, 0), 0)
  const { topology, policies } = builder.snapshot()
  t.is(findChannel(topology, 9n), 0)
  t.is(policies.flags[0], 0)
})

test('GraphBuilder — any order of coming and going leaves the channels that are there', (t) => {
  const step = fc.record({
    remove: fc.boolean(),
    scid: fc.bigInt(1n, 60n),
    a: fc.nat(30),
    b: fc.nat(30),
    capacity: fc.bigInt(1n, 9n),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer(), (steps, salt) => {
      const builder = new GraphBuilder(salt)
      const expected = new Map<bigint, readonly [number, number, bigint]>()
      for (const { remove, scid, a, b, capacity } of steps) {
        if (remove) {
          t.is(builder.removeChannel(scid), expected.delete(scid))
          continue
        }
        const isNew = !expected.has(scid) && a !== b
        t.is(
          builder.addChannel({ shortChannelId: scid, nodeIds: [nodeId(a), nodeId(b)], capacitySat: capacity }),
          isNew,
        )
        if (isNew) expected.set(scid, [a, b, capacity])
      }
      const nodes = new Set([...expected.values()].flatMap((channel) => channel.slice(0, 2)))
      t.is(builder.channelCount, expected.size)
      t.is(builder.nodeCount, nodes.size)
      const snapshot = builder.snapshot()
      t.deepEqual(contents(snapshot), {
        channels: [...expected].map(([scid, [a, b, sat]]) => `${scid} ${a}-${b} ${sat * 1000n}`).toSorted(),
        edges: [...expected].flatMap(([scid, [a, b]]) => [`${a}>${b} by ${scid}`, `${b}>${a} by ${scid}`]).toSorted(),
      })
      for (let scid = 1n; scid <= 60n; scid++) {
        t.is(findChannel(snapshot.topology, scid) >= 0, expected.has(scid))
        const direction: Direction = 1
        t.is(builder.setPolicy(scid, direction, policy), expected.has(scid))
        t.deepEqual(
          builder.channel(scid)?.nodeIds.map((id) => id[32]),
          expected.get(scid)?.slice(0, 2) as number[] | undefined,
        )
      }
      for (let node = 0; node <= 30; node++) {
        t.is(findNode(snapshot.topology, nodeId(node)) >= 0, nodes.has(node))
        t.is(builder.hasNode(nodeId(node)), nodes.has(node))
      }
    }),
    { seed: 10, numRuns: 100 },
  )
})
