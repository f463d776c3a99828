import test from 'ava'
import { MIGRATIONS } from '../node/storage/tables.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import { pluginStore } from './plugin-store.ts'

test('a read sees every batch that was put before it, whether or not it is durable yet', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const rows = pluginStore(store)
  for (let i = 0; i < 20; i++) {
    // A commit is under way, so that what is written now has to wait for the next one.
    store.submit([{ table: 'meta', key: Uint8Array.of(i), value: new Uint8Array(1000) }])
    await new Promise(process.nextTick)
    void rows.put([['value/p/count', `${i}`]])
    void rows.put([
      [`value/p/list/${i}`, 'x'],
      ['value/q/other', 'y'],
    ])
    t.is(await rows.get('value/p/count'), `${i}`)
    void rows.put([['value/p/gone', undefined]])
    t.is((await rows.list('value/p/list/', { limit: 100 })).length, i + 1)
  }
  await store.close()
})
