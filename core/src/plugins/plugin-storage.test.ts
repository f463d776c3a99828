import test from 'ava'
import { Account, MemoryPool } from './account.ts'
import { PluginStorage } from './plugin-storage.ts'
import { MemoryStore } from './testing/fake-node.ts'

const account = (): Account => new Account(new MemoryPool(64 << 20, 1))

test('a refused write leaves the count as it was, and room that is freed can be used again', async (t) => {
  const store = new MemoryStore()
  const storage = new PluginStorage(store, 'p', 300, account())
  const put = async (key: string, value: string | null): Promise<string> => {
    const staged = storage.stage([[key, value]])
    if (!staged.ok) return staged.error.code
    await store.put(staged.value)
    return 'kept'
  }
  t.is(await put('a', 'x'.repeat(100)), 'kept')
  t.is(await put('b', 'x'.repeat(200)), 'storage-full')
  t.is(await put('a', 'x'.repeat(200)), 'kept')
  t.is(await put('b', 'x'), 'storage-full')
  t.is(await put('a', null), 'kept')
  t.is(await put('b', 'x'.repeat(200)), 'kept')
  t.deepEqual(await storage.list(''), { rows: [['b', 'x'.repeat(200)]], more: false })
})

test('what is stored already counts after a restart, and a plugin sees no other’s rows', async (t) => {
  const store = new MemoryStore()
  await store.put([
    ['value/p/a', 'x'.repeat(100)],
    ['value/pp/b', 'y'],
  ])
  const storage = new PluginStorage(store, 'p', 200, account())
  await storage.load()
  t.like(storage.stage([['b', 'x'.repeat(100)]]), { error: { code: 'storage-full' } })
  t.deepEqual(await storage.list(''), { rows: [['a', 'x'.repeat(100)]], more: false })
  t.is(await storage.get('../pp/b'), undefined)
  t.like(storage.stage([['c', 'x'.repeat(70_000)]]), { error: { code: 'value-too-large' } })
})

test('a key that has no UTF-8 names no row, and one counts by its bytes', async (t) => {
  const store = new MemoryStore()
  await store.put([['value/p/\ufffd', 'of another key']])
  const storage = new PluginStorage(store, 'p', 300, account())
  t.like(storage.stage([['\ud800', 'x']]), { error: { code: 'key-not-unicode' } })
  t.is(await storage.get('\ud800'), undefined)
  t.deepEqual(await storage.list('\ud800'), { rows: [], more: false })
  t.like(storage.stage([['€'.repeat(100), 'x']]), { error: { code: 'storage-full' } })
})
