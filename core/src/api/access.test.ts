import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readAccess, tokenOf, writeAccess } from './access.ts'

const folder = (t: ExecutionContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'fulgurite-access-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

test('what is written is read again, by its owner alone, and the token stays the same', (t) => {
  const path = folder(t)
  const token = tokenOf(path)
  t.regex(token, /^[0-9a-f]{64}$/)
  t.not(tokenOf(path), token)
  writeAccess(path, { url: 'http://127.0.0.1:1', token })
  t.deepEqual(readAccess(path), { ok: true, value: { url: 'http://127.0.0.1:1', token } })
  t.is(tokenOf(path), token)
  if (process.platform !== 'win32') t.is(statSync(join(path, 'api.json')).mode & 0o777, 0o600)
})

test('a missing or malformed file is said with its path', (t) => {
  const path = folder(t)
  const file = join(path, 'api.json')
  t.deepEqual(readAccess(path), { ok: false, error: { code: 'no-access-file', path: file } })
  writeFileSync(file, '{"url":1}')
  t.like(readAccess(path), { ok: false, error: { code: 'access-file-unreadable', path: file } })
})
