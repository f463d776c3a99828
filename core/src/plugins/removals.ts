import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { type HostStore, keys } from './host-store.ts'
import { sweepRows } from './row-sweep.ts'

const Removed = z.strictObject({ at: z.number(), keepStore: z.boolean(), done: z.boolean() })
type Removed = z.output<typeof Removed>

/** How many removed plugins, those removed last, keep their audits, and their stores if these were to be kept. */
const REMEMBERED = 64
const READ_AT_ONCE = 512

/**
 * What happens to a plugin's rows when it is removed: the removal is written down first, and then the rows are deleted in steps. A node
 * that stops meanwhile continues when it starts.
 */
export class Removals {
  readonly #store: HostStore
  readonly #removed = new Map<string, Removed>()
  readonly #sweeping = new Map<string, Promise<void>>()
  #stopped = false

  constructor(store: HostStore) {
    this.#store = store
  }

  /** Reads what was removed earlier. Returns the plugins whose removal is not finished. */
  async load(): Promise<readonly string[]> {
    const prefix = keys.removed('')
    for (const [key, value] of await this.#store.list(prefix, { limit: READ_AT_ONCE })) {
      const json = readJson(value, 1)
      const removed = json.ok ? evaluate(Removed, json.value) : json
      // No version of ours wrote a row that cannot be read: the removal is carried out again.
      this.#removed.set(key.slice(prefix.length), removed.ok ? removed.value : { at: 0, keepStore: true, done: false })
    }
    return [...this.#removed].filter(([, { done }]) => !done).map(([plugin]) => plugin)
  }

  /** Whether a removed plugin's store was to be kept. */
  keepsStore(plugin: string): boolean {
    return this.#removed.get(plugin)?.keepStore === true
  }

  /** Writes down that the plugin is to be removed. */
  begin(plugin: string, keepStore: boolean, at: number): Promise<void> {
    return this.#note(plugin, { at, keepStore, done: false })
  }

  /** Deletes the rows of a plugin whose removal was begun. Resolves when they are gone. */
  finish(plugin: string): Promise<void> {
    let sweeping = this.#sweeping.get(plugin)
    if (sweeping === undefined) {
      sweeping = this.#finish(plugin).finally(() => this.#sweeping.delete(plugin))
      this.#sweeping.set(plugin, sweeping)
    }
    return sweeping
  }

  /** The plugin is installed again: waits for the rest of its removal, and forgets it. */
  async undo(plugin: string): Promise<void> {
    await this.#sweeping.get(plugin)
    if (this.#removed.has(plugin)) await this.#forget(plugin)
  }

  /** Stops removals under way. Resolves when nothing more is read or written. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.allSettled(this.#sweeping.values())
  }

  async #finish(plugin: string): Promise<void> {
    const removed = this.#removed.get(plugin)
    if (removed === undefined || (!removed.keepStore && !(await this.#sweepOwn(plugin)))) return
    const audited = await this.#store.sizes(keys.audit(plugin, ''), { limit: 1 })
    if (removed.keepStore || audited.length > 0) await this.#note(plugin, { ...removed, done: true })
    else await this.#forget(plugin)
    const others = [...this.#removed].filter(([, { done }]) => done).sort(([, a], [, b]) => a.at - b.at)
    for (const [oldest] of others.slice(0, Math.max(others.length - REMEMBERED, 0))) {
      if (!(await this.#sweepOwn(oldest)) || !(await this.#sweep(keys.audit(oldest, '')))) return
      await this.#forget(oldest)
    }
  }

  async #forget(plugin: string): Promise<void> {
    this.#removed.delete(plugin)
    await this.#store.put([[keys.removed(plugin), undefined]])
  }

  async #sweepOwn(plugin: string): Promise<boolean> {
    const own = [keys.value(plugin, ''), keys.cursor(plugin, ''), keys.schedule(plugin, ''), keys.parked(plugin)]
    for (const prefix of own) if (!(await this.#sweep(prefix))) return false
    return true
  }

  #sweep(prefix: string): Promise<boolean> {
    return sweepRows(this.#store, prefix, { stopped: () => this.#stopped })
  }

  async #note(plugin: string, removed: Removed): Promise<void> {
    this.#removed.set(plugin, removed)
    await this.#store.put([[keys.removed(plugin), JSON.stringify(removed)]])
  }
}
