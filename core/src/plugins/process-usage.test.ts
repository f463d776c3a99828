import test from 'ava'
import { parsePs, systemUsageProbe } from './process-usage.ts'

test('ps — kilobytes, and time with or without hours and days', (t) => {
  t.deepEqual(parsePs('  51200  0:02.50\n'), { residentBytes: 52_428_800, cpuMs: 2_500 })
  t.deepEqual(parsePs('1 01:00:01'), { residentBytes: 1_024, cpuMs: 3_601_000 })
  t.deepEqual(parsePs('1 1-00:00:00'), { residentBytes: 1_024, cpuMs: 86_400_000 })
  t.is(parsePs(''), undefined)
})

test('usage — of this process is known, of one that is gone is not', (t) => {
  if (process.platform !== 'linux') {
    t.pass()
    return
  }
  const usage = systemUsageProbe(process.pid)
  t.true((usage?.residentBytes ?? 0) > 1_000_000)
  t.true((usage?.cpuMs ?? 0) > 0)
  t.is(systemUsageProbe(2 ** 30), undefined)
})
