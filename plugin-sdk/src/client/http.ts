import type { Agent, IncomingMessage } from 'node:http'

/** Where a node's API is and what opens it: what the node writes to `api.json` in its data folder. */
export interface NodeAccess {
  readonly url: string
  readonly token: string
}

/** No answer came, or not all of it: what was asked may have been done or not. Asked again with its key, it is done once. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** With the query, from the slash on. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly agent?: Agent
  readonly signal?: AbortSignal
  /** How long the node may say nothing; for ever if absent. */
  readonly silenceMs?: number
}

// An import of all that `node:http` exports loads what `fetch` is made of, too, which a command line would wait for.
const { request: httpRequest } = process.getBuiltinModule('node:http')

/** The answer's head. Rejects with what the socket says: nobody may be there. */
export const send = (
  access: NodeAccess,
  { path, body, silenceMs, ...options }: HttpRequest,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { ...options.headers, authorization: `Bearer ${access.token}` }
    // The agent that all requests share would say otherwise after five seconds: a quiet node is no lost one.
    const timeout = silenceMs ?? 0
    const outgoing = httpRequest(new URL(path, access.url), { ...options, timeout, headers }, resolve)
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** All of an answer. Errors: `ConnectionLost`. */
export const textOf = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of response) text += chunk
  } catch (error) {
    throw new ConnectionLost(error instanceof Error ? error.message : String(error))
  }
  if (!response.complete) throw new ConnectionLost('the answer was cut off')
  return text
}

/** A server-sent event. */
export interface ServerMessage {
  /** Of a durable event: its cursor. */
  readonly id?: string
  readonly event?: string
  readonly data: string
}

/** The messages of an event stream until it ends. Errors: `ConnectionLost`. */
export async function* messagesOf(response: IncomingMessage): AsyncGenerator<ServerMessage, void> {
  response.setEncoding('utf8')
  let waiting = ''
  try {
    for await (const chunk of response) {
      const messages = (waiting + chunk).split('\n\n')
      waiting = messages.pop() ?? ''
      for (const message of messages) {
        const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
        const [id, event, data] = [field('id'), field('event'), field('data')]
        if (data === undefined) continue
        yield { ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }), data }
      }
    }
  } catch (error) {
    throw new ConnectionLost(error instanceof Error ? error.message : String(error))
  }
}

/** JSON of a node. Integers past 2^53, which would lose their last digits as numbers, are `bigint`. Throws a `SyntaxError`. */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? 0)
      : value,
  )
