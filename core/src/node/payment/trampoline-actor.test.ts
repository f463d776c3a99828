import test from 'ava'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import { named } from '../../payment/fixtures/nodes.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import { alice, bob, carol, routeTo, TrampolineRig, trampolinePart } from './fixtures/trampoline-rig.ts'

const PREIMAGE = named('preimage')
const FULFILLED = { type: 'fulfilled', preimage: PREIMAGE, onChain: false } as const
const TIMED_OUT = { type: 'timed-out-on-chain' } as const
const WHOLE = trampolinePart(1n, 1_010_000n)

/** Half over each of two channels. */
const inHalves = (question: RouteQuestion): FoundRoutes =>
  ok([routeTo(question, 'out', question.remainingMsat / 2n), routeTo(question, 'out2', question.remainingMsat / 2n)])

test('what came in is fulfilled by the first preimage, though a part is still out; and what that comes to is told once it is known', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = inHalves
  await rig.part(trampolinePart(1n, 500_000n))
  await rig.part(trampolinePart(2n, 510_000n, { channel: 'in2' }))
  t.is(rig.offered.length, 2)
  await rig.settle(1, FULFILLED)
  t.deepEqual(await rig.told(), ['1 fulfilled', '2 fulfilled'])
  t.is(await rig.rows(), 1)
  t.deepEqual(await rig.tales(), [])
  await rig.settle(0, FULFILLED)
  t.deepEqual(await rig.told(), [])
  t.is(await rig.rows(), 0)
  t.deepEqual(await rig.tales(), ['payment.relayed'])
})

test('parts that wait too long for the others are given back, and none that comes later joins them', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.part(trampolinePart(1n, 500_000n))
  await rig.clock.advance(59_999)
  t.deepEqual(await rig.told(), [])
  await rig.clock.advance(1)
  t.deepEqual(await rig.told(), ['1 mpp_timeout'])
  await rig.part(trampolinePart(2n, 510_000n))
  t.is(rig.offered.length, 0)
  await rig.part(trampolinePart(3n, 500_000n))
  t.is(rig.offered.length, 1)
})

test('a relay that was given back, and of which no channel will ever tell, leaves no row and takes no place', async (t) => {
  const rig = await TrampolineRig.start(t)
  for (let id = 1n; id <= 50n; id++) await rig.part(trampolinePart(id, 1_010_000n, { payment: `${id}` }))
  t.is(rig.offered.length, 50)
  const payment = 'another'
  await rig.part(trampolinePart(51n, 1_010_000n, { payment }))
  t.deepEqual(await rig.told(), ['51 temporary_trampoline_failure'])
  // The chain decides about what is out, and tells in the end.
  rig.closing = 'out'
  await rig.block(797)
  t.is((await rig.told()).length, 50)
  t.is(await rig.rows(), 50)
  t.is(rig.peerRelays.underWay(named('in')).htlcs, 0)
  rig.height = 500
  await rig.part(trampolinePart(52n, 1_010_000n, { payment }))
  t.is(rig.offered.length, 51)
  // Nothing will tell.
  for (let id = 2; id <= 50; id++) rig.forget(1)
  await rig.block(797)
  t.is(await rig.rows(), 2)
})

test('of one peer so many parts wait at most, and those of others are not kept out by it', async (t) => {
  const rig = await TrampolineRig.start(t)
  const partOf = (id: bigint, more = {}) => trampolinePart(id, 1_000n, { payment: `${id}`, ...more })
  for (let id = 1n; id <= 100n; id++) await rig.part(partOf(id))
  t.deepEqual(await rig.told(), [])
  await rig.part(partOf(101n))
  t.deepEqual(await rig.told(), ['101 temporary_trampoline_failure'])
  await rig.part(partOf(102n, { channel: 'in2' }))
  t.deepEqual(await rig.told(), [])
  await rig.clock.advance(60_000)
  t.is((await rig.told()).length, 101)
  await rig.part(WHOLE)
  t.is(rig.offered.length, 1)
})

test('a preimage that comes for a relay of which nobody was to tell any more is told as a loss', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.part(WHOLE)
  const [out] = rig.offered
  rig.forget(0)
  await rig.block(797)
  t.deepEqual(await rig.told(), ['1 temporary_trampoline_failure'])
  t.is(await rig.rows(), 0)
  if (out !== undefined) rig.offered.push(out)
  await rig.settle(0, FULFILLED)
  t.deepEqual(await rig.tales(), [
    'payment.relay-failed temporary-trampoline-failure',
    'channel.errored htlc-paid-too-late',
  ])
})

test('what was under way when the database was put back has nothing more sent for it, and is not given back, until it is certain', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = inHalves
  await rig.part(WHOLE)
  // The first half is gone since, and something may have been sent in its place.
  rig.forget(0)
  await rig.restart(true)
  rig.connected()
  t.is(rig.offered.length, 1)
  await rig.settle(0, TIMED_OUT)
  t.is(rig.offered.length, 0)
  // Begun later: it is certain.
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  t.is(rig.offered.length, 2)
  t.deepEqual(await rig.told(), [])
  await rig.relayer.ask('cleared', {})
  t.is(rig.offered.length, 4)
  await rig.settle(2, FULFILLED)
  t.deepEqual(await rig.told(), ['1 fulfilled'])
})

test('an unsure relay is fulfilled by a preimage, and given back in time if none comes', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.part(WHOLE)
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  await rig.restart(true)
  await rig.settle(0, FULFILLED)
  t.deepEqual(await rig.told(), ['1 fulfilled'])
  await rig.settle(0, TIMED_OUT)
  await rig.block(796)
  t.deepEqual(await rig.told(), [])
  await rig.block(797)
  t.deepEqual(await rig.told(), ['2 temporary_trampoline_failure'])
  t.is(await rig.rows(), 0)
})

test('what a start finds waits for the peers that it could go on to, and is given back when they have had their time', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = () => err({ code: 'no-route' })
  await rig.part(trampolinePart(4n, 1_010_000n, { payment: 'nobody is missing' }))
  t.deepEqual(await rig.told(), ['4 unknown_next_trampoline'])
  rig.missing = true
  await rig.relayer.ask('connecting', {})
  await rig.part(WHOLE)
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  await rig.clock.advance(10_000)
  rig.find = (question) =>
    equalBytes(question.target.paymentHash, WHOLE.paymentHash)
      ? ok([routeTo(question, 'out')])
      : err({ code: 'no-route' })
  rig.connected()
  await rig.settled()
  t.is(rig.offered.length, 1)
  t.deepEqual(await rig.told(), [])
  await rig.clock.advance(10_000)
  t.deepEqual(await rig.told(), ['2 unknown_next_trampoline'])
  await rig.part(trampolinePart(3n, 1_010_000n, { payment: 'a third' }))
  t.deepEqual(await rig.told(), ['3 unknown_next_trampoline'])
})

test('what a start finds is looked for until its peers have had their time, however long the node took to get there', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = () => new Promise(() => {})
  await rig.part(WHOLE)
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  rig.find = () => err({ code: 'no-route' })
  rig.missing = true
  await rig.restart()
  // The chain is caught up with.
  await rig.clock.advance(40_000)
  await rig.relayer.ask('connecting', {})
  await rig.clock.advance(15_000)
  t.deepEqual(await rig.told(), [])
  rig.find = (question) =>
    equalBytes(question.target.paymentHash, WHOLE.paymentHash) ? ok([routeTo(question, 'out')]) : new Promise(() => {})
  rig.connected()
  await rig.settled()
  t.is(rig.offered.length, 1)
  // Who looks for the other never answers: that is not waited for without end.
  await rig.clock.advance(30_000)
  t.deepEqual(await rig.told(), ['2 temporary_trampoline_failure'])
})

test('what a start finds before the chain is in sight waits for that', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.relayer.ask('connecting', {})
  rig.claimable = false
  await rig.part(WHOLE)
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  t.deepEqual(await rig.told(), [])
  rig.claimable = true
  await rig.block(500)
  await rig.settled()
  t.is(rig.offered.length, 2)
  rig.claimable = false
  await rig.part(trampolinePart(3n, 1_010_000n, { payment: 'a third' }))
  await rig.clock.advance(20_000)
  t.deepEqual(await rig.told(), ['3 temporary_trampoline_failure'])
})

test('a start in each stage of a relay sends nothing twice, and settles what came in', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.relayer.ask('connecting', {})
  await rig.clock.advance(20_000)
  const [first, second] = [trampolinePart(1n, 500_000n), trampolinePart(2n, 510_000n, { channel: 'in2' })]
  await rig.part(first)
  // Parts that wait are in no row: their channels hand them on again.
  await rig.restart()
  await rig.part(second)
  t.is(rig.offered.length, 0)
  // Routes are looked for.
  rig.find = () => new Promise(() => {})
  await rig.part(first)
  t.is(await rig.rows(), 1)
  rig.find = (question) => ok([routeTo(question, 'out')])
  await rig.restart()
  t.is(rig.offered.length, 1)
  // An HTLC is out.
  await rig.restart()
  for (const part of [first, second]) await rig.part(part)
  t.is(rig.offered.length, 1)
  t.deepEqual(await rig.told(), [])
  await rig.settle(0, FULFILLED)
  t.deepEqual(await rig.told(), ['2 fulfilled', '1 fulfilled'])
  t.is(await rig.rows(), 0)
})

test('a start between the preimage and its way back fulfils what came in', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = inHalves
  rig.fulfils = false
  await rig.part(WHOLE)
  await rig.settle(0, FULFILLED)
  t.deepEqual(await rig.told(), [])
  rig.fulfils = true
  await rig.restart()
  t.deepEqual(await rig.told(), ['1 fulfilled'])
})

test('htlc.forward — of a trampoline relay each channel that it comes in by, and each that it would go out of, is asked about', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = inHalves
  rig.verdict = async () => ({ type: 'continue' })
  await rig.part(trampolinePart(1n, 200_000n))
  await rig.part(
    trampolinePart(2n, 300_000n, {
      cltvExpiry: 790,
      outer: { ...WHOLE.outer, amtToForward: 300_000n, outgoingCltvValue: 790 },
    }),
  )
  await rig.part(trampolinePart(3n, 510_000n, { channel: 'in2' }))
  await rig.settled()
  t.deepEqual(
    rig.asked.map(({ incoming, outgoing }) => [toHex(incoming.channelId), toHex(outgoing.channelId)]),
    ['in', 'in2'].flatMap((into) => ['out', 'out2'].map((out) => [toHex(named(into)), toHex(named(out))])),
  )
  t.like(rig.asked[0], {
    incoming: { htlcId: 1n, amountMsat: 500_000n, cltvExpiry: 790 },
    outgoing: { amountMsat: 500_000n, cltvExpiry: 600 },
    trampolineFeeMsat: 10_000n,
    height: 500,
  })
  t.is(rig.offered.length, 2)
})

test('htlc.forward — nothing of a trampoline relay goes out before its verdict, and its failure is what the sender is told', async (t) => {
  const rig = await TrampolineRig.start(t)
  const answer = Promise.withResolvers<{ readonly type: 'continue' }>()
  rig.verdict = () => answer.promise
  await rig.part(WHOLE)
  await rig.settled()
  t.deepEqual([rig.offered.length, rig.asked.length], [0, 1])
  // While it waited, the incoming channel went to the chain.
  rig.claimable = false
  answer.resolve({ type: 'continue' })
  t.deepEqual(await rig.told(), ['1 temporary_trampoline_failure'])
  t.is(rig.offered.length, 0)
  rig.claimable = true
  rig.verdict = async () => ({ type: 'fail', failure: { type: 'temporary_channel_failure' }, by: 'guard' })
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  t.deepEqual(await rig.told(), ['2 temporary_channel_failure'])
  t.deepEqual((await rig.tales()).at(-1), 'payment.relay-failed temporary-channel-failure guard')
  t.is(await rig.rows(), 0)
})

test('htlc.forward — what is tried again over another channel is asked about again, and what is out is waited for', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = inHalves
  rig.verdict = async ({ outgoing }) =>
    outgoing.amountMsat < 500_000n
      ? { type: 'fail', failure: { type: 'unknown_next_peer' }, by: 'guard' }
      : { type: 'continue' }
  await rig.part(WHOLE)
  await rig.settled()
  await rig.settle(0, TIMED_OUT)
  t.deepEqual(await rig.told(), [])
  t.is(rig.offered.length, 1)
  await rig.settle(0, TIMED_OUT)
  t.deepEqual(await rig.told(), ['1 unknown_next_peer'])
})

test('htlc.forward — on a further try, the fee of a trampoline relay is what is left by what is out and what would go out', async (t) => {
  const rig = await TrampolineRig.start(t)
  rig.find = (question) => {
    const { channelId, hops } = routeTo(question, 'out')
    return ok([{ channelId, hops: hops.flatMap((hop) => [{ ...hop, amountMsat: hop.amountMsat + 3_000n }, hop]) }])
  }
  rig.verdict = async () => ({ type: 'continue' })
  await rig.part(WHOLE)
  await rig.settled()
  await rig.settle(0, TIMED_OUT)
  await rig.settled()
  t.deepEqual(
    rig.asked.map(({ trampolineFeeMsat }) => trampolineFeeMsat),
    [7_000n, 7_000n],
  )
})

test('peers.relays — counts what came in by trampoline, with its share of the fees, and where it went', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.part(trampolinePart(1n, 404_000n))
  await rig.part(trampolinePart(2n, 606_000n, { channel: 'in2' }))
  await rig.clock.advance(2_000)
  await rig.settle(0, FULFILLED)
  const relays = Object.fromEntries(rig.peerRelays.all().map(({ nodeId, ...counted }) => [nodeId, counted]))
  const [fromAlice, fromBob, toCarol] = [alice, bob, carol].map(({ nodeId }) => relays[toHex(nodeId)])
  t.like(fromAlice, { in: { settled: 1, amountMsat: 404_000n, feesMsat: 4_000n, heldMs: 2_000 }, refused: 0 })
  t.like(fromBob, { in: { settled: 1, amountMsat: 606_000n, feesMsat: 6_000n } })
  t.like(toCarol, { out: { settled: 1, amountMsat: 1_000_000n, feesMsat: 10_000n, failed: 0 } })
  t.is(fromAlice?.underWay.htlcs, 0)
})

test('peers.relays — counts a trampoline relay that came back as failed, and one that never went out as refused', async (t) => {
  const rig = await TrampolineRig.start(t)
  await rig.part(WHOLE)
  rig.find = () => err({ code: 'no-route' })
  await rig.relayer.ask('started', {})
  await rig.settle(0, TIMED_OUT)
  await rig.part(trampolinePart(2n, 1_010_000n, { payment: 'another' }))
  await rig.part(trampolinePart(3n, 1_000n, { payment: 'a third', cltvExpiry: 799 }))
  t.is((await rig.told()).length, 3)
  const counted = rig.peerRelays.all().find(({ nodeId }) => nodeId === toHex(alice.nodeId))
  t.like(counted, { in: { failed: 1, settled: 0 }, refused: 2, underWay: { htlcs: 0 } })
  const out = rig.peerRelays.all().find(({ nodeId }) => nodeId === toHex(carol.nodeId))
  t.like(out, { out: { failed: 1, settled: 0 } })
})
