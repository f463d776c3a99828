import { DEFAULTS, type EventName, type EventPayload, evaluate, events } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../../lib/result.ts'
import type { EncodedEvent, Refusal } from '../contract-gateway.ts'
import type { EventHistory, Past } from '../events/event-history.ts'
import { badToken, type PageRequest } from './paging.ts'

/** A page of the event log's events of one name, the newest first. An event that cannot be read is passed over; the token is the place of the last event looked at. */
export const pageOfEvents = async <Name extends EventName, T>(
  history: EventHistory,
  name: Name,
  { page = {}, ...past }: Pick<Past, 'since' | 'until'> & { readonly page?: PageRequest | undefined },
  describe: (payload: EventPayload<Name>, at: number) => T,
): Promise<Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>>> => {
  const { limit = DEFAULTS.pageRows, after } = page
  const read = await history.read({ ...past, names: [name], before: after, limit })
  if (!read.ok) return err(badToken())
  const items = read.value.events.flatMap((event) => {
    const payload = payloadOf(name, event)
    if (payload !== undefined) return [describe(payload, event.at)]
    history.passOver(event)
    return []
  })
  return ok({ items, ...(read.value.next === undefined ? {} : { next: read.value.next }) })
}

/** What a stored event says, its amounts `bigint` again; nothing if it was not stored in the form of the contract. */
const payloadOf = <Name extends EventName>(name: Name, { text }: EncodedEvent): EventPayload<Name> | undefined => {
  const read = evaluate(events[name].payload, (JSON.parse(text) as { readonly payload: unknown }).payload)
  return read.ok ? (read.value as EventPayload<Name>) : undefined
}
