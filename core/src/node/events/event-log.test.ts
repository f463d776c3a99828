import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { EventLog } from './event-log.ts'

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

const withLog = async (keep = 1000) => {
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
  const reopened = await EventLog.open({ store, clock: virtualClock(), keep: 1000 })
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

test('a cursor older than what is kept is expired, one that was never given out is invalid', async (t) => {
  const { store, log } = await withLog(3)
  for (let i = 0; i < 10; i++) log.append('peer.disconnected', disconnected(`${i}`))
  const start = log.head()
  await store.flush()
  const expired = await log.replay(start, {}, 10)
  t.like(expired, { ok: false, error: { code: 'cursor-expired' } })
  for (const cursor of ['ezzz', 'nonsense', 'e01', '']) {
    t.like(await log.replay(cursor, {}, 10), { ok: false, error: { code: 'cursor-invalid' } })
  }
  const kept = await log.replay(undefined, {}, 10)
  t.deepEqual(kept.ok && reasonsOf(kept.value.events), ['7', '8', '9'])
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
