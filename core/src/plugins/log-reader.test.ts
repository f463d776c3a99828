import test from 'ava'
import { ok } from '../lib/result.ts'
import type { EventLogPort, ReplayedEvents } from '../node/contract-gateway.ts'
import { LogReader } from './log-reader.ts'

test('a log that cannot be read is answered as an error, and read again when it is asked for', async (t) => {
  const empty: ReplayedEvents = { events: [], next: 'e1' }
  let failing = true
  const log: EventLogPort = {
    head: () => 'e1',
    subscribe: () => () => {},
    replay: () => (failing ? Promise.reject(new Error('made to fail by the test')) : Promise.resolve(ok(empty))),
  }
  const reader = new LogReader(log)
  const [first, second] = await Promise.all([reader.read('e1', 'chain.block', 1), reader.read('e2', 'chain.block', 1)])
  for (const failed of [first, second]) t.like(failed, { ok: false, error: { code: 'internal' } })
  failing = false
  t.deepEqual(await reader.read('e1', 'chain.block', 1), ok(empty))
})
