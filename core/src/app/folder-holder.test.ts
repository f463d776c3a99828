import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOLDER_FILE, holderOf, noteHolder, removeHolder } from './folder-holder.ts'

// Elsewhere the system does not tell when a process was started, and nobody is named.
const onLinux = process.platform === 'linux' ? test : test.skip
if (process.platform !== 'linux') test('skipped: processes have no times in /proc here', (t) => t.pass())

const folderOf = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-holder-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

onLinux('whoever holds a folder is named as long as it says so', (t) => {
  const folder = folderOf(t)
  t.is(holderOf(folder), undefined)
  noteHolder(folder)
  t.is(holderOf(folder), process.pid)
  removeHolder(folder)
  t.is(holderOf(folder), undefined)
})

test('a process that has ended is not named', async (t) => {
  const folder = folderOf(t)
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  writeFileSync(join(folder, HOLDER_FILE), JSON.stringify({ pid: child.pid }))
  t.is(holderOf(folder), undefined)
})

onLinux('another process that has got the same id is not named', (t) => {
  const folder = folderOf(t)
  noteHolder(folder)
  const path = join(folder, HOLDER_FILE)
  const { pid, startedAt } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; startedAt: string }
  t.regex(startedAt, /^\d+$/)
  writeFileSync(path, JSON.stringify({ pid, startedAt: `${Number(startedAt) - 1}` }))
  t.is(holderOf(folder), undefined)
  // A file that does not say is of a system that does not tell, and this one does.
  writeFileSync(path, JSON.stringify({ pid }))
  t.is(holderOf(folder), undefined)
})

test('what is in the file need not be what we wrote', (t) => {
  const folder = folderOf(t)
  for (const text of [
    '',
    'null',
    '{"pid":-1}',
    '{"pid":0}',
    '{"pid":"1"}',
    `{"pid":${process.pid},"more":1}`,
    '\u0000',
  ]) {
    writeFileSync(join(folder, HOLDER_FILE), text)
    t.is(holderOf(folder), undefined)
  }
})
