import test from 'ava'
import { fromHex } from '../lib/bytes.ts'
import {
  channelAnnouncement,
  channelUpdate,
  inOrder,
  NOW,
  nodeAnnouncement,
  testNode,
} from './fixtures/signed-gossip.ts'
import { RelayQueue } from './relay-queue.ts'

const NODES = inOrder(testNode('a'), testNode('b'))
const [A, B] = NODES
const channel = channelAnnouncement(NODES, 1n)
const update = channelUpdate(NODES, 1n)
const node = nodeAnnouncement(A)

test('BOLT 7, rebroadcasting — what is new is passed on once: a channel, its updates, its nodes', (t) => {
  const queue = new RelayQueue()
  queue.add([node, channel, update], 'peer')
  t.deepEqual(
    queue.flush(),
    [channel, update, node].map(({ raw }) => ({ raw, timestamp: NOW - 3_600, from: 'peer' })),
  )
  t.deepEqual(queue.flush(), [])
})

test('BOLT 7, rebroadcasting — a channel is passed on when its first update comes, and with the time of that', (t) => {
  const queue = new RelayQueue()
  queue.add([channel], 'one')
  t.deepEqual(queue.flush(), [])
  const first = channelUpdate([B, A], 1n, { timestamp: NOW })
  queue.add([first], 'other')
  t.deepEqual(queue.flush(), [
    { raw: channel.raw, timestamp: NOW, from: 'one' },
    { raw: first.raw, timestamp: NOW, from: 'other' },
  ])
  queue.add([update], 'one')
  t.is(queue.flush().length, 1)
})

test('BOLT 7, rebroadcasting — the latest word of each origin takes the place of an earlier one', (t) => {
  const queue = new RelayQueue()
  const newer = channelUpdate(NODES, 1n, { timestamp: NOW })
  const newerNode = nodeAnnouncement(A, { timestamp: NOW })
  queue.add([update, node, channelUpdate([B, A], 1n), newer, newerNode], 'peer')
  const raws = queue.flush().map(({ raw }) => raw)
  t.deepEqual([raws.length, raws.includes(newer.raw), raws.includes(newerNode.raw)], [3, true, true])
})

test('BOLT 7, node_announcement — of several hostnames the first one counts, and the announcement is not forwarded: it is not queued', (t) => {
  const queue = new RelayQueue()
  queue.add([nodeAnnouncement(A, { addresses: fromHex('05016126070501612607') })], 'peer')
  t.deepEqual(queue.flush(), [])
})
