import test from 'ava'
import { Crowd } from './crowd.ts'

test('a group past its limit loses its youngest member', (t) => {
  const crowd = new Crowd<string>({ max: 10, maxPerGroup: 2 })
  t.is(crowd.add('a', 'a1'), undefined)
  t.is(crowd.add('a', 'a2'), undefined)
  t.is(crowd.add('a', 'a3'), 'a3')
  t.is(crowd.size, 2)
})

test('past the limit in all the largest group loses, whoever comes', (t) => {
  const crowd = new Crowd<string>({ max: 5, maxPerGroup: 10 })
  crowd.add('few', 'f1')
  for (const member of ['m1', 'm2', 'm3', 'm4']) crowd.add('many', member)
  t.is(crowd.add('new', 'n1'), 'm4')
  t.is(crowd.add('few', 'f2'), 'm3')
  t.is(crowd.size, 5)
})

test('of groups alike the one that came last loses', (t) => {
  const crowd = new Crowd<string>({ max: 2, maxPerGroup: 10 })
  crowd.add('a', 'a1')
  crowd.add('b', 'b1')
  t.is(crowd.add('c', 'c1'), 'c1')
})

test('who has left makes room', (t) => {
  const crowd = new Crowd<string>({ max: 1, maxPerGroup: 1 })
  crowd.add('a', 'a1')
  crowd.delete('a', 'a1')
  crowd.delete('a', 'a1')
  t.is(crowd.size, 0)
  t.is(crowd.add('b', 'b1'), undefined)
})
