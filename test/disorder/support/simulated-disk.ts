import type { Contribution, Row, RowSize, ScanOptions, Store, Write } from '../../../core/src/store/store.ts'
import { keyName, WaitingWrites } from '../../../core/src/store/waiting-writes.ts'
import { WriteBatch } from '../../../core/src/store/write-batch.ts'

/** What survives the process: rows by table and key. Values are never changed in place. */
export class SimulatedDisk {
  readonly #tables = new Map<string, Map<string, Row>>()

  table(name: string): Map<string, Row> {
    let rows = this.#tables.get(name)
    if (rows === undefined) {
      rows = new Map()
      this.#tables.set(name, rows)
    }
    return rows
  }

  /** As a copy of the file would be, taken now. */
  copy(): SimulatedDisk {
    const copy = new SimulatedDisk()
    for (const [name, rows] of this.#tables) copy.#tables.set(name, new Map(rows))
    return copy
  }
}

/** When a commit of this life reaches the disk, and whether the process outlives it. */
export interface DiskTiming {
  /** Calls `done` when the disk has written: later, on the clock of the simulation. */
  write(done: () => void): void
  /** The process dies before this commit is on the disk. */
  diesBefore(): boolean
  /** The process dies when this commit is on the disk, and nothing that waited for it has happened. */
  diesAfter(): boolean
}

/**
 * One process's access to its disk, with the order of sqlite's: writes are batched as the real store batches them, one commit at a time; a
 * query waits for the commit under way; whatever has not been committed when the process dies was never written.
 */
export class SimulatedStore implements Store {
  readonly counters = { commits: 0, statements: 0, rows: 0, reads: 0 }
  readonly #disk: SimulatedDisk
  readonly #timing: DiskTiming
  readonly #contributors: (() => Contribution | undefined)[] = []
  readonly #waiting = new WaitingWrites()
  #written: Promise<void> = Promise.resolve()
  #pending = new WriteBatch(this.#waiting)
  #state: 'idle' | 'scheduled' | 'committing' | 'dead' = 'idle'
  #queries: (() => void)[] = []

  constructor(disk: SimulatedDisk, timing: DiskTiming) {
    this.#disk = disk
    this.#timing = timing
  }

  /** Nothing that this process has asked for happens any more. */
  die(): void {
    this.#state = 'dead'
  }

  submit(writes: readonly Write[], onDurable: () => void = () => {}): void {
    if (this.#state === 'dead') return
    this.#pending.add(writes, onDurable)
    if (this.#state !== 'idle') return
    this.#state = 'scheduled'
    queueMicrotask(() => process.nextTick(() => this.#commit()))
  }

  beforeCommit(contribute: () => Contribution | undefined): void {
    this.#contributors.push(contribute)
  }

  #isDead(): boolean {
    return this.#state === 'dead'
  }

  #commit(): void {
    if (this.#isDead()) return
    const batch = this.#pending
    for (const contribute of this.#contributors) {
      const contribution = contribute()
      if (contribution !== undefined) batch.add(contribution.writes, contribution.onDurable)
    }
    if (this.#waiting.areMany) this.#written = new Promise((resolve) => batch.add(this.#waiting.take(), resolve))
    this.#pending = new WriteBatch(this.#waiting)
    this.#state = 'committing'
    const written = (): void => {
      if (this.#isDead() || this.#timing.diesBefore()) return
      this.#apply(batch)
      if (this.#timing.diesAfter()) return
      this.#state = 'idle'
      for (const answer of this.#queries.splice(0)) answer()
      // The next commit begins first, as in the real store.
      if (!this.#pending.isEmpty) this.#commit()
      batch.release()
    }
    if (batch.hasWrites) this.#timing.write(written)
    else queueMicrotask(() => this.#isDead() || this.#releaseEmpty(batch))
  }

  #releaseEmpty(batch: WriteBatch): void {
    this.#state = 'idle'
    for (const answer of this.#queries.splice(0)) answer()
    if (!this.#pending.isEmpty) this.#commit()
    batch.release()
  }

  #apply(batch: WriteBatch): void {
    this.counters.commits += 1
    for (const [table, { puts, deletes }] of batch.tables()) {
      const rows = this.#disk.table(table)
      for (const { key, value } of puts) rows.set(keyName(key), { key, value: value as Uint8Array })
      for (const key of deletes) rows.delete(keyName(key))
    }
  }

  /** Answers after the commit under way, and never to a process that has died. */
  #read<T>(query: () => T): Promise<T> {
    this.counters.reads += 1
    return new Promise((resolve) => {
      const answer = (): void => {
        if (!this.#isDead()) resolve(query())
      }
      if (this.#state === 'committing') this.#queries.push(answer)
      else queueMicrotask(answer)
    })
  }

  get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#read(() => this.#disk.table(table).get(keyName(key))?.value)
  }

  getAll(table: string, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#read(() => keys.map((key) => this.#disk.table(table).get(keyName(key))?.value))
  }

  async scan(table: string, options: ScanOptions = {}): Promise<readonly Row[]> {
    await this.#nothingWaits(table)
    return this.#read(() => select(this.#disk.table(table), options))
  }

  async sizes(table: string, options: ScanOptions = {}): Promise<readonly RowSize[]> {
    const rows = await this.scan(table, options)
    return rows.map(({ key, value }) => ({ key, bytes: value.length }))
  }

  async weigh(table: string, keys: readonly Uint8Array[]): Promise<{ readonly rows: number; readonly bytes: number }> {
    const values = await this.getAll(table, keys)
    const found = keys.flatMap((key, at) => (values[at] === undefined ? [] : [key.length + values[at].length]))
    return { rows: found.length, bytes: found.reduce((sum, bytes) => sum + bytes, 0) }
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.submit([], resolve))
  }

  #nothingWaits(table: string): Promise<void> {
    if (this.#waiting.has(table)) {
      this.#written = new Promise((resolve) => this.submit(this.#waiting.take(), resolve))
    }
    return this.#written
  }

  backup(): Promise<void> {
    throw new Error('a simulated disk is copied by whoever simulates it')
  }

  damage(): Promise<string | undefined> {
    return Promise.resolve(undefined)
  }

  async close(): Promise<void> {
    await this.flush()
    this.die()
  }
}

const select = (table: ReadonlyMap<string, Row>, { from, to, reverse, limit }: ScanOptions): readonly Row[] => {
  const [first, end] = [from && keyName(from), to && keyName(to)]
  const names = [...table.keys()].filter(
    (name) => (first === undefined || name >= first) && (end === undefined || name < end),
  )
  names.sort()
  if (reverse === true) names.reverse()
  return names.slice(0, limit).map((name) => table.get(name) as Row)
}
