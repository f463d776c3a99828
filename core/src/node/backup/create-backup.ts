import { renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Failure } from '../../lib/errors.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { syncFolder } from '../../lib/sync-folder.ts'
import { systemReason } from '../../lib/system-reason.ts'
import { detachLog, openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { readChannels } from '../channel/channel-rows.ts'
import type { NodeLog } from '../node-log.ts'
import { restoredMark } from '../storage/restored-mark.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { unfitFolder } from './unfit-folder.ts'

export interface BackupMade {
  /** The file: one database, whole, for the eyes of its owner. */
  readonly path: string
  readonly bytes: number
  readonly channels: number
}

export type BackupFailure = Failure<'backup-failed'> & { readonly reason: string }

export interface BackupMaker {
  readonly store: Store
  readonly clock: Clock
  readonly log: NodeLog
  /** What the file's name begins with. */
  readonly name: string
}

/**
 * Copies the database of a node while it runs, into a folder that is made if there is none. The copy is read as a start would read it, and
 * has its name only once it is sound and on the disk. It says of itself that it is a backup: a node that starts on it puts its channels in
 * doubt (`takeUpRestored`).
 */
export const createBackup = async (
  { store, clock, log, name }: BackupMaker,
  folder: string,
): Promise<Result<BackupMade, BackupFailure>> => {
  const wrong = unfitFolder(folder)
  if (wrong !== undefined) return err({ code: 'backup-failed', reason: wrong })
  const path = join(folder, `${name}-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.sqlite`)
  const draft = `${path}.part`
  try {
    makeFolder(folder, 0o700)
    let told = 0
    await store.backup(draft, ({ pages, total }) => {
      const tenths = Math.floor((10 * pages) / total)
      if (tenths > told) log.info('backup.progress', { percent: 10 * tenths })
      told = tenths
    })
    const channels = await check(draft, clock)
    await detachLog(draft)
    renameSync(draft, path)
    // The folder's entry for the new name, too, must be on the disk.
    syncFolder(folder)
    const { size: bytes } = statSync(path)
    log.info('backup.made', { path, bytes, channels })
    return ok({ path, bytes, channels })
  } catch (error) {
    for (const end of ['', '-wal', '-shm', '-journal']) removeIfThere(draft + end)
    const reason = systemReason(error)
    log.error('backup.failed', { path, reason })
    return err({ code: 'backup-failed', reason })
  }
}

/** Reads all of it, and every channel; returns how many there are. */
const check = async (path: string, clock: Clock): Promise<number> => {
  const failed = Promise.withResolvers<never>()
  // It may fail while nobody waits yet: whoever waits later hears of it.
  failed.promise.catch(() => {})
  const copy = await openSqliteStore({ path, migrations: MIGRATIONS, onFatal: failed.reject })
  try {
    const damage = await copy.damage()
    if (damage !== undefined) throw new Error(`the copy is damaged: ${damage}`)
    const { length } = await readChannels(copy, clock)
    copy.submit([restoredMark])
    // A disk that is full ends the copy, not the node.
    await Promise.race([copy.flush(), failed.promise])
    return length
  } finally {
    await copy.close()
  }
}

/** Where the folder is none, nothing is there. */
const removeIfThere = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // What the answer says is why the backup failed.
  }
}
