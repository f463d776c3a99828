import test from 'ava'
import { MIGRATIONS } from '../node/storage/tables.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import { pluginStore } from './plugin-store.ts'

const unexpected = (error: Error): never => {
  throw error
}

test('rows of a prefix come back in order, those of other prefixes do not, and a deleted one is gone', async (t) => {
  const store = await openSqliteStore({ path: ':memory:', migrations: MIGRATIONS, onFatal: unexpected })
  const rows = pluginStore(store)
  await rows.put([
    ['value/a/2', 'two'],
    ['value/a/1', 'one'],
    ['value/a/é', 'accented'],
    ['value/ab/1', 'another plugin'],
    ['value/b/1', 'a third'],
  ])
  t.deepEqual(await rows.list('value/a/'), [
    ['value/a/1', 'one'],
    ['value/a/2', 'two'],
    ['value/a/é', 'accented'],
  ])
  await rows.put([
    ['value/a/1', undefined],
    ['value/a/2', 'changed'],
  ])
  t.is(await rows.get('value/a/1'), undefined)
  t.is(await rows.get('value/a/2'), 'changed')
  t.is((await rows.list('')).length, 4)
  await store.close()
})
