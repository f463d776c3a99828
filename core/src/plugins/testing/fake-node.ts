import {
  type ActorName,
  type ContractError,
  type EventName,
  type EventPayload,
  encodeEvent,
  findOperation,
  type HookAnswer,
  type HookName,
  type HookRequest,
  type OperationName,
  parseRequest,
} from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../../lib/result.ts'
import type {
  CallContext,
  Cost,
  EncodedEvent,
  HookResponder,
  Outcome,
  PluginGateway,
  Prepared,
  Recalled,
} from '../../node/contract-gateway.ts'
import type { HostStore, HostWrite, PageOfRows } from '../index.ts'

/** What the node was asked, as it came through the gateway. */
export interface Asked {
  readonly operation: string
  readonly request: unknown
  readonly context: CallContext
}

type Answer = (
  request: never,
  context: CallContext,
) => Result<unknown, ContractError> | Promise<Result<unknown, ContractError>>

/** The contract's face of a node that does nothing: an event log in memory, and answers that a test gives. */
export class FakeNode implements PluginGateway {
  readonly asked: Asked[] = []
  readonly answers = new Map<string, Answer>()
  /** How operations that spend are resolved; those without cost nothing. */
  readonly spending = new Map<string, (request: never) => { readonly request: object; readonly cost: Partial<Cost> }>()
  readonly #log: EncodedEvent[] = []
  readonly #listeners = new Set<{ names: ReadonlySet<string> | undefined; listener: (event: EncodedEvent) => void }>()
  #responder: HookResponder | undefined
  #onAsked: ((asked: Asked) => void)[] = []

  /** Plugins whose run has ended, in order. */
  readonly ended: string[] = []

  readonly plugins = { begin: (name: string) => () => void this.ended.push(name) }

  readonly hooks = {
    register: (responder: HookResponder) => {
      this.#responder = responder
      return () => {
        this.#responder = undefined
      }
    },
  }

  readonly events: PluginGateway['events'] = {
    replay: async (cursor, { names }, limit) => {
      const from = cursor === undefined ? 0 : Number(cursor)
      if (!Number.isInteger(from)) return err({ code: 'cursor-invalid', message: 'no such cursor' })
      const page: EncodedEvent[] = []
      let next = from
      for (let i = from; i < this.#log.length && page.length < limit; i++) {
        const event = this.#log[i] as EncodedEvent
        next = event.sequence
        if (names === undefined || names.includes(event.name)) page.push(event)
      }
      return ok({ events: page, next: String(next) })
    },
    subscribe: ({ names }, listener) => {
      const entry = { names: names === undefined ? undefined : new Set<string>(names), listener }
      this.#listeners.add(entry)
      return () => this.#listeners.delete(entry)
    },
    head: () => String(this.#log.length),
  }

  prepare(actor: string, operation: string, request: unknown): Result<Prepared, ContractError> {
    const declared = findOperation(actor, operation)
    const parsed = parseRequest(actor as ActorName, operation as OperationName<ActorName>, request)
    if (declared === undefined || !parsed.ok) {
      return parsed.ok ? err({ code: 'unknown-operation', message: 'there is no such operation' }) : parsed
    }
    const asked = parsed.value as object
    const resolved = this.spending.get(`${actor}.${operation}`)?.(asked as never) ?? { request: asked, cost: {} }
    return ok({
      operation: declared,
      asked,
      request: resolved.request,
      worstCase: { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n, ...resolved.cost },
      run: (context) => {
        const answer = this.ask(actor, operation, resolved.request, context)
        return { answer, outcome: answer.then((result): Outcome => ({ result, isStored: false })) }
      },
    })
  }

  async recall(): Promise<Recalled> {
    return { type: 'unknown' }
  }

  async ask(
    actor: string,
    operation: string,
    request: unknown,
    context: CallContext,
  ): Promise<Result<unknown, ContractError>> {
    const asked = { operation: `${actor}.${operation}`, request, context }
    this.asked.push(asked)
    for (const listener of this.#onAsked) listener(asked)
    const answer = this.answers.get(asked.operation)
    if (answer === undefined) return err({ code: 'not-supported', message: 'the fake node has no answer to this' })
    return answer(request as never, context)
  }

  /** Makes an event happen. Returns it as the log has it. */
  emit<Name extends EventName>(name: Name, payload: EventPayload<Name>, at = 1_700_000_000_000): EncodedEvent {
    const sequence = this.#log.length + 1
    const cursor = String(sequence)
    const event = { cursor, sequence, name, version: 1, at, text: encodeEvent({ cursor, at, type: name, payload }) }
    this.append([event])
    return event
  }

  /** Makes events happen that are encoded already. */
  append(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      this.#log.push(event)
      for (const { names, listener } of this.#listeners)
        if (names === undefined || names.has(event.name)) listener(event)
    }
  }

  /** Asks the plugins, as the core does. */
  wantsHook<Name extends HookName>(name: Name, request: HookRequest<Name>): boolean {
    return this.#responder?.wants(name, () => request) === true
  }

  askHook<Name extends HookName>(name: Name, request: HookRequest<Name>): Promise<readonly HookAnswer<Name>[]> {
    return this.#responder?.ask(name, request) ?? Promise.resolve([])
  }

  /** Resolves when the node is asked this. */
  nextAsk(operation: string): Promise<Asked> {
    return new Promise((resolve) => {
      const listener = (asked: Asked): void => {
        if (asked.operation !== operation) return
        this.#onAsked = this.#onAsked.filter((other) => other !== listener)
        resolve(asked)
      }
      this.#onAsked.push(listener)
    })
  }
}

/** Rows in memory. */
export class MemoryStore implements HostStore {
  readonly rows = new Map<string, string>()
  readonly #waiting = new Map<string, { readonly value: string; readonly reached: () => void }>()

  /** Resolves when the row has this value. */
  wait(key: string, value: string): Promise<void> {
    if (this.rows.get(key) === value) return Promise.resolve()
    return new Promise((reached) => this.#waiting.set(key, { value, reached }))
  }

  async get(key: string): Promise<string | undefined> {
    return this.rows.get(key)
  }

  async list(prefix: string, { after, limit }: PageOfRows): Promise<readonly (readonly [string, string])[]> {
    return [...this.rows]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
  }

  async sizes(prefix: string, page: PageOfRows): Promise<readonly (readonly [string, number])[]> {
    return (await this.list(prefix, page)).map(([key, value]) => [key, Buffer.byteLength(value)] as const)
  }

  async put(batch: readonly HostWrite[]): Promise<void> {
    for (const [key, value] of batch) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, value)
      const waiting = this.#waiting.get(key)
      if (waiting !== undefined && waiting.value === value) waiting.reached()
    }
  }
}
