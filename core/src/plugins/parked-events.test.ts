import test from 'ava'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { ParkedEvents, parkedEvents } from './parked-events.ts'
import { MemoryStore } from './testing/fake-node.ts'

const event = (sequence: number): EncodedEvent => {
  const cursor = `e${sequence}`
  const envelope = { cursor, at: 5, type: 'payment.received', version: 1, payload: { amountMsat: `${sequence}` } }
  return { cursor, sequence, name: 'payment.received', version: 1, at: 5, text: JSON.stringify(envelope) }
}

test('what was set aside is listed newest first, with handler, error and the whole event, whoever keeps it now', async (t) => {
  const store = new MemoryStore()
  const parked = new ParkedEvents(store, 'fees')
  await parked.load()
  for (const sequence of [1, 2]) await store.put(parked.park('earnings', event(sequence), 'Error: no', 100 + sequence))
  await store.put(new ParkedEvents(store, 'fees2').park('other', event(3), 'x', 1))
  const listed = await parkedEvents(store, 'fees')
  t.deepEqual(
    listed.map(({ at, label, error }) => [at, label, error]),
    [
      [102, 'earnings', 'Error: no'],
      [101, 'earnings', 'Error: no'],
    ],
  )
  t.deepEqual(listed[0]?.event, JSON.parse(event(2).text))
})

test('a row that cannot be read is passed over', async (t) => {
  const store = new MemoryStore()
  await store.put(new ParkedEvents(store, 'fees').park('earnings', { ...event(1), text: '{' }, 'x', 1))
  store.rows.set('parked/fees/odd', 'nonsense')
  t.deepEqual(await parkedEvents(store, 'fees'), [])
})
