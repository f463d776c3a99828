import test from 'ava'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { Account, MEMORY_CAPS, MemoryPool } from './account.ts'
import { Inbox } from './inbox.ts'

const HEAD = { now: 1, uptime: 3, seed: 2 }

const setUp = () => {
  const account = new Account(new MemoryPool(512 << 20, 1))
  const inbox = new Inbox(account)
  const taken = (each = '') => JSON.parse(inbox.take(HEAD, () => each) ?? 'null')
  return { account, inbox, taken }
}

const event = (text: string): EncodedEvent => ({
  cursor: '1',
  sequence: 1,
  name: 'peer.connected',
  version: 1,
  at: 0,
  text: JSON.stringify(text),
})

// Larger than a cell takes.
const CELL_BYTES = 16 << 20

test('a turn holds no more text than a cell takes, whatever waits: questions, then replies, then events', (t) => {
  const { account, inbox } = setUp()
  const large = '\u4e16'.repeat(100_000)
  let questions = 0
  while (inbox.question(questions, 'channel.accept', { large })) questions += 1
  let replies = 0
  while (account.room('replies') > 300_000) inbox.reply(replies++, large)
  for (let i = 0; i < 100; i++) inbox.live(event(large), 1_000)
  let offered = 0
  const text = inbox.take(HEAD, (chars) => {
    offered = chars
    return ''
  })
  t.true(Buffer.byteLength(text ?? '') < CELL_BYTES)
  const turn = JSON.parse(text ?? '')
  t.is(turn.hooks.length, questions)
  t.is(turn.replies.length, replies)
  t.true(offered >= 0 && text !== undefined && text.length + offered <= CELL_BYTES / 3)
  // The events that found no place come with the next turns.
  let live = turn.live?.length ?? 0
  for (;;) {
    const next = inbox.take(HEAD, () => '')
    if (next === undefined) break
    t.true(Buffer.byteLength(next) < CELL_BYTES)
    live += JSON.parse(next).live.length
  }
  t.true(live > 0)
  t.is(account.memoryBytes, 0)
})

test('live events are held by their bytes, not by their number alone: the oldest are left out', (t) => {
  const { account, inbox, taken } = setUp()
  let dropped = 0
  for (let i = 0; i < 200; i++) dropped += inbox.live(event(`${i} ${'x'.repeat(100_000)}`), 65_536)
  t.true(account.held('live') <= MEMORY_CAPS.live)
  t.is(dropped, 200 - Math.floor(MEMORY_CAPS.live / 200_100))
  const { live } = taken()
  t.is(Number(live[0].split(' ')[0]), dropped)
  for (let i = 0; i < 20; i++) dropped += inbox.live(event(`${i}`), 10)
  t.is(taken().live.length, 10)
})

test('a reply that is too large is refused before it is made into text', (t) => {
  const { account, inbox, taken } = setUp()
  let read = 0
  const row = {
    get text(): string {
      read += 1
      return 'x'.repeat(1_000)
    },
  }
  const rows = Array.from({ length: 100_000 }, () => row)
  inbox.reply(1, rows)
  t.true(read * 1_000 < 2 * MEMORY_CAPS.replies)
  inbox.reply(2, { small: 5n })
  t.deepEqual(taken().replies, [
    [1, 0, { code: 'reply-too-large', message: 'the reply is too large for a plugin: ask for less at a time' }],
    [2, 1, { small: '5' }],
  ])
  t.is(account.memoryBytes, 0)
})

test('what has been done is told however much waits, and is no refusal', (t) => {
  const { account, inbox, taken } = setUp()
  const half = 'x'.repeat(MEMORY_CAPS.replies / 4 - 1_000)
  for (let id = 1; id <= 9; id++) inbox.reply(id, half)
  inbox.done(10, { paymentHash: 'ab' })
  const replies = taken().replies as readonly (readonly [number, number, unknown])[]
  t.deepEqual(replies.at(-2), [
    9,
    0,
    { code: 'reply-too-large', message: 'the reply is too large for a plugin: ask for less at a time' },
  ])
  t.deepEqual(replies.at(-1), [10, 1, { paymentHash: 'ab' }])
  t.is(account.memoryBytes, 0)
})

test('a question that is taken back before it was handed over is let go', (t) => {
  const { account, inbox, taken } = setUp()
  t.true(inbox.question(1, 'channel.accept', { text: 'x'.repeat(1_000) }))
  t.true(inbox.question(2, 'channel.accept', {}))
  inbox.withdraw(1)
  t.deepEqual(taken().hooks, [[2, 'channel.accept', {}]])
  inbox.withdraw(2)
  t.is(account.memoryBytes, 0)
  t.is(taken(), null)
})
