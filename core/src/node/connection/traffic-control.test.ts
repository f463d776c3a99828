import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { TrafficControl } from './traffic-control.ts'
import { TRAFFIC_LIMITS } from './traffic-limits.ts'

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
