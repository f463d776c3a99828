import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'

const OWNER_ONLY = 0o600

/**
 * Opens a file of the node's own to write at its end, or makes it: for its owner's eyes only, also where it had another
 * mode. A pipe or a device in its place is refused and never waited for. Throws an error of the system's kind.
 */
export const openOwnFile = (path: string): number => {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_WAIT, OWNER_ONLY)
  return checked(fd, path, () => fchmodSync(fd, OWNER_ONLY))
}

/** Opens a file to read it. What is no file is refused and never waited for. */
export const openToRead = (path: string): number => checked(openSync(path, constants.O_RDONLY | NO_WAIT), path)

// Windows has no such flag, and no pipes in folders.
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
