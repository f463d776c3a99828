import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder } from './sync-folder.ts'

/**
 * Makes the folder, and those above it, one after the other: each has its name on the disk before the next is made in it. Returns the first that it made, if it made any. Throws as `mkdirSync` does,
 * whose `recursive` never returns where a file system takes no folder although the one above is there, as `/proc`.
 */
export const makeFolder = (path: string, mode = 0o777): string | undefined => {
  if (isFolder(path)) return undefined
  const above = dirname(path)
  const first = above === path ? undefined : makeFolder(above, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Somebody else was quicker.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isFolder(path)) return first
    throw error
  }
  syncFolder(above)
  return first ?? path
}

/** Whether there is a folder of this name. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
