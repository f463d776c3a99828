import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'

/** The process that holds a data folder, in a file of its own for whoever finds the folder in use. */
const Holder = z.strictObject({
  pid: z.number().int().min(1),
  /** When the system started the process: a process id comes again, this with it does not. Only where the system tells. */
  startedAt: z.string().optional(),
})

export const HOLDER_FILE = 'process.json'

/** Notes that this process holds the folder. Only whoever has locked its database may say so. */
export const noteHolder = (data: string): void => {
  const path = join(data, HOLDER_FILE)
  try {
    const row = { pid: process.pid, startedAt: startOf(process.pid) } satisfies z.output<typeof Holder>
    writeFileSync(`${path}.new`, `${JSON.stringify(row)}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch {
    // Then nobody is told which process it is.
    remove(`${path}.new`)
    remove(path)
  }
}

/** This process is about to let go of the folder: it still holds the lock, so the file is its own. */
export const removeHolder = (data: string): void => remove(join(data, HOLDER_FILE))

const remove = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // A process that does not live any more is not believed.
  }
}

/** The id of the process that holds the folder; `undefined` if that cannot be told for sure: a file may be older than its process's end. */
export const holderOf = (data: string): number | undefined => {
  try {
    const json = readJson(readFileSync(join(data, HOLDER_FILE), 'utf8'), 2)
    const read = json.ok ? evaluate(Holder, json.value) : json
    if (!read.ok) return undefined
    const { pid, startedAt } = read.value
    return isAlive(pid) && startedAt !== undefined && startOf(pid) === startedAt ? pid : undefined
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Linux: field 22 of the process's state, in ticks since the system started. The name before it, in brackets, may hold anything. */
const startOf = (pid: number): string | undefined => {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return state.slice(state.lastIndexOf(')') + 2).split(' ')[22 - 3]
  } catch {
    return undefined
  }
}
