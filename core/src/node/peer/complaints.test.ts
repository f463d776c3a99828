import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { Complaints } from './complaints.ts'

const A = new Uint8Array(32).fill(1)
const B = new Uint8Array(32).fill(2)

test('a connection ends at the channel that alone was complained about a moment ago', async (t) => {
  const clock = virtualClock()
  const complaints = new Complaints(clock)
  t.false(complaints.areOnlyAbout(A))
  complaints.note(A)
  t.true(complaints.areOnlyAbout(A))
  t.false(complaints.areOnlyAbout(B))
  await clock.advance(10_001)
  t.false(complaints.areOnlyAbout(A))
  complaints.note(B)
  t.true(complaints.areOnlyAbout(B))
})

test('a peer that complains about several channels as it goes has trouble of its own', (t) => {
  const complaints = new Complaints(virtualClock())
  complaints.note(A)
  complaints.note(B)
  t.false(complaints.areOnlyAbout(A))
  t.false(complaints.areOnlyAbout(B))
})
