import test from 'ava'
import { toHex, u64be } from '../../lib/bytes.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { pageOfIndex } from './paging.ts'

const ROWS = 5_250

test('what is rare in a long index is found page by page, each of which looks at so many rows at most, and at many at once', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const keys = Array.from({ length: ROWS }, (_, i) => u64be(BigInt(i)))
  store.submit(keys.map((key) => ({ table: TABLE.paymentIndex, key, value: new Uint8Array() })))
  await store.flush()
  let scans = 0
  const scan = store.scan.bind(store)
  store.scan = (...asked) => {
    scans += 1
    return scan(...asked)
  }
  const oldest = toHex(keys[0] as Uint8Array)
  const pages: string[][] = []
  let looked = 0
  let after: string | undefined
  do {
    looked = 0
    const page = await pageOfIndex(store, TABLE.paymentIndex, { limit: 1, after }, async ({ key }) => {
      looked += 1
      return toHex(key) === oldest ? oldest : undefined
    })
    if (!page.ok) throw new Error(page.error.code)
    pages.push([...page.value.items])
    after = page.value.next
    t.true(looked <= 5_000)
  } while (pages.flat().length === 0 && after !== undefined)
  t.deepEqual(pages, [[], [oldest]])
  t.true(scans <= 60, `${scans} looks at the disk`)
  await store.close()
})
