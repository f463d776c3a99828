import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from 'node:fs'

const OWNER_ONLY = 0o600

/**
 * Opens or makes a file of the node to append to it. Only its owner can read it, even if it had another mode before. A pipe or a device in
 * its place is refused, without waiting for it. Throws an error of the system's kind.
 */
export const openOwnFile = (path: string): number => {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_WAIT, OWNER_ONLY)
  return checked(fd, path, () => fchmodSync(fd, OWNER_ONLY))
}

/** The same, to be read as well. A link in its place is refused, because it leads to nothing of ours. */
export const openUnlinked = (path: string): number => {
  // Where the flag is unknown, the name is checked before, and afterwards that the open file is the one with that name.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw linkAt(path)
  const fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW | NO_WAIT, OWNER_ONLY)
  return checked(fd, path, () => {
    if (!isNamed(path, fd)) throw linkAt(path)
    fchmodSync(fd, OWNER_ONLY)
  })
}

/** Whether the file has the name itself, and not by a link. */
export const isNamed = (path: string, fd: number): boolean => {
  const there = lstatSync(path, { throwIfNoEntry: false })
  const { dev, ino } = fstatSync(fd)
  return there?.dev === dev && there.ino === ino
}

const linkAt = (path: string): Error => Object.assign(new Error(`${path} is a link`), { code: 'ELOOP', path })

/** Opens a file to read it. Anything but a file is refused, without waiting for it. */
export const openToRead = (path: string): number => checked(openSync(path, constants.O_RDONLY | NO_WAIT), path)

// Windows has no such flags, and no pipes in folders.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = process.platform === 'win32' ? 0 : constants.O_NONBLOCK

const checked = (fd: number, path: string, then: () => void = () => {}): number => {
  try {
    if (!fstatSync(fd).isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: 'ENOTFILE', path })
    then()
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
