import { type HostStore, type HostWrite, keys } from './host-store.ts'
import { type RingLimits, RowRing } from './row-ring.ts'
import { sweepRows } from './row-sweep.ts'

/** What kind of thing a plugin did. */
export type AuditKind = 'refusal' | 'verdict' | 'command' | 'money'

const MB = 1 << 20

/**
 * Each kind has rows of its own, so that no kind can push out another. Spending commands are kept longest; refusals, which a plugin
 * can cause at will, are kept shortest.
 */
const LIMITS: Readonly<Record<AuditKind, RingLimits>> = {
  refusal: { rows: 1_024, bytes: MB },
  verdict: { rows: 4_096, bytes: 2 * MB },
  command: { rows: 8_192, bytes: 4 * MB },
  money: { rows: 16_384, bytes: 9 * MB },
}
export const AUDIT_BYTES = Object.values(LIMITS).reduce((sum, { bytes }) => sum + bytes, 0)
const AUDIT_KINDS = Object.keys(LIMITS) as readonly AuditKind[]
const SAME_AT_ONCE = 64

interface Told {
  readonly sequence: number
  readonly since: number
  times: number
}

/** The audit of one plugin, over all its runs and installs. */
export class AuditRows {
  readonly #rings: Readonly<Record<AuditKind, RowRing>>
  /** The latest refusals, by what was refused and why. */
  readonly #told = new Map<string, Told>()
  readonly #store: HostStore
  readonly #plugin: string
  #loading: Promise<void> | undefined

  constructor(store: HostStore, plugin: string) {
    this.#store = store
    this.#plugin = plugin
    const ring = (kind: AuditKind) => new RowRing(store, `${keys.audit(plugin, kind)}/`, LIMITS[kind])
    this.#rings = { refusal: ring('refusal'), verdict: ring('verdict'), command: ring('command'), money: ring('money') }
  }

  /** Counts what is kept, once. Nothing may be added before. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  get bytes(): number {
    return AUDIT_KINDS.reduce((sum, kind) => sum + this.#rings[kind].bytes, 0)
  }

  /** How many rows of a kind were deleted to make room for newer ones. */
  dropped(kind: AuditKind): number {
    return this.#rings[kind].dropped
  }

  /** The rows to write. */
  add(kind: AuditKind, row: object): readonly HostWrite[] {
    return this.#rings[kind].add(JSON.stringify(row)).writes
  }

  /** The same for a refusal: if it is like one of the latest, it only raises that one's count. */
  refuse(same: string, at: number, row: object): readonly HostWrite[] {
    const ring = this.#rings.refusal
    const told = this.#told.get(same)
    if (told !== undefined) {
      told.times += 1
      const writes = ring.change(told.sequence, JSON.stringify({ ...row, since: told.since, times: told.times }))
      if (writes.length > 0) return writes
    }
    const { sequence, writes } = ring.add(JSON.stringify(row))
    this.#told.delete(same)
    this.#told.set(same, { sequence, since: at, times: 1 })
    for (const [oldest] of this.#told) {
      if (this.#told.size <= SAME_AT_ONCE) break
      this.#told.delete(oldest)
    }
    return writes
  }

  async #load(): Promise<void> {
    for (const kind of AUDIT_KINDS) await this.#rings[kind].load()
    // Rows as they were before kinds had rows of their own began with a time, of digits, and had no bound.
    await sweepRows(this.#store, keys.audit(this.#plugin, '0'))
  }
}
