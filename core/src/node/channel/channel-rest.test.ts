import test from 'ava'
import type { ChannelState } from '../../channel/state/channel-state.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { ChannelRest } from './channel-rest.ts'

const normal = (): ChannelState => new TwoParties().ready({ pushMsat: 200_000_000n }).alice.state

/** The opener has offered its fee. */
const negotiating = (): ChannelState => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  return two.alice.state
}

const at = () => {
  const clock = virtualClock()
  return { clock, rest: new ChannelRest(clock) }
}

test('a fee that the peer hangs up at is held back at once, and ever longer, up to an hour', async (t) => {
  const { clock, rest } = at()
  const state = negotiating()
  const pauses: number[] = []
  for (let again = 0; again < 9; again++) {
    t.is(rest.connected(), undefined)
    const pause = rest.disconnected(state, true, true)
    t.is(pause?.rest.from, 'negotiation')
    pauses.push(pause?.forMs ?? 0)
    await clock.advance(pause?.forMs ?? 0)
  }
  t.deepEqual(
    pauses.map((ms) => ms / 1000),
    [300, 600, 1200, 2400, 3600, 3600, 3600, 3600, 3600],
  )
})

test('what is held back is what was offered, through connections that end for other reasons, until the time is over', async (t) => {
  const { clock, rest } = at()
  const state = negotiating()
  rest.connected()
  rest.disconnected(state, true, true)
  for (const passedMs of [0, 100_000]) {
    await clock.advance(passedMs)
    t.deepEqual(rest.connected(), {
      rest: { from: 'negotiation', offered: state.session?.closing?.sentRange },
      forMs: 300_000 - passedMs,
    })
    t.is(rest.disconnected(state, false, true), undefined)
  }
  await clock.advance(200_000)
  t.is(rest.connected(), undefined)
})

test('a channel that the connection ends at may try once more at once, and rests from the second time on', (t) => {
  const { rest } = at()
  rest.connected()
  t.is(rest.disconnected(normal(), true, true), undefined)
  t.is(rest.connected(), undefined)
  t.like(rest.disconnected(normal(), true, true), { rest: { from: 'reestablishment' }, forMs: 60_000 })
})

test('a channel rests for the sake of others: with none, it is tried with each connection', (t) => {
  const { rest } = at()
  for (let again = 0; again < 5; again++) {
    t.is(rest.connected(), undefined)
    t.is(rest.disconnected(normal(), true, false), undefined)
  }
})

test('a channel that the peer has moved, or that went well for a minute, begins anew', async (t) => {
  const { clock, rest } = at()
  for (let again = 0; again < 5; again++) {
    rest.connected()
    if (again % 2 === 0) rest.follow({ type: 'peer-message' }, normal(), true)
    else await clock.advance(60_000)
    t.is(rest.disconnected(normal(), true, true), undefined)
  }
})

test('a rest is over when the channel speaks, and when the operator asks for the close again', (t) => {
  const state = negotiating()
  for (const [type, next, isOver] of [
    ['block', { durable: state.durable }, false],
    ['timer', state, true],
    ['close', { durable: state.durable }, true],
  ] as const) {
    const { rest } = at()
    rest.connected()
    rest.disconnected(state, true, true)
    t.is(rest.follow({ type }, next, true), isOver)
    t.is(rest.connected() === undefined, isOver)
  }
})
