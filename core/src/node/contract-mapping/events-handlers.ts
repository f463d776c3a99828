import { DEFAULTS, type EventName } from '@fulgurite/plugin-sdk/contract'
import { err, ok } from '../../lib/result.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import { cursorOf, placeOf } from '../events/event-cursor.ts'
import type { MappingContext } from './context.ts'
import type { ActorHandlers } from './handlers.ts'

export const eventsHandlers = ({ events }: MappingContext): ActorHandlers<'events'> => {
  const { history } = events

  /** The place after which the events of a time begin. A reader that asks by time alone has missed nothing if older events are gone. */
  const startOf = async (since: number): Promise<string> => {
    const head = placeOf(events.head())?.after ?? 0
    const after = Math.min((await history.firstAt(since)) - 1, head)
    return cursorOf(Math.max(after, 0), head)
  }

  return {
    async list({ from, types, order = 'oldest-first', since, until, limit = DEFAULTS.pageRows }) {
      const names = types as readonly EventName[] | undefined
      if (order === 'newest-first') {
        const read = await history.read({ names, before: from, since, until, limit })
        if (!read.ok) return read
        return ok({ items: read.value.events.map(envelopeOf), next: read.value.next ?? cursorOf(0) })
      }
      const start = from ?? (since === undefined ? undefined : await startOf(since))
      const replayed = await events.replay(start, names === undefined ? {} : { names }, limit)
      if (!replayed.ok) return err(replayed.error)
      const all = replayed.value.events
      const [first, end] = [since ?? 0, until ?? Number.POSITIVE_INFINITY]
      const wanted = all.filter(({ at }) => at >= first && at < end)
      // One event of a later time ends nothing: the wall clock may have been set back after it.
      const isOver = all.length > 0 && all.every(({ at }) => at >= end) && (await history.newestAt()) >= end
      return ok({ items: wanted.map(envelopeOf), next: isOver ? (start ?? cursorOf(0)) : replayed.value.next })
    },
  }
}

const envelopeOf = ({ text }: EncodedEvent) =>
  JSON.parse(text) as {
    readonly cursor: string
    readonly at: number
    readonly type: string
    readonly version: number
    readonly payload: Readonly<Record<string, unknown>>
  }
