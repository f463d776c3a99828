import test from 'ava'
import { type VirtualClock, virtualClock } from '../../lib/clock-virtual.ts'
import { TrafficControl } from './traffic-control.ts'
import { type Resource, TRAFFIC_LIMITS, type TrafficLimits } from './traffic-limits.ts'

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a connection that is closed while it waits for its turn — leaves no timer behind, whatever it owes', async (t) => {
  const clock = virtualClock()
  const control = new TrafficControl({
    clock,
    limits: TRAFFIC_LIMITS,
    isPartner: () => false,
    isFamiliar: () => false,
  })
  const account = control.open({ remoteNodeId: new Uint8Array(33), remoteAddress: '192.0.2.1', direction: 'inbound' })
  account.wait(() => t.fail('its turn has come'))
  account.charge('pings', 1_000)
  account.close()
  await oneTurn()
  t.is(clock.nextTimerAt(), undefined)
  await clock.advance(3_600_000, oneTurn)
})

const PLENTY = { perSecond: 1e9, burst: 1e9 }
const LIMITS: TrafficLimits = {
  ...TRAFFIC_LIMITS,
  partner: { ...TRAFFIC_LIMITS.partner, talk: PLENTY },
  partners: { ...TRAFFIC_LIMITS.partners, talk: { perSecond: 50, burst: 500 } },
  modest: { ...TRAFFIC_LIMITS.modest, talk: { perSecond: 2, burst: 200 } },
}

/** Partners that talk, each as much as it may; what they have said in milliseconds of the event loop. */
const partnersOf = (clock: VirtualClock, limits: TrafficLimits = LIMITS) => {
  const control = new TrafficControl({ clock, limits, isPartner: () => true, isFamiliar: () => true })
  const call = (byte: number) => {
    const place = {
      remoteNodeId: new Uint8Array(33).fill(byte),
      remoteAddress: '192.0.2.1',
      direction: 'inbound',
    } as const
    return control.open(place)
  }
  const talking = (byte: number, resource: Resource) => {
    const account = call(byte)
    let used = 0
    return {
      talk(): void {
        while (account.sliceNow() !== undefined) {
          account.charge(resource, 4)
          used += 4
        }
      },
      used: () => used,
    }
  }
  return { call, talking }
}

const during = async (clock: VirtualClock, seconds: number, work: () => void): Promise<void> => {
  for (let i = 0; i < seconds * 100; i++) {
    work()
    await clock.advance(10, async () => {})
  }
}

test('what partners say beyond the work of their channels has a share for all together, however many they are', async (t) => {
  const clock = virtualClock()
  const { talking } = partnersOf(clock)
  const hostile = Array.from({ length: 20 }, (_, i) => talking(i, 'talk'))
  const talk = () => {
    for (const one of hostile) one.talk()
  }
  const used = () => hostile.reduce((sum, one) => sum + one.used(), 0)
  await during(clock, 10, talk)
  const before = used()
  await during(clock, 10, talk)
  // Two milliseconds a second each, and fifty for all.
  const perSecond = (used() - before) / 10
  t.true(perSecond <= 20 * 2 + 50 + 10, `${perSecond} ms a second`)
})

test('a partner that says little is not held up by what the others say', async (t) => {
  const clock = virtualClock()
  const { call, talking } = partnersOf(clock)
  const hostile = Array.from({ length: 20 }, (_, i) => talking(i, 'talk'))
  const modest = call(100)
  await during(clock, 60, () => {
    for (const one of hostile) one.talk()
    t.not(modest.sliceNow(), undefined)
    modest.charge('talk', 0.01)
    // The work of its channels is limited for itself alone.
    modest.charge('milliseconds', 4)
  })
})

test('a partner that calls again goes on with what is left of its allowance', (t) => {
  const clock = virtualClock()
  const { call } = partnersOf(clock)
  const first = call(1)
  first.charge('milliseconds', 1_200)
  t.is(first.sliceNow(), undefined)
  first.close()
  t.is(call(1).sliceNow(), undefined)
  t.not(call(2).sliceNow(), undefined)
})
