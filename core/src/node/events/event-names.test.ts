import type { EventName } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store, Write } from '../../store/store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { EventNames } from './event-names.ts'
import { classOf, encodeText, rowKey } from './event-row.ts'

const openStore = (): Promise<Store> =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const COMMON: EventName = 'peer.disconnected'
const RARE: EventName = 'peer.connected'

const row = (name: EventName, sequence: number): Write => {
  const text = `{"cursor":"e${sequence.toString(36)}","at":1,"type":"${name}","version":1,"payload":{}}`
  return { table: TABLE.eventOfClass, key: rowKey(classOf(name), sequence), value: encodeText(name, text) }
}

/** Adds events of these numbers, of which those in `rare` have the other name, as the log does. */
const add = async (store: Store, names: EventNames, from: number, to: number, rare: readonly number[]) => {
  for (let sequence = from; sequence <= to; sequence++) {
    const name = rare.includes(sequence) ? RARE : COMMON
    store.submit([row(name, sequence), ...names.added('network', sequence, name)])
  }
  await store.flush()
}

const stretches = (names: EventNames, name: EventName): readonly (readonly [number, number])[] => {
  const found: (readonly [number, number])[] = []
  for (let from = 0; ; ) {
    const stretch = names.next('network', [name], from)
    if (stretch === undefined) return found
    found.push([stretch.from, stretch.to])
    from = stretch.to
  }
}

const backwards = (names: EventNames, name: EventName, end: number): readonly (readonly [number, number])[] => {
  const found: (readonly [number, number])[] = []
  for (let to = end; ; ) {
    const stretch = names.previous('network', [name], to)
    if (stretch === undefined) return found
    found.unshift([stretch.from, stretch.to])
    to = stretch.from
  }
}

const FOREVER = Number.POSITIVE_INFINITY

test('a name is where it occurs, and nowhere else, in both directions and after a start', async (t) => {
  const store = await openStore()
  const names = await EventNames.open(store)
  await add(store, names, 1, 256 * 5 + 10, [300, 256 * 4 + 1, 256 * 5 + 3])
  for (const known of [names, await EventNames.open(store)]) {
    t.deepEqual(stretches(known, RARE), [
      [257, 513],
      [1_025, FOREVER],
    ])
    t.deepEqual(backwards(known, RARE, 1_280), [
      [257, 513],
      [1_025, 1_280],
    ])
    t.deepEqual(stretches(known, COMMON), [[0, FOREVER]])
    t.deepEqual(stretches(known, 'peer.rejected' as EventName), [])
    t.is(known.next('network', [RARE], 513)?.from, 1_025)
    t.is(known.next('network', [RARE], 400)?.from, 400)
  }
})

test('what is being filled goes on after a start as if there had been none', async (t) => {
  const store = await openStore()
  await add(store, await EventNames.open(store), 1, 200, [])
  await add(store, await EventNames.open(store), 201, 256 + 5, [256 + 2])
  t.deepEqual(stretches(await EventNames.open(store), RARE), [[257, FOREVER]])
})

test('events that a version before did not sum up may have any name, and those after them are summed up', async (t) => {
  const store = await openStore()
  store.submit(Array.from({ length: 600 }, (_, i) => row(COMMON, i + 1)))
  await store.flush()
  const names = await EventNames.open(store)
  await add(store, names, 601, 601 + 256, [])
  for (const known of [names, await EventNames.open(store)]) t.deepEqual(stretches(known, RARE), [[0, 601]])
})

test('what is said of events that are no longer kept goes with them', async (t) => {
  const store = await openStore()
  const names = await EventNames.open(store)
  await add(store, names, 1, 256 * 3, [1, 256 * 3])
  store.submit(names.forget('network', 256 * 2 + 1))
  await store.flush()
  for (const known of [names, await EventNames.open(store)]) t.deepEqual(stretches(known, RARE), [[0, 769]])
  t.is((await store.scan(TABLE.meta)).length, 1)
})
