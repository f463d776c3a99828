import test from 'ava'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { type KeyIndexes, keyIndexes, readIndexesOfBefore, readKeyIndexFloor } from './key-indexes.ts'

const database = async () => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  /** As after a start, once every channel is over and its row gone. */
  const start = async (): Promise<KeyIndexes> =>
    keyIndexes([], await readKeyIndexFloor(store), await readIndexesOfBefore(store))
  const bringBack = async (indexes: KeyIndexes, these: readonly number[], to: number): Promise<void> => {
    store.submit(indexes.bringBack(these, to))
    await store.flush()
  }
  return { start, bringBack }
}

test('in a database that never had a channel, those below what a backup brings back may be lost ones — but not the same again, over any start', async (t) => {
  const { start, bringBack } = await database()
  const indexes = await start()
  await bringBack(indexes, [2, 5], 105)
  await bringBack(indexes, [7], 107)
  for (const each of [indexes, await start()]) {
    t.deepEqual([2, 5, 7].map(each.isOwn), [true, true, true])
    t.deepEqual([1, 6, 107].map(each.isOwn), [false, false, false])
  }
  t.is((await start()).next(), 108)
})

test('in a database that had channels of its own, those below them are its own, whatever a backup brings back', async (t) => {
  const { start, bringBack } = await database()
  const indexes = await start()
  t.is(indexes.next(), 1)
  await bringBack(indexes, [9], 109)
  for (const each of [indexes, await start()]) t.deepEqual([1, 3, 9, 109].map(each.isOwn), [true, true, true, true])
})
