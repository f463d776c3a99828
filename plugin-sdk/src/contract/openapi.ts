import { CAUSES, type CallHeader, KEY, REASON, TIMEOUT } from './call-headers.ts'
import { allOperations, contract, isCommand } from './contract.ts'
import type { Operation } from './define.ts'
import { COMMON_ERRORS } from './errors.ts'
import { events } from './events.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { Cursor } from './scalars.ts'
import { shapeOf } from './shape.ts'
import { MAX_REQUEST_BYTES, statusOf, UNREADABLE } from './statuses.ts'

const BASE = '#/components/schemas/'

/** The HTTP face as an OpenAPI 3.1 document: what it admits is what the API takes, and what the API refuses it refuses. */
export const openApi = (): string => {
  const schemas: Record<string, JsonSchema> = {
    Error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        field: { type: 'string' },
        details: { type: 'object' },
      },
    },
  }
  const responses: Record<string, object> = {}
  const paths = Object.fromEntries(
    allOperations().map(({ actor, name, operation }) => {
      const request = jsonSchemaOf(shapeOf(operation.request), 'http-request', schemas, BASE)
      return [
        `/v1/${actor}/${name}`,
        {
          post: {
            operationId: `${actor}.${name}`,
            tags: [actor],
            summary: operation.summary,
            ...(isCommand(operation) ? { 'x-effects': operation.effects } : {}),
            parameters: headersOf(operation),
            requestBody: {
              // An empty body is an empty request.
              required: (request.required as readonly string[]).length > 0,
              content: { 'application/json': { schema: request } },
            },
            responses: {
              200: {
                description: 'The reply.',
                content: {
                  'application/json': { schema: jsonSchemaOf(shapeOf(operation.reply), 'http', schemas, BASE) },
                },
              },
              ...refusals(responses, [...operation.errors, ...Object.keys(COMMON_ERRORS)], Object.values(UNREADABLE)),
            },
          },
        },
      ]
    }),
  )
  const document = {
    responses: {
      200: { description: 'This document.', content: { 'application/json': {} } },
      ...refusals(responses, ['unauthorized', 'rate-limited', 'not-ready']),
    },
    operationId: 'openapi',
    summary: 'This document.',
  }
  return `${JSON.stringify(
    {
      openapi: '3.1.0',
      info: {
        title: 'Fulgurite',
        version: contract.version,
        description: `Another method than the one described is answered 405, with \`allow\`; a path that is not described, 404. The body of a request has at most ${MAX_REQUEST_BYTES} bytes.`,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      security: [{ token: [] }],
      paths: { ...paths, '/v1/events': { get: eventStream(responses) }, '/v1/openapi.json': { get: document } },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, responses, schemas },
    },
    undefined,
    2,
  )}\n`
}

/**
 * The answers other than a reply, by status, each with the codes that it can carry; `bare` are of requests that cannot be read.
 * Those that many share are described once.
 */
const refusals = (
  shared: Record<string, object>,
  codes: readonly string[],
  bare: readonly number[] = [],
): Record<string, object> => {
  const byStatus = new Map<number, string[]>(bare.map((status) => [status, ['invalid-request']]))
  for (const code of codes) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => {
      const name = `${status}-${ofStatus.join('-')}`
      shared[name] ??= {
        description: `${ofStatus.map((code) => `\`${code}\``).join(', ')}.`,
        content: { 'application/json': { schema: { $ref: `${BASE}Error` } } },
      }
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

const header = ({ name, summary, pattern }: CallHeader, required: boolean) => ({
  name,
  in: 'header',
  required,
  description: summary,
  schema: { type: 'string', pattern: pattern.source },
})

const headersOf = (operation: Operation) => {
  const timeout = header(TIMEOUT, false)
  if (!isCommand(operation)) return [timeout]
  return [header(KEY, operation.keyRequired), header(REASON, false), header(CAUSES, false), timeout]
}

const eventStream = (shared: Record<string, object>) => {
  const cursor = jsonSchemaOf(shapeOf(Cursor), 'http-request', {}, BASE)
  return {
    operationId: 'events.stream',
    tags: ['events'],
    summary:
      'Events as server-sent events: what is stored after `from`, then what happens. Amounts are decimal strings.',
    parameters: [
      { name: 'from', in: 'query', description: 'A cursor; only new events if not said.', schema: cursor },
      {
        name: 'types',
        in: 'query',
        description: 'Event names, separated by commas.',
        style: 'form',
        explode: false,
        schema: { type: 'array', minItems: 1, items: { type: 'string', enum: Object.keys(events) } },
      },
      {
        name: 'last-event-id',
        in: 'header',
        description: 'As `from`, and stronger: what a browser sends when it comes back.',
        schema: cursor,
      },
    ],
    responses: {
      200: { description: 'One event a message.', content: { 'text/event-stream': {} } },
      ...refusals(shared, [
        'invalid-request',
        'unauthorized',
        'cursor-invalid',
        'cursor-expired',
        'rate-limited',
        'not-ready',
      ]),
    },
  }
}
