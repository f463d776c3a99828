import test from 'ava'
import { Crowd } from './crowd.ts'

test('a group past its limit loses its oldest member, or its youngest', (t) => {
  const oldest = new Crowd<string>({ max: 10, maxPerGroup: 2, loses: 'oldest' })
  const youngest = new Crowd<string>({ max: 10, maxPerGroup: 2, loses: 'youngest' })
  for (const crowd of [oldest, youngest]) {
    t.is(crowd.add('a', 'a1'), undefined)
    t.is(crowd.add('a', 'a2'), undefined)
  }
  t.is(oldest.add('a', 'a3'), 'a1')
  t.is(youngest.add('a', 'a3'), 'a3')
  t.is(oldest.size, 2)
  t.is(youngest.size, 2)
})

test('past the limit in all the largest group loses, whoever comes', (t) => {
  const crowd = new Crowd<string>({ max: 5, maxPerGroup: 10, loses: 'oldest' })
  crowd.add('few', 'f1')
  for (const member of ['m1', 'm2', 'm3', 'm4']) crowd.add('many', member)
  t.is(crowd.add('new', 'n1'), 'm1')
  t.is(crowd.add('few', 'f2'), 'm2')
  t.is(crowd.size, 5)
})

test('of groups alike the oldest in all goes, or the youngest', (t) => {
  const oldest = new Crowd<string>({ max: 2, maxPerGroup: 10, loses: 'oldest' })
  const youngest = new Crowd<string>({ max: 2, maxPerGroup: 10, loses: 'youngest' })
  for (const crowd of [oldest, youngest]) {
    crowd.add('a', 'a1')
    crowd.add('b', 'b1')
  }
  t.is(oldest.add('c', 'c1'), 'a1')
  t.is(youngest.add('c', 'c1'), 'c1')
})

test('who has left makes room', (t) => {
  const crowd = new Crowd<string>({ max: 1, maxPerGroup: 1, loses: 'oldest' })
  crowd.add('a', 'a1')
  crowd.delete('a', 'a1')
  crowd.delete('a', 'a1')
  t.is(crowd.size, 0)
  t.is(crowd.add('b', 'b1'), undefined)
})
