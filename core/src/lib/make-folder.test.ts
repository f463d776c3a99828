import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { makeFolder } from './make-folder.ts'

test('a folder is made with those above it, and the first of them is told', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-folder-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'a', 'b', 'c')
  t.is(makeFolder(path, 0o700), join(folder, 'a'))
  t.is(statSync(path).mode & 0o777, 0o700)
  t.is(makeFolder(path), undefined)
  writeFileSync(join(folder, 'file'), '')
  t.throws(() => makeFolder(join(folder, 'file')), { code: 'EEXIST' })
  t.throws(() => makeFolder(join(folder, 'file', 'x')))
})

// Elsewhere there is no such file system.
const onLinux = process.platform === 'linux' ? test : test.skip
if (process.platform !== 'linux') test('skipped: there is no /proc here', (t) => t.pass())
onLinux('where no folder can be, that is said, and nobody waits for ever', (t) => {
  t.throws(() => makeFolder('/proc/fulgurite/backups'), { code: 'ENOENT' })
})
