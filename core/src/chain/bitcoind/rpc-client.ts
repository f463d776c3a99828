import { readFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { readJson } from '../../lib/json.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { systemReason } from '../../lib/system-reason.ts'

/** How we authenticate to bitcoind. A cookie file is read again when bitcoind has made a new one. */
export type RpcAuth =
  | { readonly type: 'cookie'; readonly path: string }
  | { readonly type: 'password'; readonly user: string; readonly password: string }

export interface RpcOptions {
  /** Such as `http://127.0.0.1:8332`; a path names a wallet. */
  readonly url: string
  readonly auth: RpcAuth
  readonly timeoutMs?: number
}

export type RpcError =
  | { readonly code: 'bitcoind-unreachable'; readonly url: string; readonly detail: string }
  | { readonly code: 'bitcoind-unauthorized'; readonly url: string }
  /** bitcoind answered with an error; `rpcCode` is negative. */
  | { readonly code: 'bitcoind-error'; readonly method: string; readonly rpcCode: number; readonly message: string }
  | { readonly code: 'bitcoind-bad-reply'; readonly method: string; readonly detail: string }

export interface RpcClient {
  readonly url: string
  call(method: string, params?: readonly unknown[], options?: RpcCallOptions): Promise<Result<unknown, RpcError>>
  close(): void
}

interface RpcCallOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

interface HttpReply {
  readonly status: number
  readonly body: string
}

const DEFAULT_TIMEOUT_MS = 30_000
// bitcoind answers with few threads and has other clients.
const MAX_SOCKETS = 4
// A block is sent as hexadecimal text.
const MAX_REPLY_LENGTH = 32 * 1024 * 1024
const MAX_REPLY_DEPTH = 64
const MAX_MESSAGE_LENGTH = 2_048

/** A client of bitcoind's JSON-RPC over kept-alive connections. */
export const rpcClient = ({ url, auth, timeoutMs = DEFAULT_TIMEOUT_MS }: RpcOptions): RpcClient => {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  let authorization: string | undefined
  let nextId = 0

  const credentials = async (): Promise<Result<string, RpcError>> => {
    if (authorization !== undefined) return ok(authorization)
    if (auth.type === 'password') {
      authorization = basic(`${auth.user}:${auth.password}`)
      return ok(authorization)
    }
    try {
      authorization = basic((await readFile(auth.path, 'utf8')).trim())
      return ok(authorization)
    } catch (error) {
      return err({
        code: 'bitcoind-unreachable',
        url,
        detail: `no cookie file at ${auth.path}: ${systemReason(error)}`,
      })
    }
  }

  const post = async (body: string, options: RpcCallOptions): Promise<Result<HttpReply, RpcError>> => {
    const held = await credentials()
    if (!held.ok) return held
    try {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMs)
      const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
      return ok(await send(url, agent, body, held.value, signal))
    } catch (error) {
      return err({ code: 'bitcoind-unreachable', url, detail: systemReason(error) })
    }
  }

  return {
    url,
    async call(method, params = [], options = {}) {
      const id = nextId++
      const body = JSON.stringify({ jsonrpc: '1.0', id, method, params })
      let reply = await post(body, options)
      if (reply.ok && reply.value.status === 401 && auth.type === 'cookie') {
        // bitcoind makes a new cookie whenever it starts.
        authorization = undefined
        reply = await post(body, options)
      }
      if (!reply.ok) return reply
      const { status } = reply.value
      if (status === 401 || status === 403) return err({ code: 'bitcoind-unauthorized', url })
      if (status === 503) return err({ code: 'bitcoind-unreachable', url, detail: 'its work queue is full' })
      return readReply(method, id, reply.value)
    },
    close: () => agent.destroy(),
  }
}

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`

const send = (
  url: string,
  agent: Agent,
  body: string,
  authorization: string,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers, signal }, (incoming) => {
      collect(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, body: text }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const collect = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPLY_LENGTH) {
      incoming.destroy()
      throw new RangeError('the reply is too long')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const readReply = (method: string, id: number, { status, body }: HttpReply): Result<unknown, RpcError> => {
  const read = readJson(body, MAX_REPLY_DEPTH)
  if (!read.ok) return err({ code: 'bitcoind-bad-reply', method, detail: `not JSON (HTTP status ${status})` })
  const reply = read.value
  if (typeof reply !== 'object' || reply === null || !('id' in reply) || reply.id !== id) {
    return err({ code: 'bitcoind-bad-reply', method, detail: 'not an answer to the request' })
  }
  const { error, result } = reply as { error?: unknown; result?: unknown }
  if (typeof error === 'object' && error !== null) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    if (typeof code !== 'number' || typeof message !== 'string') {
      return err({ code: 'bitcoind-bad-reply', method, detail: 'an error without code and message' })
    }
    return err({ code: 'bitcoind-error', method, rpcCode: code, message: message.slice(0, MAX_MESSAGE_LENGTH) })
  }
  return result === undefined ? err({ code: 'bitcoind-bad-reply', method, detail: 'no result' }) : ok(result)
}
