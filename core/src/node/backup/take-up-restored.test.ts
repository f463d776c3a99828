import test from 'ava'
import { type ChannelState, isStored } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { channelWrites, readChannels } from '../channel/channel-rows.ts'
import { keyIndexes, readKeyIndexFloor } from '../channel/key-indexes.ts'
import { silentLog } from '../node-log.ts'
import { isRestored, restoredMark } from '../storage/restored-mark.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { SKIPPED_KEY_INDEXES, takeUpRestored } from './take-up-restored.ts'

const databaseOf = async ({ durable }: ChannelState): Promise<Store> => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  if (!isStored(durable)) throw new Error('not stored')
  const { alice } = new TwoParties()
  store.submit(channelWrites(alice.state.durable, durable))
  await store.flush()
  return store
}

const read = (store: Store) => readChannels(store, virtualClock())

test('a database that was put back — its channels are in doubt on the disk, once, and no key index of a forgotten channel is given out', async (t) => {
  const { alice } = new TwoParties().ready()
  const store = await databaseOf(alice.state)
  const untouched = await read(store)
  t.is(await takeUpRestored(store, untouched, silentLog), untouched)

  store.submit([restoredMark])
  await store.flush()
  const [taken] = await takeUpRestored(store, await read(store), silentLog)
  t.like(taken, { durable: { phase: 'normal', inDoubt: true } })
  const [stored] = await read(store)
  t.like(stored, { durable: { phase: 'normal', inDoubt: true } })
  t.false(await isRestored(store))
  const floor = await readKeyIndexFloor(store)
  t.is(floor, alice.keys.keyIndex + SKIPPED_KEY_INDEXES)
  t.is(keyIndexes(await read(store), floor).next(), floor + 1)
  await store.close()
})

test('a database that was put back — a channel that closes already goes on as it is', async (t) => {
  const two = new TwoParties().ready()
  two.run(two.alice, { type: 'force-close' })
  const store = await databaseOf(two.alice.state)
  store.submit([restoredMark])
  await store.flush()
  const [taken] = await takeUpRestored(store, await read(store), silentLog)
  t.like(taken, { durable: { phase: 'closing', closing: { publishLocal: true } } })
  t.false('inDoubt' in (taken as ChannelState).durable)
  await store.close()
})
