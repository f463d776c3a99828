import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a file of the owner's in place of the one there: whoever reads it, after whatever crash, finds the one or the other, whole. */
export const replaceFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  const draft = `${path}.part`
  try {
    await rm(draft, { force: true })
    // New, so that it is nobody else's and no link.
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

// The folder's entry for the new name, too, must be on the disk.
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
