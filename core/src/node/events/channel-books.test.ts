import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { silentLog } from '../node-log.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { ChannelBooks } from './channel-books.ts'
import { EventLog } from './event-log.ts'
import type { EventRoom } from './event-retention.ts'

const PLENTY = { rows: 10_000, bytes: 10_000_000 }
const roomFor = (rows: number): EventRoom => ({
  money: { ...PLENTY, rows },
  channel: PLENTY,
  network: PLENTY,
  plugin: PLENTY,
  node: PLENTY,
})

const PEER = `02${'11'.repeat(32)}`
const [A, B, C] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32)) as [string, string, string]

const htlc = (channelId: string, amountMsat: bigint) => ({
  channelId,
  peer: PEER,
  htlcId: 1,
  amountMsat,
  cltvExpiry: 900,
})

/** A relay with a fee of 1,000 msat. */
const relayed = (
  incoming: readonly (readonly [string, bigint])[],
  outgoing: readonly (readonly [string, bigint])[],
) => ({
  paymentHash: '01'.repeat(32),
  feeMsat: 1_000n,
  incoming: incoming.map(([id, amount]) => htlc(id, amount)),
  outgoing: outgoing.map(([id, amount]) => htlc(id, amount)),
  startedAt: 1,
  settledAt: 2,
})

const rig = async (rows = 10_000, before?: Store) => {
  const store =
    before ??
    (await openSqliteStore({
      path: ':memory:',
      migrations: MIGRATIONS,
      onFatal: (error) => {
        throw error
      },
    }))
  const clock = virtualClock()
  const events = await EventLog.open({ store, clock, keep: roomFor(rows) })
  const onUnreadable = () => {
    throw new Error('a row cannot be read')
  }
  const open = async () => {
    const books = await ChannelBooks.open({ store, clock, events, log: silentLog, onUnreadable })
    await books.ready
    return books
  }
  const relay = async (from = A, to = B): Promise<void> => {
    events.append('payment.relayed', relayed([[from, 101_000n]], [[to, 100_000n]]))
    await store.flush()
  }
  const rowsOf = async () =>
    (await store.scan(TABLE.meta)).filter(({ key }) => String.fromCharCode(...key).startsWith('books/'))
  return { store, clock, events, open, relay, rowsOf }
}

/** The log, whose past is read only once that is let. */
const holding = (events: EventLog, isHeld: (reads: number) => boolean = () => true) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  let reads = 0
  const slow = new Proxy(events, {
    get(target, name) {
      if (name === 'replay') {
        return async (...asked: Parameters<EventLog['replay']>) => {
          const replayed = await target.replay(...asked)
          if (isHeld(reads++)) await held
          return replayed
        }
      }
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { slow, release }
}

test('a channel’s book has what came in by it and what went out, and the fee of each; of a payment in parts each its share', async (t) => {
  const { open, relay, events, store } = await rig()
  const books = await open()
  await relay()
  await relay()
  await relay(B, A)
  t.deepEqual(books.of(A), {
    in: { relays: 2, amountMsat: 202_000n, feesMsat: 2_000n },
    out: { relays: 1, amountMsat: 100_000n, feesMsat: 1_000n },
  })
  t.deepEqual(books.of(C), {
    in: { relays: 0, amountMsat: 0n, feesMsat: 0n },
    out: { relays: 0, amountMsat: 0n, feesMsat: 0n },
  })
  events.append(
    'payment.relayed',
    relayed(
      [
        [C, 30_500n],
        [A, 70_500n],
      ],
      [[B, 100_000n]],
    ),
  )
  await store.flush()
  t.is(books.of(C)?.in.feesMsat, 301n)
  t.is(books.of(A)?.in.feesMsat, 2_699n)
})

test('a relay writes nothing for the books; a crash loses nothing and counts nothing twice, wherever they were written last', async (t) => {
  const { open, relay, rowsOf, clock, store } = await rig()
  const books = await open()
  for (let i = 0; i < 5; i++) await relay()
  t.deepEqual(await rowsOf(), [])
  // The node ends without a word.
  t.is((await open()).of(A)?.in.relays, 5)
  await clock.advance(600_000)
  await store.flush()
  t.is((await rowsOf()).length, 3)
  for (let i = 0; i < 5; i++) await relay()
  t.is((await open()).of(A)?.in.relays, 10)
  await books.stop()
  await store.flush()
  t.is((await open()).of(A)?.in.relays, 10)
  t.is((await open()).since, undefined)
})

test('what is told while the past is read is counted once', async (t) => {
  const { events, store, clock, relay } = await rig()
  for (let i = 0; i < 3; i++) await relay()
  const { slow, release } = holding(events)
  const books = await ChannelBooks.open({ store, clock, events: slow, log: silentLog, onUnreadable: () => t.fail() })
  await relay()
  await relay()
  // Nobody is told a part for the whole.
  t.is(books.of(A), undefined)
  release()
  await books.ready
  t.is(books.of(A)?.in.relays, 5)
})

test('what the log has lost before it was counted is not made up: the books say since when they are whole', async (t) => {
  const { relay, store, open, clock } = await rig(3)
  for (let i = 0; i < 10; i++) {
    await clock.advance(1_000)
    await relay()
  }
  const books = await open()
  t.true((books.of(A)?.in.relays ?? 0) < 10)
  t.true((books.since ?? 0) > 0)
  // What is counted stays counted, though the log goes on losing.
  const counted = books.of(A)?.in.relays ?? 0
  for (let i = 0; i < 10; i++) await relay()
  t.is(books.of(A)?.in.relays, counted + 10)
  const { since } = books
  await books.stop()
  await store.flush()
  const again = await open()
  t.is(again.of(A)?.in.relays, counted + 10)
  t.is(again.since, since)
})

test('a node that stops while the past is read goes on from there, and counts what was told meanwhile', async (t) => {
  const { events, store, clock, relay, open } = await rig()
  for (let i = 0; i < 3; i++) await relay()
  // The first page is read, and the second waits.
  const paged = new Proxy(events, {
    get(target, name) {
      if (name === 'replay') {
        return (cursor: Parameters<EventLog['replay']>[0], filter: Parameters<EventLog['replay']>[1]) =>
          target.replay(cursor, filter, 1)
      }
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const { slow, release } = holding(paged, (reads) => reads === 1)
  const books = await ChannelBooks.open({ store, clock, events: slow, log: silentLog, onUnreadable: () => t.fail() })
  await relay()
  const stopped = books.stop()
  release()
  await stopped
  await store.flush()
  t.is(books.of(A), undefined)
  t.is((await open()).of(A)?.in.relays, 4)
})

test('a log that cannot be read fails the books alone: nothing is told of them', async (t) => {
  const { events, store, clock, relay } = await rig()
  const broken = new Proxy(events, {
    get(target, name) {
      if (name === 'replay') return () => Promise.reject(new Error('the disk is gone'))
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const books = await ChannelBooks.open({ store, clock, events: broken, log: silentLog, onUnreadable: () => t.fail() })
  await books.ready
  await relay()
  t.is(books.of(A), undefined)
  await books.stop()
})
