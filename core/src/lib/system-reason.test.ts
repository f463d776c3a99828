import { readFileSync, renameSync } from 'node:fs'
import test from 'ava'
import { systemReason } from './system-reason.ts'

const thrown = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error
  }
}

test('a reason of the system is its words alone', (t) => {
  t.is(systemReason(thrown(() => readFileSync('/dev/null/nowhere, at all'))), 'not a directory')
  t.is(systemReason(thrown(() => renameSync('/dev/null/nowhere', '/dev/null/else'))), 'not a directory')
  t.is(systemReason(new Error('ENOSPC: no space left on device, write')), 'no space left on device')
  t.is(systemReason(new Error('the page is damaged')), 'the page is damaged')
  t.is(systemReason('odd'), 'odd')
})
