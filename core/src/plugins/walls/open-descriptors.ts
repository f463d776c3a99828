import { readdirSync, readFileSync } from 'node:fs'

const CLOSE_ON_EXEC = 0o2000000
const STANDARD = 2

/**
 * What every process that is started from here would inherit beyond its standard streams: descriptors that this process was
 * itself given, or that a library has opened carelessly. Where there is no /proc, Node asks the system to close them.
 */
export const inheritableDescriptors = (): readonly number[] => {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((descriptor) => descriptor > STANDARD && isInherited(descriptor))
  } catch {
    return []
  }
}

const isInherited = (descriptor: number): boolean => {
  try {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
  } catch {
    // The one that the folder was read by.
    return false
  }
}
