import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { toHex } from '../../lib/bytes.ts'
import { find, nodeId, numberOf, policy, type SmallChannel, worldOf } from '../fixtures/small-graph.ts'
import type { GraphPolicy } from '../graph-builder.ts'
import { receivedToRelay } from '../relay-fee.ts'
import type { CostModel } from './cost.ts'
import type { FoundPath, OwnChannelEnd } from './path-question.ts'

const NODES = 10

const asked = fc.record({
  feeBaseMsat: fc.nat(3_000),
  feeProportionalMillionths: fc.nat(50_000),
  cltvExpiryDelta: fc.nat(200),
  htlcMinimumMsat: fc.constantFrom(1n, 1_000n, 40_000n),
  htlcMaximumMsat: fc.constantFrom(60_000n, 200_000n, 10n ** 12n),
  inboundFeeBaseMsat: fc.constantFrom(0, 0, -700, 300),
  inboundFeeProportionalMillionths: fc.constantFrom(0, 0, -20_000, 5_000),
  disabled: fc.constantFrom(false, false, false, true),
})

const channelsWith = (
  policyOf: fc.Arbitrary<Partial<GraphPolicy>>,
  minLength = 8,
): fc.Arbitrary<readonly SmallChannel[]> =>
  fc
    .array(
      fc.record({
        between: fc.tuple(fc.nat(NODES - 1), fc.nat(NODES - 1)),
        capacitySat: fc.bigInt(50n, 2_000n),
        policies: fc.tuple(policyOf, policyOf),
      }),
      { minLength, maxLength: minLength + 22 },
    )
    .map((channels) => channels.map((channel, i) => ({ ...channel, scid: BigInt(i + 1) })))

/** The policy of a direction, as the graph has it. */
const policyFrom = (channels: readonly SmallChannel[], scid: bigint, from: number): GraphPolicy => {
  const { between, policies = [{}, {}] } = channels[Number(scid) - 1] as SmallChannel
  return policy(policies[from === Math.min(...between) ? 0 : 1])
}

/** Goes along a path as the HTLC does: each node gets what it asks for, and every channel takes what it is given. */
const walk = (t: ExecutionContext, channels: readonly SmallChannel[], path: FoundPath): void => {
  let from = 0
  for (const [i, { nodeId: to, shortChannelId, amountMsat, cltvExpiryDelta }] of path.hops.entries()) {
    if (i > 0 || path.ownChannel === undefined) {
      const asks = policyFrom(channels, shortChannelId as bigint, from)
      t.false(asks.disabled)
      t.true(amountMsat >= asks.htlcMinimumMsat && amountMsat <= asks.htlcMaximumMsat)
      const before = path.hops[i - 1]
      if (before !== undefined) {
        const { inboundFeeBaseMsat = 0, inboundFeeProportionalMillionths = 0 } =
          before.shortChannelId === undefined ? {} : policyFrom(channels, before.shortChannelId, from)
        const inbound = { inboundFeeBaseMsat, inboundFeeProportionalMillionths }
        t.is(before.amountMsat, receivedToRelay(asks, inbound, amountMsat))
        t.is(before.cltvExpiryDelta - cltvExpiryDelta, asks.cltvExpiryDelta)
      }
    }
    from = numberOf(to)
  }
  t.is(from, 9)
  t.is(path.hops.at(-1)?.amountMsat, path.amountMsat)
  t.is(path.hops.at(-1)?.cltvExpiryDelta, 40)
  t.is(path.hops[0]?.amountMsat, path.amountMsat + path.feesMsat)
  t.is(path.hops[0]?.cltvExpiryDelta, path.cltvExpiryDelta)
}

test('every path pays each node exactly what it asks, and keeps the limits', (t) => {
  fc.assert(
    fc.property(
      channelsWith(asked),
      fc.bigInt(500n, 150_000n),
      fc.bigInt(0n, 20_000n),
      fc.integer({ min: 40, max: 500 }),
      fc.constantFrom(1, 5),
      (channels, amountMsat, maxFeeMsat, maxCltvExpiryDelta, maxParts) => {
        const limits = { amountMsat, maxFeeMsat, maxCltvExpiryDelta, maxParts, maxHops: 4 }
        const answer = find(worldOf(channels), limits)
        if (!answer.ok) return
        const { paths, feesMsat } = answer.value
        for (const path of paths) {
          walk(t, channels, path)
          t.true(path.hops.length <= 4)
          t.true(path.cltvExpiryDelta <= maxCltvExpiryDelta)
        }
        t.true(paths.length <= maxParts)
        t.is(
          paths.reduce((sum, path) => sum + path.amountMsat, 0n),
          amountMsat,
        )
        t.true(feesMsat <= maxFeeMsat)
      },
    ),
    { seed: 10, numRuns: 250 },
  )
})

test('BOLT 4, packets — a route leads from us over channels, each from the node that the last one led to', (t) => {
  fc.assert(
    fc.property(channelsWith(asked), fc.bigInt(500n, 50_000n), (channels, amountMsat) => {
      const limits = { amountMsat, maxFeeMsat: 20_000n, maxCltvExpiryDelta: 500, maxParts: 3, maxHops: 6 }
      const answer = find(worldOf(channels), limits)
      if (!answer.ok) return
      for (const { hops } of answer.value.paths) {
        let from = 0
        for (const { nodeId: to, shortChannelId } of hops) {
          const ends: readonly number[] = channels.find(({ scid }) => scid === shortChannelId)?.between ?? []
          t.true(ends.includes(from) && ends.includes(numberOf(to)))
          from = numberOf(to)
        }
      }
    }),
    { seed: 12, numRuns: 100 },
  )
})

test('parts together overdraw no own channel, and no channel of others', (t) => {
  const ownChannels = fc.array(
    fc.record({
      peer: fc.nat(NODES - 2),
      spendableMsat: fc.bigInt(1n, 300_000n),
      htlcCostMsat: fc.constantFrom(0n, 500n),
      htlcSlots: fc.integer({ min: 0, max: 5 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  let several = 0
  fc.assert(
    fc.property(channelsWith(asked, 30), ownChannels, fc.integer({ min: 1, max: 99 }), (channels, ends, percent) => {
      const own: readonly OwnChannelEnd[] = ends.map(({ peer, ...end }) => ({
        ...end,
        remoteNodeId: nodeId(peer + 1),
        htlcMinimumMsat: 1n,
      }))
      const balance = own.reduce((sum, { spendableMsat }) => sum + spendableMsat, 0n)
      const amountMsat = (balance * BigInt(percent)) / 100n + 1n
      const answer = find(worldOf(channels), { ownChannels: own, amountMsat, maxFeeMsat: amountMsat, maxParts: 8 })
      if (!answer.ok) return
      const { paths } = answer.value
      if (paths.length > 1) several++
      t.is(
        paths.reduce((sum, path) => sum + path.amountMsat, 0n),
        amountMsat,
      )
      const carried = new Map<string, bigint>()
      for (const path of paths) {
        walk(t, channels, path)
        let from = '-'
        for (const { shortChannelId, nodeId, amountMsat } of path.hops) {
          const name = from === '-' ? `own ${path.ownChannel}` : `${from} ${shortChannelId}`
          carried.set(name, (carried.get(name) ?? 0n) + amountMsat)
          from = toHex(nodeId)
        }
      }
      for (const [place, { spendableMsat, htlcCostMsat = 0n, htlcSlots = 0 }] of own.entries()) {
        const htlcs = BigInt(paths.filter(({ ownChannel }) => ownChannel === place).length)
        if (htlcs === 0n) continue
        t.true((carried.get(`own ${place}`) ?? 0n) + htlcCostMsat * (htlcs - 1n) <= spendableMsat)
        t.true(htlcs <= BigInt(htlcSlots))
      }
      for (const [name, amount] of carried) {
        if (name.startsWith('own')) continue
        const { capacitySat = 0n } = channels[Number(name.split(' ')[1]) - 1] as SmallChannel
        t.true(amount <= capacitySat * 1_000n)
      }
    }),
    { seed: 11, numRuns: 300 },
  )
  t.true(several > 20, `${several} in several parts`)
})

const FEES_ONLY: CostModel = {
  lockedBillionthsPerBlock: 0,
  hopBaseMsat: 0,
  hopMillionths: 0,
  failureBaseMsat: 0,
  failureMillionths: 0,
}

/** The least that any path without a circle takes out of node 0, by trying all of them from the end. */
const cheapest = (channels: readonly SmallChannel[], amountMsat: bigint): bigint | undefined => {
  let best: bigint | undefined
  const visit = (node: number, sends: bigint, met: readonly number[], next: GraphPolicy | undefined): void => {
    for (const { scid, between, capacitySat = 0n } of channels) {
      if (!between.includes(node) || between[0] === between[1]) continue
      const from = between[0] === node ? between[1] : between[0]
      if (met.includes(from)) continue
      const asks = policyFrom(channels, scid, from)
      const none = { inboundFeeBaseMsat: 0, inboundFeeProportionalMillionths: 0 }
      const amount = next === undefined ? sends : receivedToRelay(next, none, sends)
      if (asks.disabled || amount > capacitySat * 1_000n) continue
      if (from === 0) {
        if (best === undefined || amount < best) best = amount
      } else visit(from, amount, [...met, from], asks)
    }
  }
  visit(9, amountMsat, [9], undefined)
  return best
}

test('with fees as the only cost no path is cheaper than the one that is found', (t) => {
  const fees = fc.record({
    feeBaseMsat: fc.nat(3_000),
    feeProportionalMillionths: fc.nat(100_000),
    disabled: fc.boolean(),
  })
  let routes = 0
  fc.assert(
    fc.property(
      channelsWith(fees).map((all) => all.slice(0, 18)),
      fc.bigInt(500n, 200_000n),
      (channels, amountMsat) => {
        const answer = find(worldOf(channels, { costs: FEES_ONLY }), { amountMsat, maxFeeMsat: 10n ** 12n })
        const best = cheapest(channels, amountMsat)
        if (answer.ok) routes++
        t.is(answer.ok ? answer.value.feesMsat + amountMsat : undefined, best)
      },
    ),
    { seed: 12, numRuns: 400 },
  )
  t.true(routes > 100, `${routes} found`)
})
