/** What the core's memory holds for a plugin. */
const MEMORY_KINDS = ['bundle', 'log', 'keys', 'events', 'live', 'questions', 'replies', 'asks', 'writes'] as const

type MemoryKind = (typeof MEMORY_KINDS)[number]
/** What the disk holds for a plugin. */
type DiskKind = 'bundle' | 'store' | 'progress' | 'parked' | 'audit' | 'made'

/** Bytes of each kind at most. */
export type MemoryCaps = Readonly<Record<MemoryKind, number>>

const MB = 1 << 20

/** The same for every plugin: a manifest may ask for less of some kinds, and for more of none. */
export const MEMORY_CAPS: MemoryCaps = {
  bundle: 16 * MB,
  log: MB,
  keys: 8 * MB,
  events: 8 * MB,
  live: 4 * MB,
  questions: 2 * MB,
  replies: 8 * MB,
  asks: 4 * MB,
  writes: 4 * MB,
}

const ENTRY_BYTES = 64

/** The most that a text takes: the engine holds a character in one or two bytes, and adds some bytes of its own. */
export const textBytes = (text: string): number => ENTRY_BYTES + 2 * text.length

/**
 * The memory that all accounts share. Each account may always hold its `guaranteed` bytes; what goes beyond comes from one
 * pot, so that neither one plugin nor many together can take more than `total`, and none can leave another without.
 */
export class MemoryPool {
  readonly guaranteed: number
  #left: number

  constructor(total: number, accounts: number) {
    const shares = Math.max(accounts, 1)
    this.guaranteed = Math.floor(total / 2 / shares)
    this.#left = total - this.guaranteed * shares
  }

  get left(): number {
    return this.#left
  }

  /** An account goes from holding `before` to holding `after`. False, with nothing changed, if the pot has too little. */
  move(before: number, after: number, must: boolean): boolean {
    const more = Math.max(after - this.guaranteed, 0) - Math.max(before - this.guaranteed, 0)
    if (more > this.#left && !must) return false
    this.#left -= more
    return true
  }
}

/** Code that holds something for a plugin takes the bytes from here first, and gives them back when it releases the thing. */
export interface MemoryAccount {
  /** Takes bytes. False if they are more than is allowed: then the caller must hold nothing. */
  take(kind: MemoryKind, bytes: number): boolean
  /** Takes bytes for something that cannot be left out: one of each kind, so that a plugin always makes progress. */
  hold(kind: MemoryKind, bytes: number): void
  give(kind: MemoryKind, bytes: number): void
  held(kind: MemoryKind): number
  /** How many more of the kind could be taken, as long as the pot has them. */
  room(kind: MemoryKind): number
}

/** What is held of one kind. */
export interface Holding {
  readonly kind: MemoryKind | DiskKind
  readonly place: 'memory' | 'disk'
  readonly bytes: number
  readonly most?: number
}

/** All that core and disk hold for one installed plugin. */
export class Account implements MemoryAccount {
  readonly #caps: MemoryCaps
  readonly #pool: MemoryPool
  readonly #memory = nothing()
  readonly #disk = new Map<DiskKind, number>()
  #memoryBytes = 0

  constructor(pool: MemoryPool, caps: MemoryCaps = MEMORY_CAPS) {
    this.#pool = pool
    this.#caps = caps
  }

  get memoryBytes(): number {
    return this.#memoryBytes
  }

  get diskBytes(): number {
    let sum = 0
    for (const bytes of this.#disk.values()) sum += bytes
    return sum
  }

  /** Each holding by itself: memory with the most that it may be. */
  holdings(): readonly Holding[] {
    const memory = MEMORY_KINDS.map(
      (kind): Holding => ({ kind, place: 'memory', bytes: this.#memory[kind], most: this.#caps[kind] }),
    )
    return [...memory, ...[...this.#disk].map(([kind, bytes]): Holding => ({ kind, place: 'disk', bytes }))]
  }

  take(kind: MemoryKind, bytes: number): boolean {
    return bytes <= this.room(kind) && this.#add(kind, bytes, false)
  }

  hold(kind: MemoryKind, bytes: number): void {
    this.#add(kind, bytes, true)
  }

  give(kind: MemoryKind, bytes: number): void {
    this.#add(kind, -bytes, true)
  }

  held(kind: MemoryKind): number {
    return this.#memory[kind]
  }

  room(kind: MemoryKind): number {
    return this.#caps[kind] - this.held(kind)
  }

  /** Gives everything back: the plugin is removed. */
  close(): void {
    for (const kind of MEMORY_KINDS) this.give(kind, this.held(kind))
    this.#disk.clear()
  }

  /** Sets how much the disk holds of a kind now; the code that writes it keeps it within its limit. */
  onDisk(kind: DiskKind, bytes: number): void {
    this.#disk.set(kind, bytes)
  }

  #add(kind: MemoryKind, bytes: number, must: boolean): boolean {
    if (!this.#pool.move(this.#memoryBytes, this.#memoryBytes + bytes, must)) return false
    this.#memoryBytes += bytes
    this.#memory[kind] += bytes
    return true
  }
}

/**
 * What one run of a plugin holds on its account. When the run ends, all of it is given back, and work that is still under way
 * counts no more.
 */
export class RunAccount implements MemoryAccount {
  readonly #account: MemoryAccount
  readonly #taken = nothing()
  #closed = false

  constructor(account: MemoryAccount) {
    this.#account = account
  }

  take(kind: MemoryKind, bytes: number): boolean {
    if (this.#closed || !this.#account.take(kind, bytes)) return false
    this.#taken[kind] += bytes
    return true
  }

  hold(kind: MemoryKind, bytes: number): void {
    if (this.#closed) return
    this.#account.hold(kind, bytes)
    this.#taken[kind] += bytes
  }

  give(kind: MemoryKind, bytes: number): void {
    if (this.#closed) return
    this.#account.give(kind, bytes)
    this.#taken[kind] -= bytes
  }

  held(kind: MemoryKind): number {
    return this.#account.held(kind)
  }

  room(kind: MemoryKind): number {
    return this.#account.room(kind)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const kind of MEMORY_KINDS) this.#account.give(kind, this.#taken[kind])
  }
}

const nothing = (): Record<MemoryKind, number> =>
  Object.fromEntries(MEMORY_KINDS.map((kind) => [kind, 0])) as Record<MemoryKind, number>
