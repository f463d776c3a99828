import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import type { Past } from './event-history.ts'
import { EventLog } from './event-log.ts'

const NODE = `02${'11'.repeat(32)}`
const PLENTY = { rows: 10_000, bytes: 10_000_000 }

/** A log with an event each second, of two classes in turn: at 1,000 the first, at 2,000 the second. */
const pastOf = async (count: number) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const clock = virtualClock()
  const start = clock.now()
  const log = await EventLog.open({
    store,
    clock,
    keep: { money: PLENTY, channel: PLENTY, network: PLENTY, plugin: PLENTY, node: PLENTY },
  })
  for (let i = 1; i <= count; i++) {
    await clock.advance(1_000)
    if (i % 2 === 1) log.append('peer.disconnected', { nodeId: NODE, reason: `${i}` })
    else log.append('plugin.started', { plugin: `p${i}`, pluginVersion: '1' })
    await store.flush()
  }
  const { history } = log
  const read = async (past: Partial<Past>) => {
    const read = await history.read({ limit: 100, ...past })
    if (!read.ok) throw new Error(read.error.code)
    return { numbers: read.value.events.map(({ sequence }) => sequence), next: read.value.next }
  }
  return { history, read, start, log, store }
}

test('the past is read newest first, page by page, through all classes in one order', async (t) => {
  const { read } = await pastOf(7)
  t.deepEqual((await read({})).numbers, [7, 6, 5, 4, 3, 2, 1])
  t.is((await read({})).next, undefined)
  const first = await read({ limit: 3 })
  t.deepEqual(first.numbers, [7, 6, 5])
  const second = await read({ limit: 3, before: first.next })
  t.deepEqual(second.numbers, [4, 3, 2])
  t.deepEqual((await read({ limit: 3, before: second.next })).numbers, [1])
})

test('only events of the names asked for are told, and of the time asked for', async (t) => {
  const { read, start } = await pastOf(9)
  t.deepEqual((await read({ names: ['plugin.started'] })).numbers, [8, 6, 4, 2])
  t.deepEqual((await read({ since: start + 3_000, until: start + 6_000 })).numbers, [5, 4, 3])
  t.deepEqual((await read({ since: start + 3_001, names: ['peer.disconnected'] })).numbers, [9, 7, 5])
  t.deepEqual((await read({ since: start + 10_000 })).numbers, [])
  t.deepEqual((await read({ until: start })).numbers, [])
  t.deepEqual((await read({ until: start + 2_000 })).numbers, [1])
})

test('the place of a time is found wherever it is', async (t) => {
  const { history, start } = await pastOf(33)
  for (let i = 1; i <= 33; i++) {
    t.is(await history.firstAt(start + i * 1_000), i)
    t.is(await history.firstAt(start + i * 1_000 - 999), i)
  }
  t.is(await history.firstAt(start + 33_001), Number.MAX_SAFE_INTEGER)
})

const manyOf = async (log: EventLog, count: number, rareEach: number) => {
  for (let i = 0; i < count; i++) {
    if (i % rareEach === 0) log.append('peer.connected', { nodeId: NODE, direction: 'inbound', features: '' })
    else log.append('peer.disconnected', { nodeId: NODE, reason: 'x' })
  }
  await new Promise<void>((resolve) => {
    const stop = log.subscribe({}, (event) => {
      if (event.sequence < count) return
      stop()
      resolve()
    })
  })
}

test('a rare event in a long log is found without a look at what lies between', async (t) => {
  const { read, log, store } = await pastOf(0)
  await manyOf(log, 6_001, 6_001)
  let rows = 0
  const scan = store.scan.bind(store)
  store.scan = async (...asked) => {
    const found = await scan(...asked)
    rows += found.length
    return found
  }
  t.deepEqual(await read({ names: ['peer.connected'] }), { numbers: [1], next: undefined })
  t.true(rows <= 256, `${rows} rows looked at`)
  rows = 0
  t.deepEqual(await read({ names: ['peer.ping'] as never }), { numbers: [], next: undefined })
  t.is(rows, 0)
})

test('what is in every part of a long log but seldom is answered within a bound, by pages with a place to go on from', async (t) => {
  const { read, log } = await pastOf(0)
  await manyOf(log, 7_000, 250)
  const all: number[] = []
  let page = await read({ names: ['peer.connected'] })
  const first = page.numbers.length
  for (; page.next !== undefined; page = await read({ names: ['peer.connected'], before: page.next }))
    all.push(...page.numbers)
  all.push(...page.numbers)
  t.is(first, 20)
  t.deepEqual(
    all,
    Array.from({ length: 28 }, (_, i) => 250 * (27 - i) + 1),
  )
})

test('a cursor of another form is an error', async (t) => {
  const { history } = await pastOf(1)
  t.like(await history.read({ before: 'nonsense', limit: 1 }), { ok: false, error: { code: 'cursor-invalid' } })
})

test('few of a rare name in a long log cost few looks at the disk', async (t) => {
  const { read, store } = await pastOf(300)
  let scans = 0
  const scan = store.scan.bind(store)
  store.scan = (...asked) => {
    scans += 1
    return scan(...asked)
  }
  t.deepEqual((await read({ names: ['plugin.faulted'], limit: 1 })).numbers, [])
  t.true(scans <= 3, `${scans} looks at the disk`)
  t.deepEqual((await read({ names: ['plugin.started'], limit: 2 })).numbers, [300, 298])
})

test('the time of the newest event is told, and none where there is no event', async (t) => {
  const { history, start } = await pastOf(3)
  t.is(await history.newestAt(), start + 3_000)
  t.is(await (await pastOf(0)).history.newestAt(), 0)
})
