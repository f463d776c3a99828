import { allOperations, contract, isCommand } from './contract.ts'
import { COMMON_ERRORS } from './errors.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { shapeOf } from './shape.ts'

const BASE = '#/components/schemas/'

/** The HTTP face as an OpenAPI 3.1 document. */
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
  const paths = Object.fromEntries(
    allOperations().map(({ actor, name, operation }) => {
      const codes = [...operation.errors, ...Object.keys(COMMON_ERRORS)]
      return [
        `/v1/${actor}/${name}`,
        {
          post: {
            operationId: `${actor}.${name}`,
            tags: [actor],
            summary: operation.summary,
            ...(isCommand(operation)
              ? { 'x-effects': operation.effects, parameters: commandHeaders(operation.keyRequired) }
              : {}),
            requestBody: {
              required: true,
              content: {
                'application/json': { schema: jsonSchemaOf(shapeOf(operation.request), 'http', schemas, BASE) },
              },
            },
            responses: {
              200: {
                description: 'The reply.',
                content: {
                  'application/json': { schema: jsonSchemaOf(shapeOf(operation.reply), 'http', schemas, BASE) },
                },
              },
              default: {
                description: `A refusal or failure: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
                content: { 'application/json': { schema: { $ref: `${BASE}Error` } } },
              },
            },
          },
        },
      ]
    }),
  )
  return `${JSON.stringify(
    {
      openapi: '3.1.0',
      info: {
        title: 'Fulgurite',
        version: contract.version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      security: [{ token: [] }],
      paths: { ...paths, '/v1/events': { get: eventStream } },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas },
    },
    undefined,
    2,
  )}\n`
}

const header = (name: string, required: boolean, description: string) => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
})

const commandHeaders = (keyRequired: boolean) => [
  header('idempotency-key', keyRequired, 'The same key and request return the stored outcome.'),
  header('x-reason', false, 'Why, for the audit: a code, perhaps followed by a colon and words.'),
  header('x-causes', false, 'Cursors of the events that led to this, separated by commas.'),
]

const eventStream = {
  operationId: 'events.stream',
  tags: ['events'],
  summary: 'Events as server-sent events: what is stored after `from`, then what happens. Amounts are decimal strings.',
  parameters: [
    { name: 'from', in: 'query', description: 'A cursor; only new events if not said.', schema: { type: 'string' } },
    { name: 'types', in: 'query', description: 'Event names, separated by commas.', schema: { type: 'string' } },
  ],
  responses: { 200: { description: 'One event a message.', content: { 'text/event-stream': {} } } },
}
