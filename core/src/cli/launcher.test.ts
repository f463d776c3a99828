import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const launcher = fileURLToPath(new URL('../../bin/fulgurite.js', import.meta.url))

const launch = (args: readonly string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [launcher, ...args], { env: { ...process.env, HOME: '/nonexistent', ...env } })

test('fulgurite started by a plain node finds its flags and runs from source', async (t) => {
  const { stdout, stderr } = await launch(['--version'])
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/)
  t.is(stderr, '')
})

test('the exit code and the words of a failure reach the shell', async (t) => {
  const error = await t.throwsAsync<Error & { code: number; stderr: string; stdout: string }>(
    launch(['getinfo', '--json', '--data', '/nonexistent/data']),
  )
  t.is(error?.code, 3)
  t.is(JSON.parse(error?.stdout ?? '{}').error.code, 'node-unreachable')
})
