import type { ContractError, Cursor, EventName } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import type { CallContext, ContractGateway, EncodedEvent, EventFilter } from '../node/contract-gateway.ts'

/** For tests: a gateway whose answers and events are scripted. */
export interface ScriptedGateway extends ContractGateway {
  readonly asked: { actor: string; operation: string; request: unknown; context: CallContext }[]
  answer: (actor: string, operation: string, request: unknown) => Promise<Result<unknown, ContractError>>
  /** Adds a durable event and tells the subscribers. */
  publish(name: EventName, payload: string): EncodedEvent
  publishEphemeral(name: EventName, payload: string): EncodedEvent
  readonly subscribers: () => number
}

export const scriptedGateway = (): ScriptedGateway => {
  const log: EncodedEvent[] = []
  const listeners = new Set<{ filter: EventFilter; listener: (event: EncodedEvent) => void }>()
  const asked: ScriptedGateway['asked'] = []
  const wanted = (event: EncodedEvent, { names }: EventFilter) => names === undefined || names.includes(event.name)
  const tell = (event: EncodedEvent): EncodedEvent => {
    for (const { filter, listener } of listeners) if (wanted(event, filter)) listener(event)
    return event
  }
  const encoded = (name: EventName, payload: string, sequence: number, cursor: Cursor): EncodedEvent => ({
    cursor,
    sequence,
    name,
    version: 1,
    at: 1_000 + sequence,
    text: `{"cursor":"${cursor}","at":${1_000 + sequence},"type":"${name}","version":1,"payload":${payload}}`,
  })
  const gateway: ScriptedGateway = {
    asked,
    answer: () => Promise.resolve(ok({})),
    ask(actor, operation, request, context) {
      asked.push({ actor, operation, request, context })
      return gateway.answer(actor, operation, request)
    },
    events: {
      replay(cursor, filter, limit) {
        const after = cursor === undefined ? 0 : Number(/^c(\d+)$/.exec(cursor)?.[1] ?? Number.NaN)
        if (Number.isNaN(after)) return Promise.resolve(err({ code: 'cursor-invalid', message: 'no such cursor' }))
        const found = log.filter((event) => event.sequence > after && wanted(event, filter)).slice(0, limit)
        const next = found.at(-1)?.cursor ?? `c${Math.max(after, log.length)}`
        return Promise.resolve(ok({ events: found, next }))
      },
      subscribe(filter, listener) {
        const entry = { filter, listener }
        listeners.add(entry)
        return () => void listeners.delete(entry)
      },
      head: () => `c${log.length}`,
    },
    hooks: { register: () => () => {} },
    publish(name, payload) {
      const event = encoded(name, payload, log.length + 1, `c${log.length + 1}`)
      log.push(event)
      return tell(event)
    },
    publishEphemeral: (name, payload) => tell(encoded(name, payload, 0, `c${log.length}`)),
    subscribers: () => listeners.size,
  }
  return gateway
}
