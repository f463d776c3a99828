import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { Complaints } from './complaints.ts'

const A = new Uint8Array(32).fill(1)
const B = new Uint8Array(32).fill(2)

test('a connection ends at the channel that alone was complained about a moment ago', async (t) => {
  const clock = virtualClock()
  const complaints = new Complaints(clock)
  t.is(complaints.about(A), 'nothing')
  complaints.note(A)
  t.is(complaints.about(A), 'this-channel')
  t.is(complaints.about(B), 'others')
  await clock.advance(10_001)
  t.is(complaints.about(A), 'nothing')
  complaints.note(B)
  t.is(complaints.about(B), 'this-channel')
})

test('a peer that complains about several channels as it goes has trouble of its own', (t) => {
  const complaints = new Complaints(virtualClock())
  complaints.note(A)
  complaints.note(B)
  for (const channel of [A, B]) t.is(complaints.about(channel), 'others')
})
