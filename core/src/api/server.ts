import { timingSafeEqual } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  allOperations,
  type ContractError,
  type EventName,
  encodeJson,
  events,
  findOperation,
  MAX_REQUEST_BYTES,
  openApi,
  statusOf,
  UNREADABLE,
} from '@fulgurite/plugin-sdk/contract'
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { type Clock, systemClock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { ContractGateway, EventFilter } from '../node/contract-gateway.ts'
import { ApiConnections } from './api-connections.ts'
import { API_LIMITS, type ApiLimits } from './api-limits.ts'
import { contextFrom } from './call-headers.ts'
import { streamEvents } from './event-stream.ts'

export interface ApiOptions {
  readonly gateway: ContractGateway
  /** What every request must carry as `authorization: Bearer …`. */
  readonly token: string
  /** Loopback if not said. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly clock?: Clock
  /** The defaults if absent. */
  readonly limits?: ApiLimits
  /** Called when a connection could not be accepted, for example because the process has no descriptor left. The API goes on. */
  readonly onAcceptError?: (cause: string) => void
  /** Called for a bug: an answer could not be made. */
  readonly onBug?: (error: unknown, where: string) => void
}

export interface ApiServer {
  readonly url: string
  /**
   * Ends event streams, refuses new requests as `not-ready`, gives those under way a moment to finish, and frees the port.
   * A caller that is cut off asks again with its key.
   */
  close(): Promise<void>
}

export type ApiStartError = {
  readonly code: 'cannot-listen'
  readonly host: string
  readonly port: number
  /** The system's code, as EADDRINUSE. */
  readonly cause: string
}

const CLOSING_MS = 3_000
const MAX_SHOWN = 64
const JSON_TYPE = 'application/json; charset=utf-8'

/** Serves the whole contract over HTTP: `POST /v1/<actor>/<operation>`, the event stream, and the OpenAPI document. */
export const startApi = async (options: ApiOptions): Promise<Result<ApiServer, ApiStartError>> => {
  const { gateway, token, host = '127.0.0.1', port, clock = systemClock, onBug = () => {} } = options
  const { limits = API_LIMITS, onAcceptError = () => {} } = options
  const app = fastify({
    logger: false,
    bodyLimit: MAX_REQUEST_BYTES,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: refuseUnreadable,
    // The contract checks what comes and writes what goes. The framework's compilers of schemas would be loaded for no route.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
  })
  let closing = false
  const connections = new ApiConnections(app.server, clock, limits)
  app.server.on('error', (error: NodeJS.ErrnoException) => onAcceptError(error.code ?? error.name))
  acceptJson(app)
  requireToken(app, token, connections)
  app.addHook('onRequest', (_request, reply, done) => {
    if (closing) refuse(reply, { code: 'not-ready', message: 'the node is stopping' })
    else done()
  })
  answerErrors(app, onBug)
  for (const { actor, name } of allOperations()) {
    app.post(`/v1/${actor}/${name}`, (request, reply) => ask(gateway, actor, name, request, reply))
  }
  const streams = serveEvents(app, gateway, clock, limits.streams)
  let document: string | undefined
  app.get('/v1/openapi.json', (_request, reply) => {
    document ??= openApi()
    return reply.type(JSON_TYPE).send(document)
  })
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const { code, message } = error as NodeJS.ErrnoException
    return err({ code: 'cannot-listen', host, port, cause: code ?? message })
  }
  const address = app.server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  return ok({
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    async close() {
      closing = true
      for (const stream of streams) stream.destroy()
      // A payment can take hours: the node does not wait for it.
      const cancel = clock.setTimer(CLOSING_MS, () => app.server.closeAllConnections())
      await app.close()
      cancel()
    },
  })
}

const ask = async (
  gateway: ContractGateway,
  actor: string,
  operation: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const context = contextFrom(request.headers)
  if (!context.ok) return refuse(reply, context.error)
  const answer = await gateway.ask(actor, operation, request.body, context.value)
  if (!answer.ok) return refuse(reply, answer.error)
  return reply.type(JSON_TYPE).send(encodeJson(answer.value, 'integer'))
}

const refuse = (reply: FastifyReply, error: ContractError): FastifyReply =>
  reply.code(statusOf(error.code)).type(JSON_TYPE).send(encodeJson(error, 'integer'))

/** A request that is not HTTP also gets an answer in the contract's form. */
const refuseUnreadable = ({ code }: NodeJS.ErrnoException, socket: Socket): void => {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, message] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [UNREADABLE['headers-too-large'], 'the headers are too large']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [UNREADABLE['too-slow'], 'the request took too long to come']
        : [UNREADABLE.malformed, 'this is no HTTP request']
  const body = encodeJson({ code: 'invalid-request', message }, 'integer')
  const head = `content-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n\r\n${body}`, () => socket.destroy())
}

const acceptJson = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {})
    else parse(request, body as string, done)
  })
}

const requireToken = (app: FastifyInstance, token: string, connections: ApiConnections): void => {
  const expected = Buffer.from(`Bearer ${token}`)
  app.addHook('onRequest', (request, reply, done) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      // A caller without the token costs as little as possible: the body is not read, and the connection is not kept.
      if (!connections.answersRefusal(request.raw)) {
        reply.hijack()
        return
      }
      reply.header('www-authenticate', 'Bearer').header('connection', 'close')
      refuse(reply, {
        code: 'unauthorized',
        message: 'give the token of the data folder as: authorization: Bearer <token>',
      })
      return
    }
    if (connections.admit(request.raw, reply.raw)) {
      done()
      return
    }
    reply.header('connection', 'close')
    refuse(reply, { code: 'rate-limited', message: 'every connection that the API allows is busy: try again later' })
  })
}

const answerErrors = (app: FastifyInstance, onBug: (error: unknown, where: string) => void): void => {
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const allowed = methodOf(path)
    const message = `there is no ${request.method} ${request.url.slice(0, 200)}`
    if (allowed === undefined) return refuse(reply, { code: 'unknown-operation', message })
    const error: ContractError = { code: 'unknown-operation', message: `${message}: it is ${allowed}` }
    return reply.code(405).header('allow', allowed).type(JSON_TYPE).send(encodeJson(error, 'integer'))
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 400 && status < 500) {
      const body: ContractError = { code: 'invalid-request', message: clientError(error) }
      return reply.code(status).type(JSON_TYPE).send(encodeJson(body))
    }
    onBug(error, `${request.method} ${request.routeOptions.url ?? ''}`)
    return refuse(reply, { code: 'internal', message: 'a bug; the log of the node says more' })
  })
}

const GET_PATHS: readonly string[] = ['/v1/events', '/v1/openapi.json']

/** The method of a path; `undefined` if there is nothing at the path. */
const methodOf = (path: string): 'GET' | 'POST' | undefined => {
  if (GET_PATHS.includes(path)) return 'GET'
  const [, actor = '', operation = ''] = /^\/v1\/([^/]+)\/([^/]+)$/.exec(path) ?? []
  return findOperation(actor, operation) === undefined ? undefined : 'POST'
}

const clientError = (error: FastifyError): string => {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return `the body is larger than ${MAX_REQUEST_BYTES} bytes`
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'send the request as content-type: application/json'
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return 'the body is not JSON'
    case 'FST_ERR_BAD_URL':
      return 'the path is no URL'
    default:
      return 'the request is malformed'
  }
}

const serveEvents = (
  app: FastifyInstance,
  gateway: ContractGateway,
  clock: Clock,
  maxStreams: number,
): ReadonlySet<{ destroy(): void }> => {
  const open = new Set<FastifyReply['raw']>()
  app.get('/v1/events', async (request, reply) => {
    const asked = streamAsked(request)
    if (!asked.ok) return refuse(reply, asked.error)
    const { from, filter } = asked.value
    if (from !== undefined) {
      // Refused before the stream begins, as any other request.
      const place = await gateway.events.replay(from, filter, 1)
      if (!place.ok) return refuse(reply, place.error)
    }
    if (reply.raw.destroyed) return reply.hijack()
    if (open.size >= maxStreams) {
      return refuse(reply, {
        code: 'rate-limited',
        message: `${maxStreams} event streams are open already: close one first`,
      })
    }
    reply.hijack()
    const sink = reply.raw
    open.add(sink)
    sink.once('close', () => open.delete(sink))
    sink.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    sink.flushHeaders()
    streamEvents(gateway.events, { from, filter, sink, clock })
    return reply
  })
  return open
}

const STREAM_PARAMETERS: readonly string[] = ['from', 'types']

/** What a request for the event stream asks for. If an unknown parameter were ignored, its reader would wait in vain. */
const streamAsked = ({
  query,
  headers,
}: FastifyRequest): Result<{ readonly from: string | undefined; readonly filter: EventFilter }, ContractError> => {
  for (const [field, value] of Object.entries(query as Readonly<Record<string, string | readonly string[]>>)) {
    if (!STREAM_PARAMETERS.includes(field)) return unasked(field, 'there is no such parameter')
    if (typeof value !== 'string') return unasked(field, 'expected once, with commas between several')
  }
  const { from, types } = query as Readonly<Record<string, string | undefined>>
  const names = types?.split(',')
  const unknown = names?.find((name) => !Object.hasOwn(events, name))
  if (unknown !== undefined)
    return unasked('types', `there is no event ${unknown.slice(0, MAX_SHOWN) || 'without a name'}`)
  const resumed = headers['last-event-id']
  return ok({
    from: typeof resumed === 'string' ? resumed : from,
    filter: names === undefined ? {} : { names: names as EventName[] },
  })
}

const unasked = (field: string, what: string): Result<never, ContractError> =>
  err({ code: 'invalid-request', message: `${field.slice(0, MAX_SHOWN)}: ${what}`, field: field.slice(0, MAX_SHOWN) })

const noSchema = (): never => {
  throw new Error('a route has a schema of its own')
}
