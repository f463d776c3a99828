import test from 'ava'
import fc from 'fast-check'
import { SortedList } from './sorted-list.ts'

test('a sorted list holds what was added and not deleted, in order', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 50 }))), (steps) => {
      const list = new SortedList<number>((a, b) => a - b)
      const model = new Set<number>()
      for (const [adds, item] of steps) {
        if (!adds) {
          list.delete(item)
          model.delete(item)
        } else if (!model.has(item)) {
          list.add(item)
          model.add(item)
        }
      }
      const sorted = [...model].sort((a, b) => a - b)
      t.deepEqual([...list], sorted)
      t.is(list.size, sorted.length)
      t.deepEqual(
        [...list.from((item) => item - 25)],
        sorted.filter((item) => item >= 25),
      )
    }),
  )
})
