import test from 'ava'
import { AuditRows } from './audit-rows.ts'
import { RowRing } from './row-ring.ts'
import { MemoryStore } from './testing/fake-node.ts'

const bytesOf = (store: MemoryStore): number =>
  [...store.rows].reduce((sum, [key, value]) => sum + key.length + value.length, 0)

test('a ring keeps the latest rows within its limits, also over restarts, and its count is what is stored', async (t) => {
  const store = new MemoryStore()
  let ring = new RowRing(store, 'ring/', { rows: 5, bytes: 1_000 })
  for (let i = 0; i < 20; i++) {
    await store.put(ring.add(`row ${i}`).writes)
    if (i % 7 === 0) {
      ring = new RowRing(store, 'ring/', { rows: 5, bytes: 1_000 })
      await ring.load()
    }
    t.true(store.rows.size <= 5)
  }
  t.deepEqual([...store.rows.values()], ['row 15', 'row 16', 'row 17', 'row 18', 'row 19'])
  await store.put(ring.add('x'.repeat(700)).writes)
  t.is(store.rows.size, 3)
  t.is(ring.bytes, bytesOf(store) + 3 * 64)
})

test('rows under the prefix that are not of the ring are deleted when it is loaded, in steps', async (t) => {
  const store = new MemoryStore()
  for (let i = 0; i < 2_000; i++) store.rows.set(`ring/label/${i}`, 'x'.repeat(10))
  await store.put(new RowRing(store, 'ring/', { rows: 5, bytes: 1_000 }).add('own').writes)
  const batches: number[] = []
  const { put } = store
  store.put = (batch) => {
    batches.push(batch.length)
    return put.call(store, batch)
  }
  const ring = new RowRing(store, 'ring/', { rows: 5, bytes: 1_000 })
  await ring.load()
  t.deepEqual([...store.rows.values()], ['own'])
  t.true(batches.length >= 4 && batches.every((length) => length <= 512))
})

test('refusals that are alike are counted in one row; none pushes out what was spent', async (t) => {
  const store = new MemoryStore()
  const audit = new AuditRows(store, 'p')
  await audit.load()
  await store.put(audit.add('money', { paid: 1 }))
  for (let i = 0; i < 100; i++) await store.put(audit.refuse('same', i, { i }))
  t.deepEqual([...store.rows.values()], ['{"paid":1}', '{"i":99,"since":0,"times":100}'])
  for (let i = 0; i < 3_000; i++) await store.put(audit.refuse(`other ${i}`, i, { text: 'x'.repeat(2_000) }))
  t.true(bytesOf(store) <= 1 << 20)
  t.is([...store.rows.values()][0], '{"paid":1}')
  t.true(audit.dropped('refusal') > 0)
  t.is(audit.dropped('money'), 0)
})
