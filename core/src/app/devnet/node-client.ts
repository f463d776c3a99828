import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import {
  type ActorName,
  type ContractError,
  type Cursor,
  type EventName,
  type EventPayload,
  evaluate,
  events,
  findOperation,
  isCommand,
  type OperationName,
  type ReplyOf,
  type RequestOf,
} from '@fulgurite/plugin-sdk/contract'
import { readAccess } from '../../api/access.ts'
import { FailureError, invariant } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'

/** A node's contract over its HTTP API, as a program of its operator uses it. */
export interface NodeClient {
  /** Throws a `FailureError` with the contract's error where the node refuses. */
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
  /** Events of one name after a cursor, and where to go on. */
  eventsAfter<Name extends EventName>(
    cursor: Cursor | undefined,
    name: Name,
  ): Promise<{ readonly payloads: readonly EventPayload<Name>[]; readonly next: Cursor }>
  close(): void
}

const TIMEOUT_MS = 60_000
const EVENTS_A_PAGE = 500

/** A client of the node in this data folder, which must be running. */
export const nodeClient = (data: string): NodeClient => {
  const access = readAccess(data)
  if (!access.ok) throw new FailureError(access.error)
  const { url, token } = access.value
  const agent = new Agent({ keepAlive: true })

  const tryAsk: NodeClient['tryAsk'] = async (actor, operation, request) => {
    const declared = findOperation(actor, operation)
    invariant(declared !== undefined, 'the types name only operations that there are')
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      // So that a question whose answer was lost could be asked again.
      ...(isCommand(declared) && declared.keyRequired ? { 'idempotency-key': randomUUID() } : {}),
    }
    const { status, text } = await post(agent, `${url}/v1/${actor}/${operation}`, headers, toJson(request))
    const body = fromJson(text)
    if (status !== 200) return err(body as ContractError)
    return ok(inShape(declared.reply, body, `${actor}.${operation}`) as ReplyOf<typeof actor, typeof operation>)
  }
  const ask: NodeClient['ask'] = async (actor, operation, request) => {
    const reply = await tryAsk(actor, operation, request)
    if (reply.ok) return reply.value
    const { code, message } = reply.error
    throw new FailureError({ code: 'node-refused', what: `${actor}.${operation}`, reason: `${message} [${code}]` })
  }
  return {
    ask,
    tryAsk,
    async eventsAfter(cursor, name) {
      const from = cursor === undefined ? {} : { from: cursor }
      const { items, next } = await ask('events', 'list', { ...from, types: [name], limit: EVENTS_A_PAGE })
      type Payload = EventPayload<typeof name>
      return { payloads: items.map(({ payload }) => inShape(events[name].payload, payload, name) as Payload), next }
    },
    close: () => agent.destroy(),
  }
}

const inShape = (schema: Parameters<typeof evaluate>[0], value: unknown, what: string): unknown => {
  const read = evaluate(schema, value)
  if (read.ok) return read.value
  throw new FailureError({ code: 'node-refused', what, reason: `its answer is malformed at ${read.error.field}` })
}

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? member.toString() : member))

// Integers past 2^53 would lose their last digits as numbers; the contract takes them as text.
const fromJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? (context?.source ?? value) : value,
  )

const post = (
  agent: Agent,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.once('error', reject)
    })
    request.once('timeout', () => request.destroy(new Error('no answer in time')))
    request.once('error', reject)
    request.end(body)
  })
