import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { Account, MemoryPool } from './account.ts'
import { type LogLine, PluginLog } from './plugin-log.ts'

const logAt = (path: string): PluginLog =>
  new PluginLog({ path, account: new Account(new MemoryPool(64 << 20, 1)), clock: virtualClock(), onLine() {} })

test('lines past the rate are left out; that is said at once, and how many when there is room again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-log-'))
  const clock = virtualClock()
  const heard: LogLine[] = []
  const log = new PluginLog({
    path: join(folder, 'x.log'),
    account: new Account(new MemoryPool(64 << 20, 1)),
    clock,
    perSecond: 1,
    onLine: (line) => heard.push(line),
  })
  for (let i = 0; i < 10; i++) log.plugin('info', `line ${i}`)
  log.host('info', 'of the host')
  clock.setWall(0)
  await clock.advance(1_000)
  log.plugin('info', 'x'.repeat(10_000))
  log.close()
  t.deepEqual(
    heard.map(({ source, text }) => `${source} ${text.slice(0, 52)}`),
    [
      'plugin line 0',
      'plugin line 1',
      'plugin line 2',
      'plugin line 3',
      'host log-flood: more lines than limits.logsPerSecond allo',
      'host of the host',
      'host log-flood: 6 lines left out',
      `plugin ${'x'.repeat(52)}`,
    ],
  )
  t.is(heard.at(-1)?.text.length, 4_096)
  t.deepEqual(log.lines(), heard)
  rmSync(folder, { recursive: true, force: true })
})

test('until something is logged, the lines are those of the run before, as far as the file is whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-log-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'x.log')
  const open = (): PluginLog => logAt(path)
  t.deepEqual(open().lines(), [])
  const before = open()
  before.host('info', 'starting')
  before.plugin('error', 'the last words')
  await before.close()
  appendFileSync(path, '{"at":"late"}\n[[[[[[\n{"at":1,"lev')
  const now = open()
  t.deepEqual(now.lines(), before.lines())
  now.host('info', 'running')
  t.deepEqual(
    now.lines().map(({ text }) => text),
    ['running'],
  )
  await now.close()
  // Only so much of it is read, from a whole line on.
  appendFileSync(
    path,
    `\n${`${JSON.stringify({ at: 5, level: 'info', source: 'plugin', text: 'x'.repeat(4_000) })}\n`.repeat(100)}`,
  )
  t.is(
    new Set(
      open()
        .lines()
        .map(({ text }) => text),
    ).size,
    1,
  )
  rmSync(path)
  mkdirSync(path)
  t.deepEqual(open().lines(), [])
})

test('a log that was looked into before its plugin was known has the rate of the plugin all the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-log-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const log = logAt(join(folder, 'x.log'))
  log.allow(10)
  for (let i = 0; i < 45; i++) {
    log.allow(10)
    log.plugin('info', `line ${i}`)
  }
  t.is(log.lines().filter(({ source }) => source === 'plugin').length, 40)
  await log.close()
})
