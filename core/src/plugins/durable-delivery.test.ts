import test from 'ava'
import { err } from '../lib/result.ts'
import { Account, MemoryPool } from './account.ts'
import { DurableDelivery } from './durable-delivery.ts'
import { LogReader } from './log-reader.ts'
import { FakeNode } from './testing/fake-node.ts'

const block = (node: FakeNode, count: number): void => {
  for (let i = 0; i < count; i++) {
    node.emit('peer.disconnected', { nodeId: `02${'ab'.repeat(32)}` })
  }
}

const setUp = (node: FakeNode, capacity: number, cursor = '0') => {
  let wake: () => void = () => {}
  const account = new Account(new MemoryPool(64 << 20, 1))
  const delivery = new DurableDelivery({
    reader: new LogReader(node.events),
    account,
    label: 'label',
    name: 'peer.disconnected',
    wants: () => true,
    charged: (work) => work(),
    cursor,
    capacity,
    capacityBytes: 1 << 20,
    onAvailable: () => wake(),
    onError: () => {},
  })
  node.events.subscribe({ names: ['peer.disconnected'] }, (event) => delivery.heard(event))
  const available = async (): Promise<void> => {
    if (!delivery.available) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const drain = async (count: number): Promise<string[]> => {
    const cursors: string[] = []
    while (cursors.length < count) {
      await available()
      const taken = delivery.take(7, 1_000_000)
      for (const { cursor: each } of taken) cursors.push(each)
      delivery.done(taken.length)
    }
    return cursors
  }
  return { delivery, drain, available, account }
}

const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1))

test('events before and after the subscription come once and in order, however little is held', async (t) => {
  const node = new FakeNode()
  block(node, 50)
  const { drain, delivery } = setUp(node, 10)
  block(node, 50)
  const first = drain(100)
  block(node, 50)
  const got = await first
  t.deepEqual([...got, ...(await drain(150 - got.length))], upTo(150))
  delivery.stop()
})

test('nothing more is handed out until what was handed out is done', async (t) => {
  const node = new FakeNode()
  block(node, 10)
  const { delivery, available } = setUp(node, 100)
  await available()
  t.is(delivery.take(4, 1_000_000).length, 4)
  t.is(delivery.take(4, 1_000_000).length, 0)
  t.is(delivery.sent(3)?.cursor, '3')
  delivery.done(3)
  t.is(delivery.take(4, 1_000_000).length, 0)
  t.is(delivery.sent(2), undefined)
  t.is(delivery.sent(1)?.cursor, '4')
  delivery.done(1)
  t.is(delivery.take(4, 1_000_000)[0]?.cursor, '5')
  t.is(delivery.sent(4)?.cursor, '8')
  delivery.done(4)
  // At least one, however large it is.
  t.is(delivery.take(4, 1).length, 1)
  delivery.stop()
})

test('a log that could not be read is read again with the next event', async (t) => {
  const node = new FakeNode()
  const { replay } = node.events
  let failures = 0
  Object.assign(node.events, {
    replay: async (...parameters: Parameters<typeof replay>) => {
      if (failures++ === 0) return err({ code: 'not-ready', message: 'not yet' })
      return replay(...parameters)
    },
  })
  block(node, 3)
  const { drain, delivery } = setUp(node, 100)
  await new Promise((resolve) => setImmediate(resolve))
  block(node, 1)
  t.deepEqual(await drain(4), upTo(4))
  delivery.stop()
})
