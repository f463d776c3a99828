import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { CellFault } from './cell-protocol.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'
import type { Manifest } from './manifest.ts'
import type { Outbox } from './outbox.ts'
import { PluginStorage } from './plugin-storage.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface DurableWorkOptions {
  readonly manifest: Manifest
  readonly store: HostStore
  readonly subscriptions: Subscriptions
  /** Counts a read among what waits for an answer; false when too much does. */
  readonly begin: () => boolean
  readonly finish: () => void
  readonly reply: (id: number, value: string) => void
  readonly refuse: (id: number, error: ContractError) => void
  /** There is room again for what more events would lead to. */
  readonly onRoom: () => void
  readonly end: (fault: CellFault) => void
}

type StoreWrite = readonly [key: string, value: string | null]
type Entry<Key extends 'acks' | 'ran' | 'writes' | 'reads'> = NonNullable<Outbox[Key]>[number]

const MAX_PENDING_PUTS = 64

/** What one run of a plugin keeps: the progress of its subscriptions and schedules, and its own values. */
export class DurableWork {
  readonly #options: DurableWorkOptions
  readonly #storage: PluginStorage
  #pendingPuts = 0

  constructor(options: DurableWorkOptions) {
    this.#options = options
    const { name, permissions } = options.manifest
    this.#storage = new PluginStorage(options.store, name, permissions.storage.bytes)
  }

  /** Counts what is kept already. */
  load(): Promise<void> {
    return this.#storage.load()
  }

  /** Whether so much is on its way to the disk that no more events should be handed out. */
  get full(): boolean {
    return this.#pendingPuts >= MAX_PENDING_PUTS
  }

  /** When each schedule last ran. */
  async lastRuns(): Promise<Readonly<Record<string, number>>> {
    const prefix = keys.schedule(this.#options.manifest.name, '')
    const rows = await this.#options.store.list(prefix)
    return Object.fromEntries(rows.map(([key, at]) => [key.slice(prefix.length), Number(at)]))
  }

  /** Events are done, or one is set aside; what their handlers stored is kept with it. */
  acknowledged([label, count, writes, error]: Entry<'acks'>, now: number): void {
    const { subscriptions, end } = this.#options
    const rows = error === undefined ? subscriptions.done(label, count) : subscriptions.setAside(label, error, now)
    if (rows.ok) this.#put(rows.value, error === undefined ? writes : [])
    else end(rows.error)
  }

  /** A schedule's handler has run. */
  ran([label, at, writes]: Entry<'ran'>): void {
    this.#put([[keys.schedule(this.#options.manifest.name, label), String(at)]], writes)
  }

  write([id, writes]: Entry<'writes'>): void {
    const { store, reply, refuse } = this.#options
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      refuse(id, staged.error)
      return
    }
    store.put(staged.value).then(
      () => reply(id, 'null'),
      (thrown: unknown) => this.#storeFailed(thrown),
    )
  }

  async read([id, kind, key]: Entry<'reads'>): Promise<void> {
    const { begin, finish, reply, refuse } = this.#options
    if (!begin()) {
      refuse(id, { code: 'rate-limited', message: 'too many asks are waiting for an answer already' })
      return
    }
    try {
      const found = kind === 'get' ? ((await this.#storage.get(key)) ?? null) : await this.#storage.list(key)
      reply(id, JSON.stringify(found))
    } catch (thrown) {
      this.#storeFailed(thrown)
    }
    finish()
  }

  /** Keeps the host's own rows and what a handler stored, together. */
  #put(rows: readonly HostWrite[], writes: readonly StoreWrite[]): void {
    const { store, end, onRoom } = this.#options
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      end({ code: staged.error.code, text: staged.error.message })
      return
    }
    this.#pendingPuts += 1
    store.put([...rows, ...staged.value]).then(
      () => {
        this.#pendingPuts -= 1
        if (this.#pendingPuts === MAX_PENDING_PUTS - 1) onRoom()
      },
      (thrown: unknown) => this.#storeFailed(thrown),
    )
  }

  #storeFailed(thrown: unknown): void {
    this.#options.end({ code: 'store-failed', text: String(thrown) })
  }
}
