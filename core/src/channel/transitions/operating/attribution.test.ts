import test from 'ava'
import { ATTRIBUTION_DATA_LENGTH } from '../../../wire/messages/channel-operation.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import type { Effect, HtlcOutcome } from '../../state/effects.ts'
import type { ChannelMessage, SettleHtlcCommand } from '../../state/inputs.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

const attribution = new Uint8Array(ATTRIBUTION_DATA_LENGTH).fill(9)
const reason = new Uint8Array(292).fill(1)

const offered = (): TwoParties => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  return two
}

type Removal = Extract<ChannelMessage, { readonly type: 'update_fulfill_htlc' | 'update_fail_htlc' }>

const removalBy = (two: TwoParties, party: TestParty): Removal => {
  const message = two.sentBy(party).find(({ type }) => type === 'update_fulfill_htlc' || type === 'update_fail_htlc')
  if (message?.type !== 'update_fulfill_htlc' && message?.type !== 'update_fail_htlc') throw new Error('none removed')
  return message
}

const outcomeFor = ({ effects }: TestParty): HtlcOutcome | undefined =>
  effects.flatMap((effect) => (effect.type === 'settle' ? [effect.outcome] : []))[0]

const fulfil = { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1) } as const
const fail = { type: 'fail-htlc', htlcId: 0n, reason } as const
const WAYS: readonly SettleHtlcCommand[] = [
  { ...fulfil, attribution },
  { ...fail, attribution },
]

for (const command of WAYS) {
  test(`BOLT 2, removing an HTLC — failures and fulfilments carry attribution data: to the origin, ${command.type}`, (t) => {
    const two = offered()
    two.run(two.bob, command)
    t.deepEqual(removalBy(two, two.bob).attributionData, attribution)
    two.settle()
    t.like(outcomeFor(two.alice), { attribution })
  })

  test(`BOLT 2, removing an HTLC — what is sent again has the same attribution data: ${command.type}`, (t) => {
    const two = offered()
    two.run(two.bob, command)
    const first = removalBy(two, two.bob)
    // Not signed for.
    two.disconnect()
    two.connect()
    two.deliver(two.alice)
    t.deepEqual(removalBy(two, two.bob), first)
    // Signed for, and the peer has none of it.
    two.sign(two.bob)
    two.disconnect()
    two.connect()
    two.deliver(two.alice)
    t.deepEqual(removalBy(two, two.bob), first)
    // From the disk.
    const { channelRow, htlcRows } = encodeChannel(undefined, two.bob.stored)
    const decoded = decodeChannel(channelRow, htlcRows)
    if (!decoded.ok) return t.fail(decoded.error.code)
    two.lose(two.bob)
    two.lose(two.alice)
    two.bob.state = { durable: decoded.value }
    two.connect()
    two.deliver(two.alice)
    t.deepEqual(removalBy(two, two.bob), first)
    two.settle()
    t.like(outcomeFor(two.alice), { attribution })
  })

  test(`BOLT 2, removing an HTLC — a decision is final, and so are its attribution data: ${command.type}`, (t) => {
    const two = offered()
    two.run(two.bob, command)
    const decided = two.bob.stored
    two.run(two.bob, { ...command, attribution: new Uint8Array(ATTRIBUTION_DATA_LENGTH) } as SettleHtlcCommand)
    t.is(two.bob.stored, decided)
  })
}

test('BOLT 2, removing an HTLC — attribution data of another length count as none, and keep nobody from the preimage or the reason', (t) => {
  for (const length of [0, 919, 921, 60_000]) {
    for (const command of [fulfil, fail]) {
      const two = offered()
      two.run(two.bob, { ...command, attribution: new Uint8Array(length) })
      two.settle()
      const outcome = outcomeFor(two.alice)
      t.is(outcome?.type, command === fulfil ? 'fulfilled' : 'failed')
      t.false(outcome !== undefined && 'attribution' in outcome, `${command.type} ${length}`)
      t.is(two.alice.funded.htlcs.offered.length, 0)
    }
  }
})

test('BOLT 2, removing an HTLC — a preimage that comes where it may not is told with its attribution data', (t) => {
  const two = offered()
  two.fail(two.bob, 0n)
  two.deliver(two.bob)
  two.alice.recv({
    type: 'update_fulfill_htlc',
    channelId: two.alice.funded.params.channelId,
    id: 0n,
    paymentPreimage: preimageOf(1),
    attributionData: attribution,
  })
  t.like(outcomeFor(two.alice), { type: 'fulfilled', attribution })
})

test('a failure that was signed for keeps its attribution data over a restart of who offered the HTLC', (t) => {
  const two = offered()
  two.run(two.bob, { ...fail, attribution })
  two.sign(two.bob)
  two.deliver(two.bob)
  two.deliver(two.bob)
  const { channelRow, htlcRows } = encodeChannel(undefined, two.alice.stored)
  const decoded = decodeChannel(channelRow, htlcRows)
  if (!decoded.ok) return t.fail(decoded.error.code)
  two.lose(two.alice)
  two.lose(two.bob)
  two.alice.state = { durable: decoded.value }
  two.connect()
  two.settle()
  t.like(outcomeFor(two.alice), { type: 'failed', attribution })
})

test('an HTLC is told of as just committed once: not again after a restart', (t) => {
  const { bob } = offered()
  const told = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === 'forward' ? [effect.justCommitted] : []))
  t.deepEqual(told(bob.effects), [true])
  t.deepEqual(told(resume(bob.state, bob.env)), [undefined])
})
