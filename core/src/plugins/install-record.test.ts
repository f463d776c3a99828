import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type InstallRecord, readLockFile, writeLockFile } from './install-record.ts'

const record: InstallRecord = {
  name: 'fees',
  version: '1.0.0',
  source: '/home/op/fees',
  integrity: 'sha256-00',
  folder: 'fees-1.0.0-0011',
  grant: JSON.stringify({ permissions: { hooks: { 'channel.accept': { verdicts: ['accept'] } } } }),
  config: {},
  installedAt: 1,
  installCursor: 'e1',
}

const withFile = async (run: (path: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-lock-'))
  try {
    await run(join(folder, 'plugins.lock.json'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the lock file — what is written is read, and none is none', (t) =>
  withFile(async (path) => {
    t.deepEqual(await readLockFile(path), { ok: true, value: [] })
    await writeLockFile(path, [record])
    t.deepEqual(await readLockFile(path), { ok: true, value: [record] })
  }))

const lock = (...plugins: readonly object[]): string => JSON.stringify({ version: 1, plugins })

for (const [title, text, said] of [
  ['cut short', lock(record).slice(0, -5), /: it is not JSON\. /],
  ['empty', '', /: it is not JSON\. /],
  ['of another version', '{"version":2,"plugins":[]}', /: version: expected 1\. /],
  [
    'whose lengths cannot be compared',
    '{"version":1,"plugins":{"length":{"valueOf":1}}}',
    /: plugins: expected a list\. /,
  ],
  ['that leads out of its folder', lock({ ...record, folder: '..' }), /: plugins\.0\.folder: /],
  ['that names a plugin twice', lock(record, record), /: two plugins have the same name\. /],
  ['that nests without end', `{"version":1,"plugins":${'['.repeat(100_000)}`, /: it is not JSON\. /],
] as const) {
  test(`the lock file — one ${title} is damaged, and it is said what to do`, (t) =>
    withFile(async (path) => {
      writeFileSync(path, text)
      const read = await readLockFile(path)
      t.like(read, { ok: false, error: { code: 'lock-file-damaged' } })
      if (!read.ok) t.regex(read.error.message, said)
    }))
}

test('the lock file — a folder in its place is damage too', (t) =>
  withFile(async (path) => {
    mkdirSync(path)
    t.like(await readLockFile(path), { ok: false, error: { code: 'lock-file-damaged' } })
  }))
