import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { damagePages } from '../../../test/support/damage-pages.ts'
import { sha256 } from '../crypto/hashes.ts'
import { utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { FailureError } from '../lib/errors.ts'
import { threadTime } from '../lib/thread-time.ts'
import { workedFor } from '../lib/worked-for.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { Migration, Store, StoreOpenFailure, Write } from './store.ts'

const migrations: Migration[] = [{ version: 1, tables: ['thing', 'other'] }]
const put = (table: string, key: string, value: string): Write => ({
  table,
  key: utf8Encode(key),
  value: utf8Encode(value),
})
const remove = (table: string, key: string): Write => ({ table, key: utf8Encode(key), value: undefined })
const readText = async (store: Store, table: string, key: string): Promise<string | undefined> => {
  const value = await store.get(table, utf8Encode(key))
  return value === undefined ? undefined : utf8Decode(value)
}
const unexpected = (error: Error): never => {
  throw error
}
const open = (path = ':memory:', onFatal: (error: Error) => void = unexpected): Promise<Store> =>
  openSqliteStore({ path, migrations, onFatal })

const withFolder = async (run: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-store-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('submissions made together share one commit, and the last write to a key wins', async (t) => {
  const store = await open()
  const order: number[] = []
  store.submit([put('thing', 'a', '1'), put('other', 'x', '1')], () => order.push(1))
  store.submit([put('thing', 'a', '2')], () => order.push(2))
  store.submit([put('thing', 'b', '1'), remove('thing', 'b')], () => order.push(3))
  await store.flush()
  t.deepEqual(order, [1, 2, 3])
  t.is(store.counters.commits, 1)
  t.is(await readText(store, 'thing', 'a'), '2')
  t.is(await readText(store, 'thing', 'b'), undefined)
  t.is(await readText(store, 'other', 'x'), '1')
  await store.close()
})

test('a row that is new and deleted before its commit is never written', async (t) => {
  const store = await open()
  const released: string[] = []
  store.submit([{ ...put('thing', 'a', '1'), isNew: true }], () => released.push('put'))
  store.submit([put('thing', 'a', '2')])
  store.submit([remove('thing', 'a')], () => released.push('delete'))
  await store.flush()
  t.deepEqual(released, ['put', 'delete'])
  t.is(store.counters.commits, 0)
  t.is(await readText(store, 'thing', 'a'), undefined)
  await store.close()
})

test('a row that is deleted, made anew and deleted in one commit is gone from the disk', async (t) => {
  const store = await open()
  store.submit([{ ...put('thing', 'a', '1'), isNew: true }])
  await store.flush()
  store.submit([remove('thing', 'a')])
  store.submit([{ ...put('thing', 'a', '2'), isNew: true }])
  store.submit([remove('thing', 'a')])
  await store.flush()
  t.is(await readText(store, 'thing', 'a'), undefined)
  await store.close()
})

test('a callback runs only when its writes and all earlier ones can be read', async (t) => {
  const store = await open()
  const seen: Promise<string | undefined>[] = []
  for (let i = 0; i < 50; i++) {
    store.submit([put('thing', `k${i}`, `${i}`), put('other', 'last', `${i}`)], () =>
      seen.push(readText(store, 'thing', `k${i}`)),
    )
    if (i % 7 === 0) await store.flush()
  }
  await store.flush()
  t.deepEqual(
    await Promise.all(seen),
    Array.from({ length: 50 }, (_, i) => `${i}`),
  )
  await store.close()
})

test('callbacks run in the order of submission, also that of a submission without writes behind a commit with some', async (t) => {
  const store = await open()
  const order: string[] = []
  store.submit([put('thing', 'a', '1')], () => order.push('with writes'))
  // The first commit has begun by now; what follows goes into the next one, which has nothing to wait for.
  await Promise.resolve()
  store.submit([], () => order.push('without'))
  store.submit([], () => order.push('without, too'))
  await store.flush()
  t.deepEqual(order, ['with writes', 'without', 'without, too'])
  await store.close()
})

test('a commit of any number of rows is read back whole and in key order', async (t) => {
  const store = await open()
  const keys = Array.from({ length: 777 }, (_, i) => `key${String(i).padStart(4, '0')}`)
  store.submit(keys.toReversed().map((key) => put('thing', key, key)))
  await store.flush()
  t.deepEqual(
    (await store.scan('thing')).map((row) => utf8Decode(row.key)),
    keys,
  )
  const page = await store.scan('thing', {
    from: utf8Encode('key0010'),
    to: utf8Encode('key0020'),
    reverse: true,
    limit: 3,
  })
  t.deepEqual(
    page.map((row) => utf8Decode(row.value)),
    ['key0019', 'key0018', 'key0017'],
  )
  store.submit(keys.map((key) => remove('thing', key)))
  await store.flush()
  t.is((await store.scan('thing')).length, 0)
  await store.close()
})

test('a commit that fails calls onFatal once, releases nothing queued, and leaves nothing of itself behind', (t) =>
  withFolder(async (folder) => {
    const path = join(folder, 'node.sqlite')
    const failures: Error[] = []
    const store = await open(path, (error) => failures.push(error))
    store.submit([put('thing', 'before', '1')])
    await store.flush()
    const released: string[] = []
    store.submit([put('thing', 'good', '1'), put('no_such_table', 'bad', '1')], () => released.push('failed'))
    store.submit([put('thing', 'queued', '1')], () => released.push('same commit'))
    await new Promise<void>((resolve) => {
      const poll = (): void => (failures.length > 0 ? resolve() : void setImmediate(poll))
      poll()
    })
    store.submit([put('thing', 'later', '1')], () => released.push('later'))
    await store.close()
    t.is(failures.length, 1)
    t.deepEqual(released, [])
    const reopened = await open(path)
    t.deepEqual(
      (await reopened.scan('thing')).map((row) => utf8Decode(row.key)),
      ['before'],
    )
    await reopened.close()
  }))

test('what is contributed before a commit goes into it, and is released last', async (t) => {
  const store = await open()
  const order: string[] = []
  let due = ['first', 'second']
  store.beforeCommit(() => {
    if (due.length === 0) return undefined
    const writes = due.map((name) => put('other', name, 'contributed'))
    due = []
    return { writes, onDurable: () => order.push('contribution') }
  })
  store.submit([put('thing', 'a', '1')], () => order.push('submission'))
  await store.flush()
  t.deepEqual(order, ['submission', 'contribution'])
  t.is(store.counters.commits, 1)
  t.is((await store.scan('other')).length, 2)
  await store.close()
})

test('a second store on the same file is refused with store-in-use', (t) =>
  withFolder(async (folder) => {
    const path = join(folder, 'node.sqlite')
    const store = await open(path)
    const error = await t.throwsAsync<FailureError<StoreOpenFailure>>(open(path), { instanceOf: FailureError })
    t.deepEqual(error?.failure, { code: 'store-in-use', path })
    await store.close()
  }))

test('a file made by a newer schema is refused, an older one is brought forward', (t) =>
  withFolder(async (folder) => {
    const path = join(folder, 'node.sqlite')
    const newer: Migration[] = [...migrations, { version: 2, tables: ['third'] }]
    const first = await open(path)
    first.submit([put('thing', 'a', '1')])
    await first.close()
    const second = await openSqliteStore({ path, migrations: newer, onFatal: unexpected })
    second.submit([put('third', 'b', '2')])
    await second.flush()
    t.is(await readText(second, 'thing', 'a'), '1')
    t.is(await readText(second, 'third', 'b'), '2')
    await second.close()
    const error = await t.throwsAsync<FailureError<StoreOpenFailure>>(open(path), { instanceOf: FailureError })
    t.deepEqual(error?.failure, { code: 'store-too-new', path, version: 2, known: 1 })
  }))

test('a backup taken while the store is in use opens with what was durable', (t) =>
  withFolder(async (folder) => {
    const store = await open(join(folder, 'node.sqlite'))
    store.submit([put('thing', 'a', '1')])
    await store.backup(join(folder, 'copy.sqlite'))
    store.submit([put('thing', 'a', '2')])
    await store.close()
    const copy = await open(join(folder, 'copy.sqlite'))
    t.is(await readText(copy, 'thing', 'a'), '1')
    await copy.close()
  }))

test('a backup taken while the store is written to is one state that it had, made in many steps between commits', (t) =>
  withFolder(async (folder) => {
    const [path, copy] = [join(folder, 'node.sqlite'), join(folder, 'copy.sqlite')]
    const store = await open(path)
    const filler = 'x'.repeat(1_500)
    store.submit(Array.from({ length: 600 }, (_, i) => put('thing', `row ${i}`, filler)))
    await store.flush()
    const before = store.counters.commits
    let round = 0
    let isOver = false
    // Every commit changes rows at both ends of the file, and adds one: they belong together.
    const writing = (async () => {
      while (!isOver) {
        round++
        store.submit([
          put('thing', 'row 0', `${round}`),
          put('thing', 'row 599', `${round}`),
          put('thing', 'zz', `${round}`),
        ])
        store.submit([put('other', `${round}`, filler)])
        await store.flush()
      }
    })()
    const seen: number[] = []
    await store.backup(copy, ({ pages, total }) => seen.push(pages / total))
    isOver = true
    await writing
    t.true(seen.length > 5 && seen.at(-1) === 1, `${seen.length} steps`)
    t.true(store.counters.commits - before > 2, 'commits go on beside it')
    t.is(statSync(copy).mode & 0o777, 0o600)
    const again = await open(copy)
    t.is(await again.damage(), undefined)
    const [first, last, added] = await Promise.all(
      ['row 0', 'row 599', 'zz'].map((key) => readText(again, 'thing', key)),
    )
    t.is(first, last)
    t.is(first, added)
    t.is((await again.scan('other')).length, Number(first))
    await again.close()
    await store.close()
  }))

test('a backup that cannot be written fails, and the store goes on', (t) =>
  withFolder(async (folder) => {
    const store = await open(join(folder, 'node.sqlite'))
    store.submit([put('thing', 'a', '1')])
    await t.throwsAsync(store.backup(join(folder, 'nowhere', 'copy.sqlite')))
    store.submit([put('thing', 'a', '2')])
    await store.flush()
    t.is(await readText(store, 'thing', 'a'), '2')
    await store.close()
  }))

test('a table becomes a heap with all its rows, and is read and written as before', (t) =>
  withFolder(async (folder) => {
    const path = join(folder, 'node.sqlite')
    const first = await open(path)
    const keys = Array.from({ length: 100 }, (_, i) => `key${String((i * 37) % 100).padStart(2, '0')}`)
    first.submit(keys.map((key) => put('thing', key, key)))
    await first.close()
    const heaps: Migration[] = [...migrations, { version: 2, tables: [], heaps: ['thing', 'new_heap'] }]
    const store = await openSqliteStore({ path, migrations: heaps, onFatal: unexpected })
    store.submit([put('thing', 'key50', 'changed'), put('thing', 'zzz', 'new'), remove('thing', 'key99')])
    store.submit([put('new_heap', 'b', '2'), put('new_heap', 'a', '1')])
    await store.flush()
    const expected = keys.toSorted().filter((key) => key !== 'key99')
    t.deepEqual(
      (await store.scan('thing')).map(({ key, value }) => [utf8Decode(key), utf8Decode(value)]),
      [...expected.map((key) => [key, key === 'key50' ? 'changed' : key]), ['zzz', 'new']],
    )
    t.deepEqual(
      (await store.scan('new_heap', { reverse: true })).map(({ key }) => utf8Decode(key)),
      ['b', 'a'],
    )
    t.is((await store.sizes('thing', { from: utf8Encode('zzz') }))[0]?.bytes, 3)
    await store.close()
  }))

const removeLater = (table: string, key: string): Write => ({ ...remove(table, key), mayWait: true })
const keysOf = async (store: Store): Promise<readonly string[]> =>
  (await store.scan('thing')).map(({ key }) => utf8Decode(key))

test('a deletion that may wait leaves the row until a later commit, and who scans does not find it', async (t) => {
  const store = await open()
  store.submit([put('thing', 'a', '1'), put('thing', 'b', '1')])
  await store.flush()
  store.submit([removeLater('thing', 'a')])
  await store.flush()
  t.is(store.counters.commits, 1)
  t.is(await readText(store, 'thing', 'a'), '1')
  t.deepEqual(await keysOf(store), ['b'])
  t.is(await readText(store, 'thing', 'a'), undefined)
  store.submit([removeLater('thing', 'b')])
  t.deepEqual(await store.sizes('thing'), [])
  await store.close()
})

test('deletions that wait are one statement of one commit when they are many', async (t) => {
  const store = await open()
  const names = Array.from({ length: 256 }, (_, i) => `k${i}`)
  store.submit(names.map((name) => put('thing', name, '1')))
  await store.flush()
  for (const name of names) {
    store.submit([put('other', name, '1'), removeLater('thing', name)])
    await store.flush()
  }
  t.is(store.counters.commits, 257)
  t.is(store.counters.statements, 258)
  t.is(await readText(store, 'thing', 'k0'), undefined)
  await store.close()
})

test('who scans while what waited is on its way to the disk finds it written', async (t) => {
  const store = await open()
  store.submit([put('thing', 'a', '1')])
  await store.flush()
  store.submit([removeLater('thing', 'a'), { ...put('thing', 'b', '1'), mayWait: true }])
  const seen = await Promise.all([keysOf(store), keysOf(store), store.sizes('thing').then((rows) => rows.length)])
  t.deepEqual(seen, [['b'], ['b'], 1])
  await store.close()
})

test('a row that is written again is not deleted by what had waited', async (t) => {
  const store = await open()
  store.submit([put('thing', 'a', '1'), put('thing', 'b', '1')])
  await store.flush()
  store.submit([removeLater('thing', 'a'), removeLater('thing', 'b')])
  store.submit([put('thing', 'a', '2')])
  t.deepEqual(await keysOf(store), ['a'])
  t.is(await readText(store, 'thing', 'a'), '2')
  // Of several writes to a key in one commit the last wins, and this one leaves nothing that could wait.
  store.submit([put('thing', 'a', '3'), removeLater('thing', 'a')])
  await store.flush()
  t.is(await readText(store, 'thing', 'a'), undefined)
  await store.close()
})

test('a store that is closed, and a copy of it, hold nothing that was to be deleted', (t) =>
  withFolder(async (folder) => {
    const [path, copy] = [join(folder, 'a.sqlite'), join(folder, 'b.sqlite')]
    const store = await open(path)
    store.submit([put('thing', 'a', '1'), put('thing', 'b', '1')])
    await store.flush()
    store.submit([removeLater('thing', 'a')])
    await store.backup(copy)
    store.submit([removeLater('thing', 'b')])
    await store.close()
    for (const [file, left] of [
      [path, undefined],
      [copy, '1'],
    ] as const) {
      const again = await open(file)
      t.is(await readText(again, 'thing', 'a'), undefined)
      t.is(await readText(again, 'thing', 'b'), left)
      await again.close()
    }
  }))

test('of a submission nothing waits where a part of it takes back what is in the same commit', async (t) => {
  const store = await open()
  store.submit([{ ...put('thing', 'begun', '1'), isNew: true }])
  store.submit([removeLater('thing', 'begun'), { ...put('thing', 'ended', '1'), mayWait: true }])
  await store.flush()
  t.is(await readText(store, 'thing', 'ended'), '1')
  t.is(await readText(store, 'thing', 'begun'), undefined)
  await store.close()
})

const keyOf = (at: number): Uint8Array => sha256(utf8Encode(`key ${at}`))
const sought = { table: 'thing', value: utf8Encode('1') }

test('what a table never had is answered without a look at the disk, also of what an earlier life wrote and while it is read', async (t) => {
  const written = 5_000
  const asked = Array.from({ length: 1_000 }, (_, at) => at)
  await withFolder(async (folder) => {
    const options = { path: join(folder, 'node.sqlite'), migrations, sought: ['thing'], onFatal: unexpected }
    const first = await openSqliteStore(options)
    for (let at = 0; at < written; at++) first.submit([{ ...sought, key: keyOf(at) }])
    await first.close()

    const store = await openSqliteStore(options)
    // Before all keys can have been read: rows that exist are found.
    const early = await Promise.all(asked.map((at) => store.get('thing', keyOf(at))))
    t.true(early.every((value) => value !== undefined))
    // Three pages of keys; each page is in the disk's queue before the next read.
    for (let pages = 0; pages < 4; pages++) await store.scan('other')
    const isFound = async (at: number): Promise<boolean> => (await store.get('thing', keyOf(at))) !== undefined
    const { reads } = store.counters
    const found = await Promise.all(asked.map((at) => isFound(written + at)))
    t.false(found.includes(true))
    t.true(store.counters.reads - reads < 10)
    // Keys that are written from now on are known, and keys that are removed are still looked up.
    store.submit([
      { ...sought, key: keyOf(written) },
      { ...sought, key: keyOf(0), value: undefined },
    ])
    await store.flush()
    t.deepEqual([await isFound(written), await isFound(0), await isFound(1)], [true, false, true])
    await store.close()
  })
})

test('a new file has pages that small rows fill, and one that there is keeps its own', async (t) => {
  await withFolder(async (folder) => {
    const pageBytes = async (name: string): Promise<number> => {
      const store = await open(join(folder, name))
      store.submit([put('thing', 'a', '1')])
      await store.close()
      const bytes = readFileSync(join(folder, name))
      // In the header of the file, after its name.
      return bytes.readUInt16BE(16)
    }
    const earlier = await SqliteConnection.open(join(folder, 'earlier'))
    await earlier.exec('PRAGMA page_size = 4096; CREATE TABLE before (key BLOB)')
    await earlier.close()
    t.deepEqual([await pageBytes('new'), await pageBytes('earlier')], [2_048, 4_096])
  })
})

for (const read of ['get', 'getAll', 'scan', 'sizes', 'weigh', 'sought'] as const) {
  test(`a read of a damaged file calls onFatal once, and nothing that waits is released: ${read}`, async (t) => {
    await withFolder(async (folder) => {
      const path = join(folder, 'node.sqlite')
      const whole = await open(path)
      const key = utf8Encode('a row of eight bytes or more')
      whole.submit([{ table: 'thing', key, value: utf8Encode('1') }])
      await whole.close()
      await damagePages(path, ['thing'])

      const fatal: string[] = []
      const failed = Promise.withResolvers<void>()
      const store = await openSqliteStore({
        path,
        migrations,
        ...(read === 'sought' && { sought: ['thing'] }),
        onFatal: (error) => {
          fatal.push((error as Error & { code: string }).code)
          failed.resolve()
        },
      })
      if (read === 'sought') await failed.promise
      else await t.throwsAsync(READS[read](store, key))
      t.deepEqual(fatal, ['SQLITE_CORRUPT'])
      store.submit([put('other', 'b', '1')], () => t.fail('released'))
      await t.throwsAsync(store.get('thing', key))
      t.is(await readText(store, 'other', 'b'), undefined)
      t.is(fatal.length, 1)
      await store.close()
    })
  })
}

const READS = {
  get: (store, key) => store.get('thing', key),
  getAll: (store, key) => store.getAll('thing', [key]),
  scan: (store) => store.scan('thing'),
  sizes: (store) => store.sizes('thing'),
  weigh: (store, key) => store.weigh('thing', [key]),
} satisfies Record<string, (store: Store, key: Uint8Array) => Promise<unknown>>

test('what follows a read is on the account that it was read for', async (t) => {
  const store = await open()
  const reads = [() => store.get('thing', utf8Encode('a')), () => store.getAll('thing', [utf8Encode('a')])]
  for (const read of [...reads, () => store.scan('thing'), () => store.sizes('thing')]) {
    let charged = 0
    await workedFor(
      (ms) => {
        charged += ms
      },
      async () => {
        await read()
        const begun = threadTime()
        while (threadTime() - begun < 2);
      },
    )
    // Within the system's microseconds.
    t.true(charged > 1.9)
  }
  await store.close()
})
