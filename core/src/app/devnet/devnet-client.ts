import { NodeClient as ContractClient } from '@fulgurite/plugin-sdk/client'
import {
  type ActorName,
  type ContractError,
  type Cursor,
  type EventName,
  type EventPayload,
  type OperationName,
  parseEvent,
  type ReplyOf,
  type RequestOf,
} from '@fulgurite/plugin-sdk/contract'
import { readAccess } from '../../api/access.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'

/** A node as the demonstration and the development network use it. */
export interface DevnetClient {
  /** Throws a `FailureError` with the contract's error if the node refuses. */
  ask<Name extends ActorName, Op extends OperationName<Name>>(
    actor: Name,
    operation: Op,
    request: RequestOf<Name, Op>,
  ): Promise<ReplyOf<Name, Op>>
  /** The same, with refusals as data. */
  tryAsk<Name extends ActorName, Op extends OperationName<Name>>(
    actor: Name,
    operation: Op,
    request: RequestOf<Name, Op>,
  ): Promise<Result<ReplyOf<Name, Op>, ContractError>>
  /** Events of one name after a cursor, and the cursor to continue from. */
  eventsAfter<Name extends EventName>(
    cursor: Cursor | undefined,
    name: Name,
  ): Promise<{ readonly payloads: readonly EventPayload<Name>[]; readonly next: Cursor }>
  close(): void
}

/** What was refused, as a failure of the development network. */
export const refusedAs = (what: string, { code, message }: ContractError) =>
  ({ code: 'node-refused', what, reason: `${message} [${code}]` }) as const

const EVENTS_A_PAGE = 500

/** A client of the node in this data folder, which must be running. */
export const devnetClient = (data: string): DevnetClient => {
  const access = readAccess(data)
  if (!access.ok) throw new FailureError(access.error)
  const client = new ContractClient(access.value)
  const tryAsk: DevnetClient['tryAsk'] = (actor, operation, request) => client.ask(actor, operation, request)
  const ask: DevnetClient['ask'] = async (actor, operation, request) => {
    const reply = await tryAsk(actor, operation, request)
    if (reply.ok) return reply.value
    throw new FailureError(refusedAs(`${actor}.${operation}`, reply.error))
  }
  return {
    ask,
    tryAsk,
    async eventsAfter(cursor, name) {
      const from = cursor === undefined ? {} : { from: cursor }
      const { items, next } = await ask('events', 'list', { ...from, types: [name], limit: EVENTS_A_PAGE })
      const payloads = items.map((event) => {
        const read = parseEvent(event)
        if (read.ok && read.value !== undefined) return read.value.payload as EventPayload<typeof name>
        throw new FailureError({ code: 'node-refused', what: name, reason: 'it is malformed' })
      })
      return { payloads, next }
    },
    close: () => client.close(),
  }
}
