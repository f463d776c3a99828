import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { Archive } from './archive.ts'

/** What was asked of the file system with the whole process waiting for the answer, while `work` went on. */
const waitedFor = async (t: ExecutionContext, work: () => Promise<void>): Promise<readonly string[]> => {
  const waited: string[] = []
  const functions = fs as unknown as Record<string, unknown>
  const names = Object.keys(fs).filter((name) => name.endsWith('Sync') && typeof functions[name] === 'function')
  t.true(names.includes('lstatSync') && names.includes('fsyncSync'))
  const before = names.map((name) => functions[name] as (...args: readonly unknown[]) => unknown)
  for (const [at, name] of names.entries()) {
    functions[name] = (...args: readonly unknown[]): unknown => {
      waited.push(name)
      return before[at]?.(...args)
    }
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    for (const [at, name] of names.entries()) functions[name] = before[at]
    syncBuiltinESMExports()
  }
  return waited
}

const folderOf = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-archive-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

// Its folder may be a link to another disk, and a network disk that hangs answers nobody.
test.serial(
  'the node waits for nothing of the archive’s disk: not when it opens a file, adds to it, gives it up, counts or closes',
  async (t) => {
    const path = join(folderOf(t), 'archive')
    const clock = virtualClock()
    const archive = new Archive({ path, clock, maxBytes: 20 })
    const waited = await waitedFor(t, async () => {
      for (let i = 0; i < 5; i++) t.true((await archive.append(['{"a":1}'])).ok)
      t.deepEqual(await archive.holds(), { files: 2, bytes: 40 })
      await archive.close()
    })
    t.deepEqual(waited, [])

    const failing = new Archive({
      path,
      clock,
      disk: {
        write: async () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })),
        sync: async () => {},
        free: async () => Number.MAX_SAFE_INTEGER,
      },
    })
    const whenItFails = await waitedFor(t, async () => {
      t.false((await failing.append(['{"a":2}'])).ok)
      await failing.close()
    })
    t.deepEqual(whenItFails, [])
  },
)

test.serial(
  'a link that leads to a disk which is away — nothing is archived in its stead, that is said, and it goes on when the disk is there',
  async (t) => {
    const folder = folderOf(t)
    const [path, disk] = [join(folder, 'archive'), join(folder, 'disk')]
    symlinkSync(join(disk, 'books'), path)
    const archive = new Archive({ path, clock: virtualClock() })
    const reason = 'no such file or folder, or a link leads to none'
    t.like(await archive.append(['{"a":1}']), { ok: false, error: { reason } })
    t.false(fs.existsSync(disk))
    mkdirSync(join(disk, 'books'), { recursive: true })
    t.true((await archive.append(['{"a":1}'])).ok)
    t.is(fs.readFileSync(join(disk, 'books', '2024-01.jsonl'), 'utf8'), '{"a":1}\n')

    // And when it goes away while a file on it is open.
    fs.renameSync(disk, `${disk}-away`)
    t.like(await archive.append(['{"a":2}']), { ok: false, error: { reason } })
    writeFileSync(disk, 'not a disk')
    t.like(await archive.append(['{"a":2}']), {
      ok: false,
      error: { reason: 'something that is no folder is in its place, or on the way to it' },
    })
    rmSync(disk)
    fs.renameSync(`${disk}-away`, disk)
    t.true((await archive.append(['{"a":2}'])).ok)
    t.is(fs.readFileSync(join(disk, 'books', '2024-01.jsonl'), 'utf8'), '{"a":1}\n{"a":2}\n')
    await archive.close()
  },
)
