import test from 'ava'
import { u64be, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { EventLog } from './event-log.ts'
import type { EventRoom } from './event-retention.ts'
import { sequenceOf } from './event-row.ts'

const openStore = (): Promise<Store> =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const NODE = `02${'11'.repeat(32)}`
const disconnected = (reason: string) => ({ nodeId: NODE, reason })
const reasonsOf = (events: readonly EncodedEvent[]): string[] =>
  events.map(({ text }) => (JSON.parse(text) as { payload: { reason: string } }).payload.reason)

const PLENTY = { rows: 1_000, bytes: 1_000_000 }
const ROOM: EventRoom = { money: PLENTY, channel: PLENTY, network: PLENTY, plugin: PLENTY, node: PLENTY }

const withLog = async (keep = ROOM) => {
  const store = await openStore()
  const log = await EventLog.open({ store, clock: virtualClock(), keep })
  const seen: EncodedEvent[] = []
  log.subscribe({}, (event) => seen.push(event))
  return { store, log, seen }
}

test('an event is published once it is durable, in the order in which it was appended', async (t) => {
  const { store, log, seen } = await withLog()
  log.append('peer.disconnected', disconnected('a'))
  log.append('peer.disconnected', disconnected('b'))
  t.is(seen.length, 0)
  await store.flush()
  t.deepEqual(reasonsOf(seen), ['a', 'b'])
  t.deepEqual(
    seen.map(({ sequence }) => sequence),
    [1, 2],
  )
  t.is(log.head(), seen[1]?.cursor as string)
})

test('of several reports of one thing in a commit the last is told, in its place', async (t) => {
  const { store, log, seen } = await withLog()
  log.append('peer.disconnected', disconnected('old'), 'peer')
  log.append('peer.disconnected', disconnected('other'))
  log.append('peer.disconnected', disconnected('new'), 'peer')
  await store.flush()
  t.deepEqual(reasonsOf(seen), ['other', 'new'])
})

test('replay goes on from a cursor without a gap, also over a restart', async (t) => {
  const { store, log } = await withLog()
  for (const reason of ['a', 'b', 'c']) log.append('peer.disconnected', disconnected(reason))
  await store.flush()
  const reopened = await EventLog.open({ store, clock: virtualClock(), keep: ROOM })
  reopened.append('peer.disconnected', disconnected('d'))
  await store.flush()
  const first = await reopened.replay(undefined, {}, 2)
  t.true(first.ok)
  if (!first.ok) return
  t.deepEqual(reasonsOf(first.value.events), ['a', 'b'])
  const rest = await reopened.replay(first.value.next, {}, 10)
  t.deepEqual(rest.ok && reasonsOf(rest.value.events), ['c', 'd'])
})

test('a filter that passes many events over still finds the one behind them', async (t) => {
  const { store, log } = await withLog()
  for (let i = 0; i < 25; i++) log.append('peer.disconnected', disconnected(`${i}`))
  log.append('chain.block', { blockHeight: 1, blockHash: '00'.repeat(32) })
  await store.flush()
  const found = await log.replay(undefined, { names: ['chain.block'] }, 5)
  t.deepEqual(found.ok && found.value.events.map(({ name }) => name), ['chain.block'])
})

/**
 * What is too much goes in commits of its own, once it is known which events are the oldest: on a slow disk some rounds pass
 * between one and the next.
 */
const settled = async (store: Store): Promise<void> => {
  for (let idle = 0; idle < 5; ) {
    const { commits } = store.counters
    await store.scan(TABLE.eventOfClass)
    await new Promise((resolve) => setImmediate(resolve))
    await store.flush()
    idle = commits === store.counters.commits ? idle + 1 : 0
  }
}

test('a cursor older than what is kept is expired, one that was never given out is invalid', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 3, bytes: 1_000_000 } })
  for (let i = 0; i < 10; i++) log.append('peer.disconnected', disconnected(`${i}`))
  const start = log.head()
  await store.flush()
  await settled(store)
  const expired = await log.replay(start, {}, 10)
  t.like(expired, { ok: false, error: { code: 'cursor-expired' } })
  for (const cursor of ['ezzz', 'nonsense', 'e01', '', 'e0-zzz', 'e1-']) {
    t.like(await log.replay(cursor, {}, 10), { ok: false, error: { code: 'cursor-invalid' } }, cursor)
  }
  const kept = await log.replay(undefined, {}, 10)
  t.deepEqual(kept.ok && reasonsOf(kept.value.events), ['7', '8', '9'])
})

const invoice = (description: string) => ({
  paymentHash: '22'.repeat(32),
  invoice: 'lnbcrt1',
  description,
  createdAt: 1,
  expiresAt: 2,
})

test('what others cause at no cost never takes the place of an event of money, whichever came first', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 5, bytes: 1_000_000 } })
  const start = log.head()
  for (let round = 0; round < 20; round++) {
    log.append('invoice.created', invoice(`${round}`))
    for (let i = 0; i < 20; i++) log.append('peer.disconnected', disconnected(`${round}.${i}`))
    await store.flush()
  }
  await settled(store)
  const money = await log.replay(start, { names: ['invoice.created'] }, 100)
  t.is(money.ok && money.value.events.length, 20)
  const all = await log.replay(undefined, {}, 100)
  t.is(all.ok && all.value.events.length, 25)
  t.is((await store.scan(TABLE.eventOfClass)).length, 25)
})

test('a name that is no event’s finds nothing', async (t) => {
  const { store, log } = await withLog()
  log.append('peer.disconnected', disconnected('a'))
  await store.flush()
  const names = ['words', 'toString'] as unknown as EncodedEvent['name'][]
  t.deepEqual(await log.replay(undefined, { names }, 10), { ok: true, value: { events: [], next: log.head() } })
})

test('what is held is written once in many commits, and counted again at a start', async (t) => {
  const keep = { ...ROOM, network: { rows: 20, bytes: 1_000_000 } }
  const { store, log } = await withLog(keep)
  const holdings = () => store.get(TABLE.meta, utf8Encode('event-holdings'))
  for (let i = 0; i < 12; i++) {
    log.append('peer.disconnected', disconnected(`${i}`))
    await store.flush()
  }
  t.is(await holdings(), undefined)
  const second = await EventLog.open({ store, clock: virtualClock(), keep })
  for (let i = 12; i < 100; i++) {
    second.append('peer.disconnected', disconnected(`${i}`))
    second.append('invoice.created', invoice(`${i}`))
    await store.flush()
  }
  await settled(store)
  t.not(await holdings(), undefined)
  t.is((await store.sizes(TABLE.eventOfClass)).length, 20 + 88)
  const third = await EventLog.open({ store, clock: virtualClock(), keep })
  third.append('peer.disconnected', disconnected('last'))
  await store.flush()
  await settled(store)
  const kept = await third.replay(undefined, { names: ['peer.disconnected'] }, 100)
  t.is(kept.ok && reasonsOf(kept.value.events).length, 20)
})

test('a class is also kept within its bytes', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 1_000, bytes: 2_000 } })
  for (let i = 0; i < 50; i++) log.append('peer.disconnected', disconnected(`${i}`))
  await store.flush()
  await settled(store)
  const rows = await store.scan(TABLE.eventOfClass)
  const bytes = rows.reduce((sum, { value }) => sum + value.length, 0)
  t.true(bytes <= 2_000 && bytes > 1_500, `${bytes}`)
})

test('a reader that has lost events of one class is told which, and goes on with all that is kept', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 5, bytes: 1_000_000 } })
  log.append('invoice.created', invoice('first'))
  await store.flush()
  const start = log.head()
  log.append('invoice.created', invoice('second'))
  for (let i = 0; i < 20; i++) log.append('peer.disconnected', disconnected(`${i}`))
  log.append('invoice.created', invoice('third'))
  await store.flush()
  await settled(store)
  // It follows money alone: nothing of that is lost.
  t.true((await log.replay(start, { names: ['invoice.created'] }, 10)).ok)

  const lost = await log.replay(start, {}, 10)
  if (lost.ok) return t.fail()
  t.is(lost.error.code, 'cursor-expired')
  const { lost: what, continueFrom } = lost.error.details as { lost: unknown; continueFrom: string }
  t.deepEqual(what, [{ class: 'network', through: 'eh' }])
  // A page at a time, so that the losses lie ahead of the reader for a while.
  const seen: string[] = []
  for (let from = continueFrom; ; ) {
    const page = await log.replay(from, {}, 2)
    if (!page.ok) return t.fail(page.error.code)
    if (page.value.events.length === 0) break
    seen.push(...page.value.events.map(({ name }) => name))
    from = page.value.next
  }
  t.deepEqual(seen, ['invoice.created', ...Array(5).fill('peer.disconnected'), 'invoice.created'])
  // And again, when more is lost after that.
  for (let i = 0; i < 9; i++) log.append('peer.disconnected', disconnected(`again ${i}`))
  await store.flush()
  await settled(store)
  t.like(await log.replay(continueFrom, {}, 2), { ok: false, error: { code: 'cursor-expired' } })
})

test('what is held of each class is known after a restart', async (t) => {
  const keep = { ...ROOM, network: { rows: 5, bytes: 1_000_000 } }
  const { store, log } = await withLog(keep)
  const start = log.head()
  for (let i = 0; i < 20; i++) log.append('peer.disconnected', disconnected(`${i}`))
  await store.flush()
  await settled(store)
  const again = await EventLog.open({ store, clock: virtualClock(), keep })
  t.like(await again.replay(start, {}, 10), { ok: false, error: { code: 'cursor-expired' } })
  again.append('peer.disconnected', disconnected('new'))
  await store.flush()
  await settled(store)
  const kept = await again.replay(undefined, {}, 10)
  t.deepEqual(kept.ok && reasonsOf(kept.value.events), ['16', '17', '18', '19', 'new'])
})

test('events that a version before classes has stored are moved, in their order and with their cursors', async (t) => {
  const { store, log } = await withLog()
  for (let i = 0; i < 1_500; i++) log.append('peer.disconnected', disconnected(`${i}`))
  log.append('invoice.created', invoice('x'))
  await store.flush()
  const before = await log.replay(undefined, {}, 2_000)
  if (!before.ok) return t.fail()
  // As they were: by sequence number alone, the oldest gone.
  const old = await openStore()
  for (const { sequence, text } of before.value.events.slice(200)) {
    old.submit([{ table: TABLE.event, key: u64be(BigInt(sequence)), value: utf8Encode(text) }])
  }
  await old.flush()
  const keep = { ...ROOM, network: { rows: 2_000, bytes: 1_000_000 } }
  const counts: number[] = []
  const options = { store: old, clock: virtualClock(), keep, moved: (rows: number) => void counts.push(rows) }
  const moved = await EventLog.open(options)
  t.deepEqual(counts, [1_000, 301])
  t.is(moved.head(), log.head())
  const after = await moved.replay('e5k', {}, 2_000)
  t.deepEqual(after, { ok: true, value: { events: before.value.events.slice(200), next: log.head() } })
  t.like(await moved.replay('e5j', {}, 10), { ok: false, error: { code: 'cursor-expired' } })
  t.deepEqual(await old.scan(TABLE.event), [])
})

test('events that were being moved when the node ended are moved on, and none is lost', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 2_000, bytes: 1_000_000 } })
  for (let i = 0; i < 1_500; i++) log.append('peer.disconnected', disconnected(`${i}`))
  await store.flush()
  const before = await log.replay(undefined, {}, 2_000)
  if (!before.ok) return t.fail()
  const old = await openStore()
  for (const { sequence, text } of before.value.events) {
    old.submit([{ table: TABLE.event, key: u64be(BigInt(sequence)), value: utf8Encode(text) }])
  }
  await old.flush()
  let scans = 0
  const ending = new Proxy(old, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (name === 'scan') scans += 1
      if (name === 'scan' && scans === 2) throw new Error('the node ends')
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  const keep = { ...ROOM, network: { rows: 2_000, bytes: 1_000_000 } }
  await t.throwsAsync(EventLog.open({ store: ending, clock: virtualClock(), keep }), { message: 'the node ends' })
  const moved = await EventLog.open({ store: old, clock: virtualClock(), keep })
  t.deepEqual(await moved.replay('e0', {}, 2_000), before)
})

test('an ephemeral event is published at once, and not kept', async (t) => {
  const { store, log, seen } = await withLog()
  log.announce('chain.block', { blockHeight: 7, blockHash: '00'.repeat(32) })
  t.deepEqual(
    seen.map(({ name, sequence }) => [name, sequence]),
    [['chain.block', 0]],
  )
  await store.flush()
  const kept = await log.replay(undefined, {}, 10)
  t.deepEqual(kept.ok && kept.value.events, [])
})

test('few of a rare name in a long log are found in few looks at the disk, without a gap', async (t) => {
  const { store, log } = await withLog()
  for (let i = 0; i < 300; i++) log.append('peer.disconnected', disconnected(`${i}`))
  for (const name of ['a', 'b', 'c'])
    log.append('peer.connected', { nodeId: NODE, direction: 'inbound', features: '', address: name })
  await store.flush()
  let scans = 0
  const scan = store.scan.bind(store)
  store.scan = (...asked) => {
    scans += 1
    return scan(...asked)
  }
  const found: string[] = []
  let from: string | undefined
  for (let page = 0; page < 3; page++) {
    const read = await log.replay(from as never, { names: ['peer.connected'] }, 1)
    if (!read.ok) return t.fail(read.error.code)
    found.push(
      ...read.value.events.map(({ text }) => (JSON.parse(text) as { payload: { address: string } }).payload.address),
    )
    from = read.value.next
  }
  t.deepEqual(found, ['a', 'b', 'c'])
  t.true(scans <= 6, `${scans} looks at the disk`)
})

test('an event far larger than what its row is made in is read back as it was', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 10, bytes: 1_000_000 } })
  const reason = Array.from({ length: 20_000 }, (_, i) => i.toString(36)).join(' ')
  log.append('peer.disconnected', disconnected(reason))
  await store.flush()
  const read = await log.replay(undefined, {}, 10)
  t.deepEqual(read.ok && reasonsOf(read.value.events), [reason])
})

test('what is dropped by its age while it is read ahead is dropped once, and what is lost never goes back', async (t) => {
  const { store, log } = await withLog({ ...ROOM, network: { rows: 10, bytes: 1_000_000 } })
  // The reading ahead that begins when the class is nearly full is under way for as long as the test says.
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const scan = store.scan.bind(store)
  store.scan = async (...asked) => {
    const rows = await scan(...asked)
    await released
    return rows
  }
  for (let i = 0; i < 10; i++) log.append('peer.disconnected', disconnected(`${i}`))
  await store.flush()
  const rows = await scan(TABLE.eventOfClass, { limit: 5 })
  await log.forget(
    'network',
    rows.map(({ key, value }) => ({ key, sequence: sequenceOf({ key }), bytes: value.length })),
  )
  t.is(log.held('network').rows, 5)
  release()
  store.scan = scan
  await settled(store)
  // Of a reader that stands among those that were dropped.
  const start = 'e3'
  for (let i = 10; i < 16; i++) {
    log.append('peer.disconnected', disconnected(`${i}`))
    await store.flush()
    t.like(await log.replay(start, {}, 1), { ok: false, error: { code: 'cursor-expired' } })
  }
  await settled(store)
  const held = await scan(TABLE.eventOfClass)
  t.is(log.held('network').rows, held.length)
  t.is(held.length, 10)
  t.deepEqual(held.map(sequenceOf), [7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
})
