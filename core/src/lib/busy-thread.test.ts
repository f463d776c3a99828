import test from 'ava'
import { busyThread } from './busy-thread.ts'

test('busyThread — says what held for the last tenth of a second at least, and goes on saying so until as much has passed again', (t) => {
  const now = { active: 0, idle: 0, utilization: 0 }
  const isBusy = busyThread(() => ({ ...now }))
  const after = (active: number, idle: number): boolean => {
    now.active += active
    now.idle += idle
    return isBusy()
  }
  t.false(after(90, 0))
  t.true(after(10, 0))
  t.true(after(0, 99))
  t.false(after(20, 0))
  t.false(after(50, 50))
  t.true(after(51, 49))
})
