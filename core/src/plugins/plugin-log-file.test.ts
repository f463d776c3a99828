import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { Account, MEMORY_CAPS, MemoryPool } from './account.ts'
import { PluginLog } from './plugin-log.ts'
import { PluginLogFile } from './plugin-log-file.ts'

const folderOf = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-log-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const LINE = `${'x'.repeat(4_095)}\n`

test('a log — more than a file holds, said in one go, neither throws nor is in the way of what follows', async (t) => {
  const path = join(folderOf(t), 'logs', 'x.log')
  const account = new Account(new MemoryPool(64 << 20, 1))
  const log = new PluginLog({ path, account, clock: virtualClock(), perSecond: 1, onLine() {} })
  for (let i = 0; i < 1_000; i++) log.host('error', `${i} ${LINE}`)
  await log.close()
  log.host('error', 'the last one')
  await log.close()
  t.regex(readFileSync(path, 'utf8'), /the last one/)
  // As many of the latest as the plugin's account has room for.
  t.is(log.lines().at(-1)?.text, 'the last one')
  t.true(log.lines().length > 100 && log.lines().length < 1_000)
  t.true(account.held('log') <= MEMORY_CAPS.log)
})

test('a log — is turned over once it is full, and both files hold whole lines', async (t) => {
  const path = join(folderOf(t), 'x.log')
  const file = new PluginLogFile(path)
  for (let i = 0; i < 400; i++) {
    file.append(LINE)
    if (i % 50 === 49) await file.flush()
  }
  await file.flush()
  const lines = [`${path}.1`, path].map((each) => readFileSync(each, 'utf8').split('\n').slice(0, -1))
  t.is(lines.flat().length, 400)
  t.true(lines.flat().every((line) => line.length === LINE.length - 1))
})

test('a log — its folder may go, and a file stand in its place: what is logged after it came back is kept', async (t) => {
  const folder = join(folderOf(t), 'logs')
  const path = join(folder, 'x.log')
  const file = new PluginLogFile(path)
  file.append('first\n')
  await file.flush()
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'in the way')
  file.append('lost\n')
  await file.flush()
  rmSync(folder)
  file.append('second\n')
  await file.flush()
  t.is(readFileSync(path, 'utf8'), 'second\n')
})

test('a log — that cannot be turned over is begun anew, and does not grow without end', async (t) => {
  const path = join(folderOf(t), 'x.log')
  mkdirSync(join(`${path}.1`, 'inside'), { recursive: true })
  const file = new PluginLogFile(path)
  for (let i = 0; i < 600; i++) {
    file.append(LINE)
    if (i % 100 === 99) await file.flush()
  }
  await file.flush()
  t.true(existsSync(path))
  t.true(readFileSync(path).length <= 2 << 20)
})
