import { spawn } from 'node:child_process'
import test from 'ava'
import { followNode, type NodeChild } from './node-child.ts'

const PATIENCE_MS = 60_000

const childThat = (script: string, options: { readyWithinMs?: number; onOutput?: (text: string) => void } = {}) => {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'pipe'] })
  const node: NodeChild = followNode(child, { readyWithinMs: PATIENCE_MS, endWithinMs: PATIENCE_MS, ...options })
  return { child, node }
}

const LIVES_ON = 'process.stdin.resume()'

test('a node is where its first line says, and ends as it is asked to', async (t) => {
  const told: string[] = []
  const script = `console.log(JSON.stringify({ nodeId: '02aa' })); console.log('more'); ${LIVES_ON}`
  const { child, node } = childThat(script, { onOutput: (text) => told.push(text) })
  const ready = await node.ready
  t.like(ready, { ok: true, value: { nodeId: '02aa' } })
  t.deepEqual(await node.end(() => child.stdin?.end()), { code: 0, how: 'exit code 0' })
  t.regex(told.join(''), /02aa.*\nmore\n/)
})

const failures: readonly [string, string, string][] = [
  ['refuses to start', `console.log(JSON.stringify({ error: { message: 'no' } })); ${LIVES_ON}`, 'no'],
  ['says something else', `console.log('hello'); ${LIVES_ON}`, 'it said something else'],
  ['ends with a complaint', `console.error('out of memory'); process.exitCode = 3`, 'out of memory'],
  ['ends without a word', 'process.exitCode = 3', 'exit code 3'],
  ['is ended by a signal', `process.kill(process.pid, 'SIGKILL')`, 'signal SIGKILL'],
]

for (const [what, script, reason] of failures) {
  test(`a node that ${what} — is not ready, and says why`, async (t) => {
    const { node } = childThat(script)
    t.deepEqual(await node.ready, { ok: false, error: reason })
    await node.ended
  })
}

test('a node that is not ready in time is killed', async (t) => {
  const { node } = childThat(LIVES_ON, { readyWithinMs: 1 })
  t.deepEqual(await node.ready, { ok: false, error: 'not ready within 0.001 s' })
  t.deepEqual(await node.ended, { code: null, how: 'signal SIGKILL' })
})

test('a program that there is not is said', async (t) => {
  const child = spawn('/nowhere/at/all', [], { stdio: ['pipe', 'pipe', 'pipe'] })
  const node = followNode(child, { readyWithinMs: PATIENCE_MS, endWithinMs: PATIENCE_MS })
  const ready = await node.ready
  t.regex(ready.ok ? '' : ready.error, /ENOENT/)
})
