import test from 'ava'
import { utf8Encode } from '../lib/bytes.ts'
import { openSqliteStore } from './sqlite-store.ts'

test('an empty submission while a commit is under way — brings the commit in which contributions go', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: [{ version: 1, tables: ['thing'] }],
    onFatal: (error) => t.fail(error.message),
  })
  const waiting: (() => void)[] = []
  store.beforeCommit(() => {
    const onDurable = waiting.pop()
    return onDurable === undefined ? undefined : { writes: [write('contributed')], onDurable }
  })
  const write = (key: string) => ({ table: 'thing', key: utf8Encode(key), value: utf8Encode('1') })
  store.submit([write('first')])
  // The commit has taken its batch and waits for the disk.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const contributed = new Promise<void>((resolve) => waiting.push(resolve))
  store.submit([])
  await contributed
  t.is(store.counters.commits, 2)
  t.not(await store.get('thing', utf8Encode('contributed')), undefined)
  await store.close()
})
