import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { equalConstantTime, sha256 } from '../../crypto/hashes.ts'
import { toHex, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { readJson } from '../../lib/json.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Devchain } from './devchain.ts'
import { RPC_CODES, type RpcFault } from './rpc-fault.ts'
import { type RpcMethod, rpcMethods } from './rpc-methods.ts'

export interface DevchainRpcOptions {
  readonly devchain: Devchain
  readonly clock: Clock
  readonly rng: Rng
  /** Where the cookie file is written, readable by its owner only, and removed from at the end. */
  readonly cookiePath: string
  /** Loopback unless said otherwise. */
  readonly host?: string
  /** A free one if absent. */
  readonly port?: number
}

export interface DevchainRpc {
  readonly url: string
  readonly cookiePath: string
  close(): Promise<void>
}

export interface PortInUse {
  readonly code: 'port-in-use'
  readonly host: string
  readonly port: number
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const MAX_BODY_LENGTH = 8 * 1024 * 1024
const MAX_BATCH = 1_000
const MAX_DEPTH = 16

/** Serves a devchain as if it were a bitcoind, to adapters in other processes. */
export const serveDevchainRpc = async (options: DevchainRpcOptions): Promise<Result<DevchainRpc, PortInUse>> => {
  const { devchain, clock, rng, cookiePath, host = '127.0.0.1', port = 0 } = options
  const closing = new AbortController()
  const methods = rpcMethods(devchain, clock, closing.signal)
  const cookie = `__cookie__:${toHex(rng.bytes(32))}`
  const expected = sha256(utf8Encode(`Basic ${Buffer.from(cookie).toString('base64')}`))
  // Hashed first, so that the comparison takes the same time for every length.
  const isAuthorized = (header: string | undefined): boolean =>
    equalConstantTime(sha256(utf8Encode(header ?? '')), expected)

  const server = createServer((incoming, response) => {
    handle(incoming, response, methods, isAuthorized).catch(() => response.destroy())
  })
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, host, () => resolve(true))
  })
  if (!listening) return err({ code: 'port-in-use', host, port })
  try {
    mkdirSync(dirname(cookiePath), { recursive: true })
    writeFileSync(cookiePath, cookie, { mode: 0o600 })
  } catch (error) {
    // What listens keeps a process from ending.
    server.close()
    throw error
  }

  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  return ok({
    url: `http://${host}:${boundPort}`,
    cookiePath,
    async close() {
      rmSync(cookiePath, { force: true })
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      closing.abort()
      await closed
    },
  })
}

const handle = async (
  incoming: IncomingMessage,
  response: ServerResponse,
  methods: Readonly<Record<string, RpcMethod>>,
  isAuthorized: (header: string | undefined) => boolean,
): Promise<void> => {
  if (incoming.method !== 'POST') return refuse(response, 405, { allow: 'POST' })
  if (!isAuthorized(incoming.headers.authorization)) {
    return refuse(response, 401, { 'www-authenticate': 'Basic realm="jsonrpc"' })
  }
  const body = await readBody(incoming)
  if (body === undefined) return refuse(response, 413, { connection: 'close' })
  const { status, body: answer } = await answerBody(body, methods)
  const text = `${JSON.stringify(answer)}\n`
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

const refuse = (response: ServerResponse, status: number, headers: Record<string, string>): void => {
  response.writeHead(status, { ...headers, 'content-length': 0 })
  response.end()
}

/** `undefined` when it is longer than is read. */
const readBody = async (incoming: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_LENGTH) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const answerBody = async (body: string, methods: Readonly<Record<string, RpcMethod>>): Promise<Answer> => {
  const read = readJson(body, MAX_DEPTH)
  if (!read.ok) {
    const error = { code: RPC_CODES.parseError, message: 'Parse error' }
    return { status: 500, body: { result: null, error, id: null } }
  }
  const request = read.value
  if (!Array.isArray(request)) return answerOne(request, methods)
  if (request.length > MAX_BATCH) return answerOne(undefined, methods)
  const answers: unknown[] = []
  for (const each of request) answers.push((await answerOne(each, methods)).body)
  return { status: 200, body: answers }
}

const answerOne = async (request: unknown, methods: Readonly<Record<string, RpcMethod>>): Promise<Answer> => {
  const { jsonrpc, id = null, method, params = [] } = isRecord(request) ? request : {}
  const outcome = await run(method, params, methods)
  // Version 2 reports errors in the body alone.
  if (jsonrpc === '2.0') {
    const body = outcome.ok ? { jsonrpc, result: outcome.value, id } : { jsonrpc, error: outcome.error, id }
    return { status: 200, body }
  }
  if (outcome.ok) return { status: 200, body: { result: outcome.value, error: null, id } }
  return { status: statusOf(outcome.error), body: { result: null, error: outcome.error, id } }
}

const run = async (
  name: unknown,
  params: unknown,
  methods: Readonly<Record<string, RpcMethod>>,
): Promise<Result<unknown, RpcFault>> => {
  if (typeof name !== 'string') return err({ code: RPC_CODES.invalidRequest, message: 'Method must be a string' })
  if (!Array.isArray(params)) return err({ code: RPC_CODES.invalidRequest, message: 'Params must be an array' })
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) return err({ code: RPC_CODES.methodNotFound, message: 'Method not found' })
  return method(params)
}

const statusOf = ({ code }: RpcFault): number =>
  code === RPC_CODES.invalidRequest ? 400 : code === RPC_CODES.methodNotFound ? 404 : 500

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
