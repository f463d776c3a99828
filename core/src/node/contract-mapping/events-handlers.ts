import { err, ok } from '../../lib/result.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import type { ActorHandlers } from './handlers.ts'

const DEFAULT_LIMIT = 100

export const eventsHandlers = ({ events }: MappingContext): ActorHandlers<'events'> => ({
  async list({ from, types, limit = DEFAULT_LIMIT }) {
    const replayed = await events.replay(from, types === undefined ? {} : { names: types }, limit)
    if (!replayed.ok) return err(replayed.error)
    return ok({ items: replayed.value.events.map(envelopeOf), next: replayed.value.next })
  },
})

const envelopeOf = ({ text }: EncodedEvent) =>
  JSON.parse(text) as {
    readonly cursor: string
    readonly at: number
    readonly type: string
    readonly version: number
    readonly payload: Readonly<Record<string, unknown>>
  }
