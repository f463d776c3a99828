import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Account, MemoryAccount } from './account.ts'
import type { CellFault } from './cell-protocol.ts'
import { type HostStore, keys } from './host-store.ts'
import type { Outbox } from './outbox.ts'
import { ParkedEvents } from './parked-events.ts'
import type { PluginLog } from './plugin-log.ts'
import { PluginStorage } from './plugin-storage.ts'
import { lastRuns, tidyProgress } from './progress-rows.ts'
import type { Registered } from './registration.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { WriteQueue } from './write-queue.ts'

export interface DurableWorkOptions {
  readonly manifest: Manifest
  readonly store: HostStore
  readonly account: Account
  readonly run: MemoryAccount
  readonly queue: WriteQueue
  readonly subscriptions: Subscriptions
  readonly log: PluginLog
  /** Counts a read among the asks that wait for an answer; false if too many do. */
  readonly begin: () => boolean
  readonly finish: () => void
  readonly reply: (id: number, value: unknown) => void
  /** The same for what was done: the plugin is told in any case. */
  readonly done: (id: number, value: unknown) => void
  readonly refuse: (id: number, error: ContractError) => void
  /** Whether the plugin has yet to be told that events of the subscription are not done. */
  readonly isUnkept: (label: string) => boolean
  /** What the handlers of a subscription stored cannot be kept. */
  readonly unkept: (label: string, error: ContractError) => void
  readonly faulted: (text: string) => void
  /** What a text says to the plugin's author. */
  readonly words: (text: string) => string
  readonly end: (fault: CellFault) => void
}

type Entry<Key extends 'acks' | 'ran' | 'writes' | 'reads'> = NonNullable<Outbox[Key]>[number]

/** What one run of a plugin keeps: the progress of its subscriptions and schedules, and its own values. */
export class DurableWork {
  readonly #options: DurableWorkOptions
  readonly #storage: PluginStorage
  readonly #parked: ParkedEvents
  #schedules: ReadonlySet<string> = new Set()

  constructor(options: DurableWorkOptions) {
    this.#options = options
    const { manifest, store, run } = options
    const { name, permissions } = manifest
    this.#storage = new PluginStorage(store, name, permissions.storage.bytes, run)
    this.#parked = new ParkedEvents(store, name)
  }

  /** Counts what is kept already. */
  async load(): Promise<void> {
    await this.#storage.load()
    await this.#parked.load()
    this.#note()
  }

  /** When each schedule last ran. */
  lastRuns(): Promise<Readonly<Record<string, number>>> {
    return lastRuns(this.#options.store, this.#options.manifest.name)
  }

  /** These labels have rows from now on; rows of other labels are deleted if there are many. */
  registered({ each, schedules }: Registered): void {
    this.#schedules = new Set(schedules)
    const { store, manifest, account } = this.#options
    const labels = { cursor: each.map(([label]) => label), schedule: schedules }
    tidyProgress(store, manifest.name, labels).then(
      (bytes) => account.onDisk('progress', bytes),
      (thrown: unknown) => this.#storeFailed(thrown),
    )
  }

  /** Events are done, or one is set aside; what their handlers stored is kept with it, or they are not done. */
  acknowledged([label, count, writes, error]: Entry<'acks'>, now: number): void {
    const { manifest, subscriptions, queue, isUnkept, unkept, end } = this.#options
    // It comes after an event that could not be kept, so the plugin gets it again.
    if (isUnkept(label)) return
    const sent = subscriptions.sent(label, count)
    if (!sent.ok) {
      end(sent.error)
      return
    }
    const staged = this.#storage.stage(error === undefined ? writes : [])
    if (!staged.ok) {
      unkept(label, staged.error)
      return
    }
    const last = sent.value
    const aside = error === undefined ? [] : this.#setAside(label, last, error, now)
    const retried = 'parkedAs' in last ? this.#parked.retried(last) : []
    subscriptions.done(label, count)
    queue.put([[keys.cursor(manifest.name, label), last.cursor], ...aside, ...retried, ...staged.value])
    this.#note()
  }

  /** Tries again what was set aside, as far as there is room for it now. Resolves to how many events that is. */
  async retryParked(): Promise<number> {
    const { subscriptions } = this.#options
    let count = 0
    for (const { label, event } of await this.#parked.all()) {
      if (this.#parked.isRetried(event) || !subscriptions.retry(label, event)) continue
      this.#parked.retrying(event)
      count += 1
    }
    return count
  }

  /** A schedule's handler has run. If what it stored cannot be kept, it counts as failed. */
  ran([label, at, writes]: Entry<'ran'>): void {
    const { manifest, queue, end, faulted } = this.#options
    if (!this.#schedules.has(label)) {
      end({ code: 'protocol-violation', text: `${label}: a schedule ran that was not registered` })
      return
    }
    const staged = this.#storage.stage(writes)
    if (!staged.ok) faulted(`schedule('${label}'): ${staged.error.code}: ${staged.error.message}`)
    queue.put([[keys.schedule(manifest.name, label), String(at)], ...(staged.ok ? staged.value : [])])
    this.#note()
  }

  write([id, writes]: Entry<'writes'>): void {
    const { queue, done, refuse } = this.#options
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      refuse(id, staged.error)
      return
    }
    queue.put(staged.value, () => done(id, null))
    this.#note()
  }

  async read([id, kind, key, after]: Entry<'reads'>): Promise<void> {
    const { begin, finish, reply, refuse } = this.#options
    if (!begin()) {
      refuse(id, {
        code: 'rate-limited',
        message: 'too many asks already wait for an answer: wait for one of them first',
      })
      return
    }
    try {
      reply(id, kind === 'get' ? ((await this.#storage.get(key)) ?? null) : await this.#storage.list(key, after))
    } catch (thrown) {
      this.#storeFailed(thrown)
    }
    finish()
  }

  #setAside(label: string, event: Parameters<ParkedEvents['park']>[1], error: string, now: number) {
    const { log, words } = this.#options
    log.host('error', `event-parked: ${label}: ${event.name} at ${event.cursor} failed repeatedly and is set aside`)
    const before = this.#parked.dropped
    const rows = this.#parked.park(label, event, words(error), now)
    if (before === 0 && this.#parked.dropped > 0)
      log.host('warn', 'parked-full: too many events are set aside, so the oldest of them are deleted')
    return rows
  }

  #note(): void {
    const { account } = this.#options
    account.onDisk('store', this.#storage.bytes)
    account.onDisk('parked', this.#parked.bytes)
  }

  #storeFailed(thrown: unknown): void {
    this.#options.end({ code: 'store-failed', text: String(thrown) })
  }
}
