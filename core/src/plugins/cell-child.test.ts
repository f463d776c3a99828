import test from 'ava'
import { exitFault } from './cell-child.ts'

const SOURCE = `x${'y'.repeat(100_000)}`

test('how a cell ended — says the error, and not the line of source that Node prints before it', (t) => {
  t.deepEqual(exitFault(`[stdin]:1\n${SOURCE}\n\nTypeError: no such   thing\n    at main`, 1, null), {
    code: 'cell-crashed',
    text: 'the cell ended by exit code 1: TypeError: no such thing',
  })
})

test('how a cell ended — one that had no memory left is told from one that crashed', (t) => {
  const said =
    '<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'
  t.is(exitFault(said, null, 'SIGABRT').code, 'memory-limit')
  t.deepEqual(exitFault('', null, 'SIGKILL'), { code: 'cell-crashed', text: 'the cell ended by SIGKILL' })
})

test('how a cell ended — what it wrote is cut', (t) => {
  t.true(exitFault(SOURCE, 1, null).text.length < 600)
})
