import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a process has taken so far. */
interface ProcessUsage {
  /** In memory or swapped out. */
  readonly residentBytes: number
  readonly cpuMs: number
  /** Private memory reserved for writing, used or not, where the system counts it. */
  readonly dataBytes?: number
}

/** What is known of a process now; `undefined` if nothing is known yet, or the process is gone. */
export type UsageProbe = (pid: number) => ProcessUsage | undefined

// Linux: the unit of /proc/<pid>/stat is 1/100 s on every architecture that Node runs on.
const TICK_MS = 10

const kilobytes = (status: string, name: string): number => {
  const at = status.indexOf(`\n${name}:`)
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length + 2), 10) * 1_024
}

const fromProc: UsageProbe = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, in parentheses, may hold anything; what follows it does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return {
      residentBytes: kilobytes(status, 'VmRSS') + kilobytes(status, 'VmSwap'),
      cpuMs: ticks * TICK_MS,
      dataBytes: kilobytes(status, 'VmData'),
    }
  } catch {
    return undefined
  }
}

/** Where there is no /proc: asks `ps` in the background and answers with what it said last. */
const psProbe = (): UsageProbe => {
  const known = new Map<number, ProcessUsage>()
  const asking = new Set<number>()
  return (pid) => {
    if (!asking.has(pid)) {
      asking.add(pid)
      execFile('ps', ['-o', 'rss=,time=', '-p', String(pid)], (error, stdout) => {
        asking.delete(pid)
        const usage = error === null ? parsePs(stdout) : undefined
        if (usage === undefined) known.delete(pid)
        else known.set(pid, usage)
      })
    }
    return known.get(pid)
  }
}

/** Reads a line such as ` 51234  1:02.50`: kilobytes, then minutes, seconds and hundredths (hours and days before them). */
export const parsePs = (line: string): ProcessUsage | undefined => {
  const match = /^\s*(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*$/.exec(line)
  if (match === null) return undefined
  const [kilobytes = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  const cpuMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000
  return { residentBytes: kilobytes * 1_024, cpuMs }
}

/** The probe for this system. */
export const systemUsageProbe: UsageProbe = process.platform === 'linux' ? fromProc : psProbe()
