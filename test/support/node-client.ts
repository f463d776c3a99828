import { Agent, type IncomingMessage, request } from 'node:http'
import type { ActorName, ContractError, EventEnvelope, OperationName, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../../core/src/lib/result.ts'

export interface AskOptions {
  /** The idempotency key. */
  readonly key?: string
  readonly timeoutMs?: number
}

/** No answer came: the command may have been done or not. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** Speaks the contract with a node over its HTTP API. Amounts are `bigint`. */
export class NodeClient {
  readonly #url: string
  readonly #token: string
  readonly #agent = new Agent({ keepAlive: true })
  readonly #streams = new Set<IncomingMessage>()

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  /** Rejects with `ConnectionLost` where no answer came. */
  async tryAsk<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    body: object,
    { key, timeoutMs }: AskOptions = {},
  ): Promise<Result<ReplyOf<A, O>, ContractError>> {
    const response = await this.#send('POST', `/v1/${actor}/${operation}`, encode(body), {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(timeoutMs === undefined ? {} : { 'x-timeout-ms': String(timeoutMs) }),
    })
    const text = await textOf(response)
    const answer = decode(text)
    return response.statusCode === 200 ? ok(answer as ReplyOf<A, O>) : err(answer as ContractError)
  }

  /** Follows the events after a cursor, durable and ephemeral, until the connection or `close` ends it. */
  async follow(from: string | undefined, onEvent: (event: EventEnvelope, durable: boolean) => void): Promise<void> {
    const headers = from === undefined ? {} : { 'last-event-id': from }
    const response = await this.#send('GET', '/v1/events', '', headers)
    this.#streams.add(response)
    response.setEncoding('utf8')
    let rest = ''
    try {
      for await (const chunk of response) {
        const messages = (rest + chunk).split('\n\n')
        rest = messages.pop() ?? ''
        for (const message of messages) {
          const data = /^data: (.*)$/m.exec(message)?.[1]
          if (data !== undefined) onEvent(JSON.parse(data) as EventEnvelope, message.startsWith('id: '))
        }
      }
    } catch {
      // The node has gone away.
    } finally {
      this.#streams.delete(response)
    }
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy()
    this.#agent.destroy()
  }

  #send(method: string, path: string, body: string, headers: Record<string, string>): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#url}${path}`, {
        method,
        agent: this.#agent,
        headers: { ...headers, authorization: `Bearer ${this.#token}` },
      })
      outgoing.once('response', resolve)
      outgoing.once('error', (error) => reject(new ConnectionLost(`${method} ${path}: ${error.message}`)))
      outgoing.end(body)
    })
  }
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of response) text += chunk
  } catch (error) {
    throw new ConnectionLost((error as Error).message)
  }
  if (!response.complete) throw new ConnectionLost('the answer was cut off')
  return text
}

const encode = (body: object): string =>
  JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

const AMOUNT = /(?:Msat|Sat)$/

const decode = (text: string): unknown =>
  JSON.parse(text, (key, value: unknown) => (AMOUNT.test(key) && typeof value === 'number' ? BigInt(value) : value))
