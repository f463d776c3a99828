import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { FLAGS, flagsFor, SOURCE_FLAGS } from '../../bin/launch.js'
import { programOf, stampOf } from '../../bin/program.js'

const launcher = fileURLToPath(new URL('../../bin/fulgurite.js', import.meta.url))

/** A package in the repository with one source, bundled. */
const bundledPackage = (t: ExecutionContext) => {
  const core = mkdtempSync(join(tmpdir(), 'fulgurite-package-'))
  t.teardown(() => rmSync(core, { recursive: true, force: true }))
  for (const folder of ['src/cli', 'dist/cli']) mkdirSync(join(core, folder), { recursive: true })
  const source = join(core, 'src/cli/main.ts')
  writeFileSync(source, 'export const main = 1')
  writeFileSync(join(core, 'dist/stamps.json'), JSON.stringify({ 'src/cli/main.ts': stampOf(source) }))
  return { core, source, bundled: join(core, 'dist/cli/main.js') }
}

test('what was bundled runs as long as every source is as it was', (t) => {
  const { core, source, bundled } = bundledPackage(t)
  t.is(programOf(core), bundled)
  writeFileSync(source, 'export const main = 23')
  t.is(programOf(core), source)
})

test('where nothing was bundled the sources run, and in a published package what was bundled', (t) => {
  const { core, source, bundled } = bundledPackage(t)
  rmSync(join(core, 'dist'), { recursive: true })
  t.is(programOf(core), source)
  rmSync(join(core, 'src'), { recursive: true })
  t.is(programOf(core), bundled)
})

test('a source that is gone makes what was bundled stale', (t) => {
  const { core, source } = bundledPackage(t)
  writeFileSync(join(core, 'dist/stamps.json'), JSON.stringify({ 'src/gone.ts': '1 1' }))
  t.is(programOf(core), source)
})

test('only what becomes a node is started with its flags: a command that asks one runs in the process that was launched', (t) => {
  const bundled = { hasSources: true, runsSources: () => false }
  const asks = ['--data', '/data', 'getinfo']
  t.deepEqual(flagsFor(asks, bundled), [])
  t.deepEqual(flagsFor(asks, { hasSources: true, runsSources: () => true }), SOURCE_FLAGS)
  t.deepEqual(flagsFor(['--data', '/data', 'start'], bundled), [...FLAGS, ...SOURCE_FLAGS])
  t.deepEqual(flagsFor(['demo'], { hasSources: false, runsSources: () => false }), FLAGS)
})

const launch = (args: readonly string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [launcher, ...args], { env: { ...process.env, HOME: '/nonexistent', ...env } })

test('fulgurite started by a plain node finds its flags and runs', async (t) => {
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
