import { readdirSync, readFileSync } from 'node:fs'

/** Whether processes can be looked at as these tests do it. */
export const HAS_PROC = process.platform === 'linux'

const MB = 1_048_576

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It has ended.
    return ''
  }
}

/** The most memory that a process has had so far, by the kernel's figure, in MB; 0 for one that has ended. */
export const peakMb = (pid: number): number => {
  const kilobytes = /^VmHWM:\s*(\d+)/m.exec(read(pid, 'status'))?.[1]
  return kilobytes === undefined ? 0 : Math.round((Number(kilobytes) * 1_024) / MB)
}

const parentOf = (pid: number): number => {
  const stat = read(pid, 'stat')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** The processes of a node's cells, without what stands before them. */
export const cellsOf = (node: number): readonly number[] => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const descends = (pid: number): boolean => pid > 1 && (pid === node || descends(parentOf(pid)))
  return all.filter((pid) => {
    const [program = '', ...flags] = read(pid, 'cmdline').split('\0')
    return /(^|\/)node$|^\/proc\/self\/fd\//.test(program) && flags.includes('--permission') && descends(parentOf(pid))
  })
}
