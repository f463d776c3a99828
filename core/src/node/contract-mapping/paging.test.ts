import test from 'ava'
import { concat, toHex, u64be } from '../../lib/bytes.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { pageOfIndex } from './paging.ts'

const ROWS = 3_000
const CLASSES = [0, 1, 2]

const setUp = async () => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  // One of class 0 among very many.
  const keys = Array.from({ length: ROWS }, (_, i) =>
    concat(Uint8Array.of(i === 7 ? 0 : 1 + (i % 2)), u64be(BigInt(i))),
  )
  store.submit(keys.map((key) => ({ table: TABLE.paymentByStatus, key, value: new Uint8Array() })))
  await store.flush()
  const asked: (number | undefined)[] = []
  const scan = store.scan.bind(store)
  store.scan = (table, options) => {
    asked.push(options?.limit)
    return scan(table, options)
  }
  const list = (classes: readonly number[], limit: number, after?: string) =>
    pageOfIndex(store, { table: TABLE.paymentByStatus, classes, keyLength: 9 }, { limit, after }, async (found) =>
      found.map((key) => Number(Buffer.from(key).readBigUInt64BE(1))),
    )
  return { store, keys, asked, list }
}

test('what is rare in a long index is found at once, with one look for so many rows as the page has', async (t) => {
  const { store, asked, list } = await setUp()
  t.deepEqual(await list([0], 5), { ok: true, value: { items: [7] } })
  t.deepEqual(asked, [5])
  await store.close()
})

test('several classes are one list, the newest first, each row on one page', async (t) => {
  const { store, asked, list } = await setUp()
  const seen: number[] = []
  let after: string | undefined
  do {
    const page = await list(CLASSES, 400, after)
    if (!page.ok) return t.fail(page.error.code)
    seen.push(...page.value.items)
    after = page.value.next
  } while (after !== undefined)
  t.deepEqual(
    seen,
    Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i),
  )
  t.is(asked.length, CLASSES.length * (Math.floor(ROWS / 400) + 1))
  await store.close()
})

test('a token of another list is refused', async (t) => {
  const { store, keys, list } = await setUp()
  for (const token of ['p1', 'n5', 'zz', '00', toHex(keys[3]?.subarray(1) ?? new Uint8Array())]) {
    t.like(await list(CLASSES, 5, token), { ok: false, error: { code: 'invalid-request' } })
  }
  await store.close()
})
