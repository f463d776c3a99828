import type { ContractError, Cursor, EventName } from '@fulgurite/plugin-sdk/contract'
import { stackOf } from '../lib/errors.ts'
import { err, type Result } from '../lib/result.ts'
import type { EventLogPort, ReplayedEvents } from '../node/contract-gateway.ts'

interface PendingRead {
  readonly cursor: Cursor | undefined
  readonly names: Set<EventName>
  limit: number
  readonly page: Promise<Result<ReplayedEvents, ContractError>>
  readonly settle: (page: Result<ReplayedEvents, ContractError>) => void
}

/**
 * Reads the event log for a plugin's subscriptions: one page at a time, however many there are, and one page for all that are at the
 * same place. So a plugin costs the node one page of memory while its subscriptions catch up, not one page each.
 */
export class LogReader {
  readonly #log: EventLogPort
  #pending: PendingRead[] = []
  #reading = false

  constructor(log: EventLogPort) {
    this.#log = log
  }

  /** Like `EventLogPort.replay`, but the result may contain events of other names. Never rejects. */
  read(cursor: Cursor | undefined, name: EventName, limit: number): Promise<Result<ReplayedEvents, ContractError>> {
    let pending = this.#pending.find((one) => one.cursor === cursor)
    if (pending === undefined) {
      const { promise: page, resolve: settle } = Promise.withResolvers<Result<ReplayedEvents, ContractError>>()
      pending = { cursor, names: new Set(), limit: 0, page, settle }
      this.#pending.push(pending)
    }
    pending.names.add(name)
    pending.limit = Math.max(pending.limit, limit)
    if (!this.#reading) void this.#readAll()
    return pending.page
  }

  async #readAll(): Promise<void> {
    this.#reading = true
    // All subscriptions that ask in the same turn are collected before the first page is read.
    await undefined
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const { cursor, names, limit, settle } = next
      settle(await this.#log.replay(cursor, { names: [...names] }, limit).catch(unreadable))
    }
    this.#reading = false
  }
}

/** A log that cannot be read concerns this plugin alone; it asks again with the next event. */
const unreadable = (thrown: unknown): Result<never, ContractError> =>
  err({ code: 'internal', message: stackOf(thrown) })
