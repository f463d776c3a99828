import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Failure } from '../../lib/errors.ts'
import { inTurn } from '../../lib/in-turn.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { systemReason } from '../../lib/system-reason.ts'
import { newestBackupWrite, readNewestBackup } from '../storage/newest-backup.ts'
import { replaceFile } from './replace-file.ts'
import { type ChannelsRestored, type ChannelsRestorer, restoreChannels } from './restore-channels.ts'
import {
  MAX_STATIC_BACKUP_BYTES,
  openStaticBackup,
  type StaticBackup,
  type StaticBackupFailure,
} from './static-backup.ts'
import { StaticBackupKeeper, type StaticBackupKeeperOptions } from './static-backup-keeper.ts'
import { unfitFolder } from './unfit-folder.ts'

interface StaticBackupMade {
  readonly path: string
  readonly bytes: number
  readonly channels: number
}

type WriteFailure = Failure<'backup-failed'> & { readonly reason: string }
export type ReadFailure = StaticBackupFailure | (Failure<'channel-backup-unreadable'> & { readonly reason: string })

/** Static backups of the channels, as the operator has them: kept by themselves, written somewhere at once, and read back. */
export interface ChannelBackups {
  readonly keeper: StaticBackupKeeper
  /** Into a folder, which is made if there is none. */
  writeTo(folder: string): Promise<Result<StaticBackupMade, WriteFailure>>
  /** Brings back the channels of a file that are not known. */
  restoreFrom(path: string, restorer: ChannelsRestorer): Promise<Result<ChannelsRestored, ReadFailure>>
  /** A peer has given back what it keeps for this node: channels that this database never had are brought back. */
  takeBack(blob: Uint8Array, restorer: ChannelsRestorer): Promise<void>
}

export const openChannelBackups = async (
  options: StaticBackupKeeperOptions & { readonly name: string },
): Promise<ChannelBackups> => {
  const { key, chainHash, places, log, name } = options
  const read = async (path: string): Promise<Result<StaticBackup, ReadFailure>> => {
    const bytes = await readBounded(path)
    return bytes.ok ? openStaticBackup(key, bytes.value, chainHash) : bytes
  }
  const last = places === undefined ? undefined : await read(places.own)
  const keeper = new StaticBackupKeeper(options, last?.ok ? last.value : undefined)
  const oneByOne = inTurn()
  return {
    keeper,
    async writeTo(folder) {
      const wrong = unfitFolder(folder)
      if (wrong !== undefined) return err({ code: 'backup-failed', reason: wrong })
      const path = join(folder, `${name}.channels`)
      try {
        makeFolder(folder, 0o700)
        const bytes = keeper.sealed()
        const channels = keeper.size
        await replaceFile(path, bytes)
        log.info('channel-backup.made', { path, channels })
        return ok({ path, bytes: bytes.length, channels })
      } catch (error) {
        return err({ code: 'backup-failed', reason: systemReason(error) })
      }
    },
    takeBack: (blob, restorer) =>
      oneByOne(async () => {
        const backup = openStaticBackup(key, blob, chainHash)
        if (!backup.ok) {
          log.warn('channel-backup.returned-foreign', { code: backup.error.code })
          return
        }
        const { madeAt } = backup.value
        const newest = await readNewestBackup(restorer.store)
        // An older one may tell of channels that were closed since.
        if (madeAt < newest) {
          log.debug('channel-backup.returned-old')
          return
        }
        const channels = backup.value.channels.filter(({ keyIndex }) => !restorer.indexes.isOwn(keyIndex))
        if (channels.length === 0) {
          if (madeAt > newest) restorer.store.submit([newestBackupWrite(madeAt)])
          return
        }
        const { restored } = await restoreChannels(restorer, { ...backup.value, channels })
        if (restored > 0) log.warn('channel-backup.returned', { restored })
      }),
    restoreFrom: (path, restorer) =>
      oneByOne(async () => {
        const backup = await read(path)
        return backup.ok ? ok(await restoreChannels(restorer, backup.value)) : backup
      }),
  }
}

// A pipe, or a device without end, is no backup either.
const readBounded = async (path: string): Promise<Result<Uint8Array, ReadFailure>> => {
  const unreadable = (reason: string) => err({ code: 'channel-backup-unreadable', reason } as const)
  if (!isAbsolute(path)) return unreadable('the file must be named from the root on')
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const found = await file.stat()
      const { size } = found
      if (found.isDirectory()) return unreadable('it is a folder: name the file in it that `channels backup` made')
      if (!found.isFile()) return unreadable('it is no file')
      if (size > MAX_STATIC_BACKUP_BYTES) return err({ code: 'channel-backup-invalid' })
      const bytes = new Uint8Array(size)
      let length = 0
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, size - length, length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return ok(bytes.subarray(0, length))
    } finally {
      await file.close()
    }
  } catch (error) {
    return unreadable(systemReason(error))
  }
}
