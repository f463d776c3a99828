import { readFileSync, renameSync } from 'node:fs'
import test from 'ava'
import { systemReason, wordsOfCode } from './system-reason.ts'

const thrown = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error
  }
}

test('a reason of the system is its words alone', (t) => {
  const noFolder = 'something that is no folder is in its place, or on the way to it'
  t.is(systemReason(thrown(() => readFileSync('/dev/null/nowhere, at all'))), noFolder)
  t.is(systemReason(thrown(() => renameSync('/dev/null/nowhere', '/dev/null/else'))), noFolder)
  t.is(systemReason(new Error('ENOSPC: no space left on device, write')), 'no space left on device')
  t.is(systemReason(new Error('the page is damaged')), 'the page is damaged')
  t.is(systemReason('odd'), 'odd')
})

test('what the system says without words of its own, as of several addresses of a host, is in words too', (t) => {
  const refused = Object.assign(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')]), {
    code: 'ECONNREFUSED',
  })
  t.is(systemReason(refused), 'the connection was refused: nothing listens there')
  t.is(wordsOfCode('EADDRINUSE'), 'the address is in use')
  t.is(wordsOfCode('EUNHEARD'), 'EUNHEARD')
})
