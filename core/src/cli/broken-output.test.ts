import { EventEmitter } from 'node:events'
import test from 'ava'
import { watchOutputs } from './broken-output.ts'

const outputs = (isNode = false) => {
  const [stdout, stderr] = [new EventEmitter(), new EventEmitter()]
  let said = ''
  const exits: number[] = []
  const write = (text: string): boolean => {
    said += text
    return true
  }
  watchOutputs(
    { stdout, stderr: Object.assign(stderr, { write }), exit: (code: number) => exits.push(code) } as never,
    isNode,
  )
  return {
    stdout,
    stderr,
    said: () => said,
    exits,
  }
}

const failing = (code: string, words: string) => Object.assign(new Error(`${code}: ${words}, write`), { code })

test('an answer that cannot be written is an error in words, with a code of its own', (t) => {
  const { stdout, said, exits } = outputs()
  stdout.emit('error', failing('ENOSPC', 'no space left on device'))
  t.is(said(), 'error: standard output cannot be written: the disk is full [output-failed]\n')
  t.deepEqual(exits, [4])
})

test('a reader that has read enough ends a command without an error', (t) => {
  for (const name of ['stdout', 'stderr'] as const) {
    const all = outputs()
    all[name].emit('error', failing('EPIPE', 'broken pipe'))
    t.is(all.said(), '')
    t.deepEqual(all.exits, [0])
  }
})

test('errors that cannot be written change nothing else', (t) => {
  const { stderr, exits } = outputs()
  stderr.emit('error', failing('ENOSPC', 'no space left on device'))
  t.deepEqual(exits, [])
})

test('a node goes on when nothing that it says can be written', (t) => {
  const { stdout, said, exits } = outputs(true)
  stdout.emit('error', failing('ENOSPC', 'no space left on device'))
  stdout.emit('error', failing('EPIPE', 'broken pipe'))
  t.is(said(), '')
  t.deepEqual(exits, [])
})
