import { allOperations, contract, isCommand } from '../src/contract/index.ts'
import { type JsonSchema, jsonSchemaOf } from '../src/contract/json-schema.ts'
import { shapeOf } from '../src/contract/shape.ts'

/** The whole contract as JSON Schema, in the form that our own wire has: what a release publishes and a test holds on to. */
export const contractSchema = (): string => {
  const definitions: Record<string, JsonSchema> = {}
  const operations = Object.fromEntries(
    allOperations().map(({ actor, name, operation }) => [
      `${actor}.${name}`,
      {
        kind: operation.kind,
        summary: operation.summary,
        access: operation.access,
        errors: [...operation.errors].sort(),
        ...(isCommand(operation)
          ? {
              effects: operation.effects,
              bounds: operation.bounds,
              counted: operation.counted,
              keyRequired: operation.keyRequired,
            }
          : {}),
        request: jsonSchemaOf(shapeOf(operation.request), 'wire', definitions),
        reply: jsonSchemaOf(shapeOf(operation.reply), 'wire', definitions),
      },
    ]),
  )
  const events = Object.fromEntries(
    Object.values(contract.events).map(({ name, version, durability, summary, payload }) => [
      name,
      { version, durability, summary, payload: jsonSchemaOf(shapeOf(payload), 'wire', definitions) },
    ]),
  )
  const hooks = Object.fromEntries(
    Object.values(contract.hooks).map(
      ({ name, summary, request, verdict, deadlineMs, combiner, onFailure, mostWaiting }) => [
        name,
        {
          summary,
          deadlineMs,
          combiner,
          onFailure,
          mostWaiting,
          request: jsonSchemaOf(shapeOf(request), 'wire', definitions),
          verdict: jsonSchemaOf(shapeOf(verdict), 'wire', definitions),
        },
      ],
    ),
  )
  return `${JSON.stringify(
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'The Fulgurite contract',
      version: contract.version,
      operations,
      events,
      hooks,
      $defs: definitions,
    },
    undefined,
    2,
  )}\n`
}
