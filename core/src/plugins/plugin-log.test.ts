import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { Account, MemoryPool } from './account.ts'
import { type LogLine, PluginLog } from './plugin-log.ts'

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
      'host log-flood: too many lines at once, some are left out',
      'host of the host',
      'host log-flood: 6 lines were left out',
      `plugin ${'x'.repeat(52)}`,
    ],
  )
  t.is(heard.at(-1)?.text.length, 4_096)
  t.deepEqual(log.lines(), heard)
  rmSync(folder, { recursive: true, force: true })
})
