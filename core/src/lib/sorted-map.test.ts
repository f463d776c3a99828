import test from 'ava'
import { changesBetween, sortedMap } from './sorted-map.ts'

test('a sorted map — a clone and its original do not see what the other changes', (t) => {
  const original = sortedMap<string, number>()
  for (let i = 0; i < 1_000; i++) original.set(`${i}`, i)
  const clone = original.clone()
  clone.set('500', -1)
  clone.delete('3')
  original.set('7', -7)
  t.deepEqual([original.get('500'), original.get('3'), original.get('7')], [500, 3, -7])
  t.deepEqual([clone.get('500'), clone.get('3'), clone.get('7')], [-1, undefined, 7])
})

test('changesBetween — tells what is new, other and gone, in the order of the keys', (t) => {
  const before = sortedMap<number, string>()
  for (let i = 0; i < 1_000; i++) before.set(i, `${i}`)
  const after = before.clone()
  after.set(2_000, 'new')
  after.set(-1, 'new, too')
  after.set(500, 'other')
  after.set(501, '501')
  after.delete(3)
  after.delete(999)
  t.deepEqual(changesBetween(before, after), { changed: ['new, too', 'other', 'new'], gone: ['3', '999'] })
  t.deepEqual(changesBetween(after, before), { changed: ['3', '500', '999'], gone: ['new, too', 'new'] })
  t.deepEqual(changesBetween(after, after), { changed: [], gone: [] })
  t.deepEqual(changesBetween(sortedMap<string, number>(), sortedMap<string, number>()), { changed: [], gone: [] })
})
