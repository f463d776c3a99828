import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { Reconnection } from './reconnection.ts'

test('the pause grows while connections succeed and are dropped at once, up to a minute and a half', async (t) => {
  const clock = virtualClock()
  const reconnection = new Reconnection(clock, seededRng(1))
  t.true(reconnection.pauseMs('peer') < 250)
  const pauses: number[] = []
  for (let drop = 0; drop < 20; drop++) {
    const ended = reconnection.begins('peer')
    await clock.advance(1_000)
    ended()
    pauses.push(reconnection.pauseMs('peer'))
  }
  t.true((pauses[0] ?? 0) >= 250)
  for (const [drop, pause] of pauses.entries()) t.true(pause >= Math.min(250 * 2 ** drop, 30_000), `${drop}: ${pause}`)
  t.true(pauses.every((pause) => pause <= 90_000))
  t.true(reconnection.pauseMs('another') < 250)
})

test('the pause is short again after a connection that has lasted', async (t) => {
  const clock = virtualClock()
  const reconnection = new Reconnection(clock, seededRng(1))
  for (let attempt = 0; attempt < 10; attempt++) reconnection.failed('peer')
  t.true(reconnection.pauseMs('peer') >= 30_000)
  const ended = reconnection.begins('peer')
  await clock.advance(60_000)
  ended()
  t.true(reconnection.pauseMs('peer') < 250)
})

test('a clock that is set does not make a connection last', (t) => {
  const clock = virtualClock()
  const reconnection = new Reconnection({ ...clock, now: () => 0, monotonic: () => 5 }, seededRng(1))
  reconnection.failed('peer')
  reconnection.begins('peer')()
  t.true(reconnection.pauseMs('peer') >= 500)
})
