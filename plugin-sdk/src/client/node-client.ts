import { randomUUID } from 'node:crypto'
import { Agent, type IncomingMessage } from 'node:http'
import {
  type ActorName,
  type ContractError,
  type ContractResult,
  type Cursor,
  type EventEnvelope,
  type EventName,
  encodeJson,
  evaluate,
  findOperation,
  isCommand,
  type KnownEvent,
  type OperationName,
  parseEvent,
  type ReplyOf,
  type RequestOf,
} from '../contract/index.ts'
import { ConnectionLost, type HttpRequest, messagesOf, type NodeAccess, parseJson, send, textOf } from './http.ts'

export interface AskOptions {
  /**
   * The idempotency key: what is asked twice with one key is done once. Choose and keep one yourself for what spends, so that
   * you can ask again after a `ConnectionLost`; a command that needs one gets a new one otherwise.
   */
  readonly key?: string
  /** Why, for the audit: a code, perhaps followed by a colon and words. */
  readonly reason?: string
  /** Cursors of the events that led to this. */
  readonly causes?: readonly Cursor[]
  /** How long the node may take; what goes on longer is asked for again with its key. */
  readonly timeoutMs?: number
}

export interface FollowOptions<Name extends EventName> {
  /** Events after this one, which are replayed first; from now on if absent. */
  readonly from?: Cursor
  /** All if absent. */
  readonly types?: readonly Name[]
  readonly signal?: AbortSignal
}

/** A node that says nothing for so long, beyond what it was given, is not there any more. */
const SILENCE_MS = 60_000

/** An event, with the payload of its name. */
export type FollowedEvent<Name extends EventName> = KnownEvent<Name> & {
  /** It is in the log: its cursor is a place to go on from. */
  readonly isDurable: boolean
}

/** The node does not give, or no longer gives, what was to be followed: a cursor that is no longer kept, say. */
export class FollowRefused extends Error {
  override readonly name = 'FollowRefused'
  readonly error: ContractError

  constructor(error: ContractError) {
    super(`${error.message} [${error.code}]`)
    this.error = error
  }
}

/** A node's answer that is not of the contract: another version's, or another program's. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer'
}

/**
 * The contract over a node's HTTP API. Amounts are `bigint`; refusals are data, as the operation declares them. Where no answer
 * comes it rejects with `ConnectionLost`, and nothing is asked again by itself.
 */
export class NodeClient {
  readonly #access: NodeAccess
  readonly #agent = new Agent({ keepAlive: true })
  readonly #streams = new Set<IncomingMessage>()

  constructor(access: NodeAccess) {
    this.#access = access
  }

  /** Errors: `ConnectionLost`, `MalformedAnswer`. */
  async ask<Name extends ActorName, Op extends OperationName<Name>>(
    actor: Name,
    operation: Op,
    request: RequestOf<Name, Op>,
    { key, reason, causes, timeoutMs }: AskOptions = {},
  ): Promise<ContractResult<ReplyOf<Name, Op>>> {
    const declared = findOperation(actor, operation)
    if (declared === undefined) throw new TypeError(`there is no operation ${actor}.${operation}`)
    const name = `${actor}.${operation}`
    const idempotencyKey = key ?? (isCommand(declared) && declared.keyRequired ? randomUUID() : undefined)
    const response = await this.#send({
      method: 'POST',
      path: `/v1/${actor}/${operation}`,
      headers: {
        'content-type': 'application/json',
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(reason === undefined ? {} : { 'x-reason': reason }),
        ...(causes === undefined || causes.length === 0 ? {} : { 'x-causes': causes.join(',') }),
        ...(timeoutMs === undefined ? {} : { 'x-timeout-ms': String(timeoutMs) }),
      },
      body: encodeJson(request),
      silenceMs: SILENCE_MS + (timeoutMs ?? 0),
    })
    const body = jsonOf(await textOf(response), name)
    if (response.statusCode !== 200) return { ok: false, error: refusalOf(body, name) }
    return { ok: true, value: inShape(declared.reply, body, name) as ReplyOf<Name, Op> }
  }

  /**
   * Events as they come, those after `from` first, until the signal, `close` or the node ends it. Names that this version of the
   * contract does not know are left out. Errors: `ConnectionLost`: go on from the last durable event's cursor;
   * `FollowRefused`, `MalformedAnswer`.
   */
  async *follow<Name extends EventName>({
    from,
    types = [],
    signal,
  }: FollowOptions<Name>): AsyncGenerator<FollowedEvent<Name>, void> {
    const response = await this.#send({
      method: 'GET',
      path: types.length === 0 ? '/v1/events' : `/v1/events?types=${types.join(',')}`,
      headers: from === undefined ? {} : { 'last-event-id': from },
      ...(signal === undefined ? {} : { signal }),
    })
    if (response.statusCode !== 200) {
      throw new FollowRefused(refusalOf(jsonOf(await textOf(response), 'events'), 'events'))
    }
    this.#streams.add(response)
    try {
      for await (const { id, event, data } of messagesOf(response)) {
        const body = jsonOf(data, 'an event')
        if (event === 'error') throw new FollowRefused(refusalOf(body, 'events'))
        const { type } = body as EventEnvelope
        const read = parseEvent(body as EventEnvelope)
        if (!read.ok) throw new MalformedAnswer(`${type} is malformed at ${read.error.field}`)
        if (read.value === undefined) continue
        yield { ...(read.value as KnownEvent<Name>), isDurable: id !== undefined }
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error
    } finally {
      this.#streams.delete(response)
      response.destroy()
    }
  }

  /** Ends what is followed, and lets go of its connections. */
  close(): void {
    for (const stream of this.#streams) stream.destroy()
    this.#agent.destroy()
  }

  async #send(request: HttpRequest): Promise<IncomingMessage> {
    try {
      return await send(this.#access, { ...request, agent: this.#agent })
    } catch (error) {
      throw new ConnectionLost(error instanceof Error ? error.message : String(error))
    }
  }
}

const jsonOf = (text: string, what: string): unknown => {
  try {
    return parseJson(text)
  } catch {
    throw new MalformedAnswer(`what answered ${what} is not a node`)
  }
}

const refusalOf = (body: unknown, what: string): ContractError => {
  const { code, message } = Object(body) as Partial<ContractError>
  if (typeof code !== 'string' || typeof message !== 'string') throw new MalformedAnswer(`${what} answered no refusal`)
  return body as ContractError
}

const inShape = (schema: Parameters<typeof evaluate>[0], value: unknown, what: string): unknown => {
  const read = evaluate(schema, value)
  if (read.ok) return read.value
  throw new MalformedAnswer(`${what} is malformed at ${read.error.field}`)
}
