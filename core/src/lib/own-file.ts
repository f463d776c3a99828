import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'

const OWNER_ONLY = 0o600

/**
 * Opens or makes a file of the node to append to it. Only its owner can read it, even if it had another mode before. A pipe or a device in
 * its place is refused, without waiting for it. Throws an error of the system's kind.
 */
export const openOwnFile = (path: string): number => {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_WAIT, OWNER_ONLY)
  return checked(fd, path, () => fchmodSync(fd, OWNER_ONLY))
}

/**
 * The same, to be read as well, and without keeping the process waiting for the disk. A link in its place is refused, because it leads to
 * nothing of ours.
 */
export const openUnlinked = async (path: string): Promise<FileHandle> => {
  // Where the flag is unknown, the name is checked before, and afterwards that the open file is the one with that name.
  if ((await found(path))?.isSymbolicLink()) throw linkAt(path)
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW | NO_WAIT
  const file = await open(path, flags, OWNER_ONLY)
  try {
    if (!(await file.stat()).isFile()) throw noFileAt(path)
    if (!(await isNamed(path, file))) throw linkAt(path)
    await file.chmod(OWNER_ONLY)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Whether the file has the name itself, and not by a link. */
export const isNamed = async (path: string, file: FileHandle): Promise<boolean> => {
  const there = await found(path)
  const { dev, ino } = await file.stat()
  return there?.dev === dev && there.ino === ino
}

const found = (path: string) =>
  lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

const linkAt = (path: string): Error => Object.assign(new Error(`${path} is a link`), { code: 'ELOOP', path })
const noFileAt = (path: string): Error => Object.assign(new Error(`${path} is not a file`), { code: 'ENOTFILE', path })

/** Opens a file to read it. Anything but a file is refused, without waiting for it. */
export const openToRead = (path: string): number => checked(openSync(path, constants.O_RDONLY | NO_WAIT), path)

// Windows has no such flags, and no pipes in folders.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = process.platform === 'win32' ? 0 : constants.O_NONBLOCK

const checked = (fd: number, path: string, then: () => void = () => {}): number => {
  try {
    if (!fstatSync(fd).isFile()) throw noFileAt(path)
    then()
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
