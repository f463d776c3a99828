import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { openLogFile } from './log-file.ts'

const place = (): string => join(mkdtempSync(join(tmpdir(), 'fulgurite-log-')), 'node.log')

test('what is written is in the file when it is flushed, in its order, after what was there', async (t) => {
  const path = place()
  for (const text of ['one\n', 'two\n']) {
    const log = openLogFile(path)
    log.write(text)
    log.flush()
    await log.close()
    log.write('too late\n')
    await log.close()
  }
  t.is(readFileSync(path, 'utf8'), 'one\ntwo\n')
})

test('what is on its way to the disk is in the file when it is closed', async (t) => {
  const path = place()
  const log = openLogFile(path)
  const long = `${'x'.repeat(1 << 26)}\n`
  log.write(long)
  await log.close()
  t.is(readFileSync(path, 'utf8').length, long.length)
})

const limited = process.platform === 'win32' ? test.skip : test
if (process.platform === 'win32') test('skipped: no file can be kept from growing here', (t) => t.pass())

limited('a disk that takes nothing loses lines, and keeps no process from ending', (t) => {
  const path = place()
  const program = `
    const { fileLogger } = await import(${JSON.stringify(new URL('./node-logger.ts', import.meta.url).href)})
    const log = fileLogger(${JSON.stringify(path)}, 'info')
    for (let i = 0; i < 100; i++) log.error('x'.repeat(100))
    log.flush()
    setTimeout(async () => {
      log.error('more')
      log.flush()
      await log.close()
      process.stdout.write('ended')
    }, 1)`
  // No file may grow at all, as on a full disk.
  const args = [...process.execArgv, '--input-type=module', '--eval', program]
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.is(stdout, 'ended')
  t.is(statSync(path).size, 0)
})
