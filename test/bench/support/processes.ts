import { readdirSync, readFileSync } from 'node:fs'

// What the system says of processes. Linux only: it is read from `/proc`.

/** A process, and all that it and its own have started. */
export const withDescendants = (pid: number): readonly number[] => {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = parentOf(name)
    if (parent !== undefined) parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
  }
  const below = (id: number): readonly number[] => [id, ...(parents.get(id) ?? []).flatMap(below)]
  return below(pid)
}

const parentOf = (pid: string): number | undefined => {
  try {
    // The command's name stands in brackets and may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

/** PSS: its own memory, and its share of what it has in common with others. In bytes. */
export const proportionalSize = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1_024

const TICK_MS = 10

/** The processor time of all processes below one, in milliseconds: of those that there are now. */
export const processorTimeBelow = (pid: number): number =>
  withDescendants(pid)
    .slice(1)
    .reduce((sum, id) => sum + processorTime(id), 0)

const processorTime = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return 0
  }
}
