import { join } from 'node:path'
import { inTurn } from '../lib/in-turn.ts'
import { ok, type Result } from '../lib/result.ts'
import { type HostLimits, noRoomFor } from './host-limits.ts'
import { type InstallRecord, type LockFileDamaged, readLockFile, writeLockFile } from './install-record.ts'
import type { PluginError } from './plugin-error.ts'

type Records = readonly InstallRecord[]
type NoRoom = PluginError<'too-many-plugins' | 'limits-exceeded'>

/** Which plugins are installed, in the operator's order, both in memory and in the lock file. */
export class Roster {
  readonly #path: string
  readonly #limits: HostLimits
  /** Several plugins may change at the same time, and they share one file. */
  readonly #write = inTurn()
  /** Plugins that are being installed, by name: they have a place before they are in the file. */
  readonly #claims = new Map<string, Pick<InstallRecord, 'grant'>>()
  #records: Records = []

  constructor(folder: string, limits: HostLimits) {
    this.#path = join(folder, 'plugins.lock.json')
    this.#limits = limits
  }

  get records(): Records {
    return this.#records
  }

  get(name: string): InstallRecord | undefined {
    return this.#records.find((record) => record.name === name)
  }

  async load(): Promise<Result<Records, LockFileDamaged>> {
    const read = await readLockFile(this.#path)
    if (read.ok) this.#records = read.value
    return read
  }

  /** Why there is no room for a plugin besides those of other names, if so. Errors: `too-many-plugins`, `limits-exceeded`. */
  noRoomFor(name: string, asked: Parameters<typeof noRoomFor>[0]): NoRoom | undefined {
    const others = new Map([...this.#records.map((record) => [record.name, record] as const), ...this.#claims])
    others.delete(name)
    return noRoomFor(asked, [...others.values()], this.#limits)
  }

  /** Keeps a place for a plugin while it is installed. Returns how to give the place up. */
  claim(
    record: Pick<InstallRecord, 'name' | 'grant'>,
    asked: Parameters<typeof noRoomFor>[0],
  ): Result<() => void, NoRoom> {
    const error = this.noRoomFor(record.name, asked)
    if (error !== undefined) return { ok: false, error }
    this.#claims.set(record.name, record)
    return ok(() => void this.#claims.delete(record.name))
  }

  /** Replaces the record of the same name, or adds the record at the end. Resolves when the file has it. */
  put(record: InstallRecord): Promise<void> {
    return this.#change((records) =>
      records.some(({ name }) => name === record.name)
        ? records.map((other) => (other.name === record.name ? record : other))
        : [...records, record],
    )
  }

  drop(name: string): Promise<void> {
    return this.#change((records) => records.filter((record) => record.name !== name))
  }

  #change(step: (records: Records) => Records): Promise<void> {
    return this.#write(async () => {
      const next = step(this.#records)
      await writeLockFile(this.#path, next)
      this.#records = next
    })
  }
}
