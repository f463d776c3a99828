import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { u64be } from '../../core/src/lib/bytes.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'

const COMMITS = 300
const READERS = 4

// What was told of a commit that a crash then undid could never be taken back: an event's number, say, is given again.
test('a read under load — never returns what is not durable yet', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-reads-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const store = await openSqliteStore({
    path: join(folder, 'node.sqlite'),
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  t.teardown(() => store.close())
  let durable = 0
  let done = false
  let reads = 0
  const early: string[] = []
  const reader = async (): Promise<void> => {
    while (!done) {
      const [newest] = await store.scan(TABLE.event, { limit: 1, reverse: true })
      const seen = newest === undefined ? 0 : Number(Buffer.from(newest.key).readBigUInt64BE())
      reads += 1
      if (seen > durable) early.push(`${seen} while ${durable} was durable`)
    }
  }
  const readers = Promise.all(Array.from({ length: READERS }, reader))
  for (let i = 1; i <= COMMITS; i++) {
    await new Promise<void>((resolve) => {
      // Several tables, so that the commit is no single statement.
      const value = new Uint8Array(400)
      const others = [TABLE.payment, TABLE.invoice, TABLE.relay].map((table) => ({
        table,
        key: u64be(BigInt(i)),
        value,
      }))
      store.submit([...others, { table: TABLE.event, key: u64be(BigInt(i)), value }], () => {
        durable = i
        resolve()
      })
      // The next commit is asked for while this one is under way, as in a busy node.
      if (i % 2 === 0) store.submit([{ table: TABLE.payment, key: u64be(0n), value }])
    })
  }
  done = true
  await readers
  t.deepEqual(early, [])
  t.true(reads > COMMITS / 10)
})
