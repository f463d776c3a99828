import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { Archive, type ArchiveDisk } from './archive.ts'

const folderOf = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-archive-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'archive')
}

const read = (path: string, name: string): string => readFileSync(join(path, name), 'utf8')

test('each month has its file, and one that is long enough is added to no more', async (t) => {
  const path = folderOf(t)
  const clock = virtualClock()
  const archive = new Archive({ path, clock, maxBytes: 10 })
  t.deepEqual(await archive.append(['{"a":1}']), { ok: true, value: undefined })
  t.true((await archive.append(['{"a":2}'])).ok)
  t.true((await archive.append(['{"a":3}'])).ok)
  clock.setWall(Date.UTC(2024, 1, 1))
  t.true((await archive.append(['{"a":4}', '{"a":5}'])).ok)
  t.deepEqual(readdirSync(path).sort(), ['2024-01-2.jsonl', '2024-01.jsonl', '2024-02.jsonl'])
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n{"a":2}\n')
  t.is(read(path, '2024-01-2.jsonl'), '{"a":3}\n')
  t.is(read(path, '2024-02.jsonl'), '{"a":4}\n{"a":5}\n')
  t.deepEqual(await archive.holds(), { files: 3, bytes: 40 })
  await archive.close()
  // The next life goes on where this one stopped.
  clock.setWall(Date.UTC(2024, 0, 31))
  const next = new Archive({ path, clock, maxBytes: 10 })
  t.true((await next.append(['{"a":6}'])).ok)
  t.is(read(path, '2024-01-2.jsonl'), '{"a":3}\n{"a":6}\n')
  t.true((await next.append(['{"a":7}'])).ok)
  t.is(read(path, '2024-01-3.jsonl'), '{"a":7}\n')
  await next.close()
})

test('a line that was begun by a node that ended is taken back, and no whole line is', async (t) => {
  const path = folderOf(t)
  const clock = virtualClock()
  mkdirSync(path)
  writeFileSync(join(path, '2024-01.jsonl'), `{"a":1}\n${'x'.repeat(200_000)}`)
  const archive = new Archive({ path, clock })
  t.true((await archive.append(['{"a":2}'])).ok)
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n{"a":2}\n')
  await archive.close()
  appendFileSync(join(path, '2024-01.jsonl'), '{"a"')
  const next = new Archive({ path, clock })
  t.true((await next.append(['{"a":3}'])).ok)
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n{"a":2}\n{"a":3}\n')
  await next.close()
})

const failing = (write: (bytes: Uint8Array) => number, sync: () => void = () => {}): ArchiveDisk => ({
  async write(fd, bytes) {
    const { writeSync } = await import('node:fs')
    return writeSync(fd, bytes, 0, write(bytes))
  },
  async sync() {
    sync()
  },
  free: async () => Number.MAX_SAFE_INTEGER,
})

test('what could not be written or synced leaves nothing behind, and is written whole the next time', async (t) => {
  const path = folderOf(t)
  const clock = virtualClock()
  let fault: 'write' | 'sync' | undefined
  let written = 0
  const disk = failing(
    (bytes) => {
      if (fault === 'write' && written++ > 0) throw Object.assign(new Error(), { code: 'ENOSPC' })
      // A part at a time, as a disk may.
      return Math.min(bytes.length, 3)
    },
    () => {
      if (fault === 'sync') throw Object.assign(new Error(), { code: 'EIO' })
    },
  )
  const archive = new Archive({ path, clock, disk })
  t.true((await archive.append(['{"a":1}'])).ok)
  fault = 'write'
  t.deepEqual(await archive.append(['{"a":2}']), {
    ok: false,
    error: { code: 'archive-unwritable', reason: 'the disk is full' },
  })
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n')
  fault = 'sync'
  t.like(await archive.append(['{"a":2}']), { ok: false, error: { reason: 'the disk fails' } })
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n')
  fault = undefined
  t.true((await archive.append(['{"a":2}'])).ok)
  t.is(read(path, '2024-01.jsonl'), '{"a":1}\n{"a":2}\n')
  await archive.close()
})

test('a file or a folder that was there is made its owner’s alone, and what is no file is refused', async (t) => {
  const path = folderOf(t)
  const clock = virtualClock()
  mkdirSync(path)
  chmodSync(path, 0o755)
  writeFileSync(join(path, '2024-01.jsonl'), '')
  chmodSync(join(path, '2024-01.jsonl'), 0o644)
  const archive = new Archive({ path, clock })
  t.true((await archive.append(['{}'])).ok)
  t.is(statSync(join(path, '2024-01.jsonl')).mode & 0o777, 0o600)
  t.is(statSync(path).mode & 0o777, 0o700)
  await archive.close()
  const other = folderOf(t)
  mkdirSync(other)
  mkdirSync(join(other, '2024-01.jsonl'))
  const refused = await new Archive({ path: other, clock }).append(['{}'])
  t.like(refused, { ok: false, error: { reason: 'something that is no file is in its place' } })
})

test('a link in the folder is not followed: what it leads to is neither written, cut, counted nor given another mode', async (t) => {
  const path = folderOf(t)
  mkdirSync(path)
  const elsewhere = `${path}-elsewhere`
  const text = 'somebody else’s\nand no line'
  writeFileSync(elsewhere, text)
  chmodSync(elsewhere, 0o644)
  symlinkSync(elsewhere, join(path, '2024-01.jsonl'))
  const archive = new Archive({ path, clock: virtualClock() })
  t.teardown(() => archive.close())
  t.like(await archive.append(['{"a":1}']), {
    ok: false,
    error: { reason: 'a link is in its place, and where it leads is not ours' },
  })
  t.is(readFileSync(elsewhere, 'utf8'), text)
  t.is(statSync(elsewhere).mode & 0o777, 0o644)
  t.deepEqual(await archive.holds(), { files: 0, bytes: 0 })
  // Nor one that takes the file's place while it is open.
  rmSync(join(path, '2024-01.jsonl'))
  t.true((await archive.append(['{"a":1}'])).ok)
  renameSync(join(path, '2024-01.jsonl'), elsewhere)
  symlinkSync(elsewhere, join(path, '2024-01.jsonl'))
  t.false((await archive.append(['{"a":2}'])).ok)
  t.is(readFileSync(elsewhere, 'utf8'), '{"a":1}\n')
})

test('a file that is moved away while it is open gets no line more: the next ones have a file in the folder', async (t) => {
  const path = folderOf(t)
  const archive = new Archive({ path, clock: virtualClock() })
  t.teardown(() => archive.close())
  t.true((await archive.append(['{"a":1}'])).ok)
  renameSync(join(path, '2024-01.jsonl'), join(path, 'books.jsonl'))
  t.true((await archive.append(['{"a":2}'])).ok)
  t.is(read(path, 'books.jsonl'), '{"a":1}\n')
  t.is(read(path, '2024-01.jsonl'), '{"a":2}\n')
})

test('lines whose file is gone before they are on the disk are not said to be archived', async (t) => {
  const path = folderOf(t)
  let gone = false
  const disk = failing(
    (bytes) => bytes.length,
    () => {
      if (gone) rmSync(join(path, '2024-01.jsonl'), { force: true })
    },
  )
  const archive = new Archive({ path, clock: virtualClock(), disk })
  t.teardown(() => archive.close())
  t.true((await archive.append(['{"a":1}'])).ok)
  gone = true
  t.like(await archive.append(['{"a":2}']), { ok: false, error: { reason: 'its file was moved away meanwhile' } })
  gone = false
  t.true((await archive.append(['{"a":2}'])).ok)
  t.is(read(path, '2024-01.jsonl'), '{"a":2}\n')
})

test('a whole last line that has lost its end, as by an editor, is kept', async (t) => {
  const path = folderOf(t)
  mkdirSync(path)
  for (const before of ['{"a":1}', '{"a":1}\n{"a":2}']) {
    writeFileSync(join(path, '2024-01.jsonl'), before)
    const archive = new Archive({ path, clock: virtualClock() })
    t.true((await archive.append(['{"a":3}'])).ok)
    t.is(read(path, '2024-01.jsonl'), `${before}\n{"a":3}\n`)
    await archive.close()
  }
})

test('the archive leaves room on the disk for what the channels live in', async (t) => {
  const path = folderOf(t)
  let free = (256 << 20) - 1
  const disk: ArchiveDisk = { ...failing((bytes) => bytes.length), free: async () => free }
  const archive = new Archive({ path, clock: virtualClock(), disk })
  t.teardown(() => archive.close())
  t.like(await archive.append(['{"a":1}']), { ok: false, error: { reason: 'less than 256 MiB are free on the disk' } })
  free += 1
  t.true((await archive.append(['{"a":1}'])).ok)
})
