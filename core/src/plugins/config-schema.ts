import { z } from 'zod'
import { err, ok, type Result } from '../lib/result.ts'

/**
 * The closed dialect of JSON Schema that a plugin describes its settings in. No pattern, no reference, no combinator:
 * checking must be quick whatever the schema says.
 */
type ConfigSchema =
  | { readonly type: 'boolean'; readonly description?: string | undefined; readonly default?: boolean | undefined }
  | {
      readonly type: 'integer' | 'number'
      readonly description?: string | undefined
      readonly default?: number | undefined
      readonly minimum?: number | undefined
      readonly maximum?: number | undefined
    }
  | {
      readonly type: 'string'
      readonly description?: string | undefined
      readonly default?: string | undefined
      readonly enum?: readonly string[] | undefined
      readonly maxLength?: number | undefined
    }
  | {
      readonly type: 'array'
      readonly description?: string | undefined
      readonly items: ConfigSchema
      readonly maxItems?: number | undefined
    }
  | ConfigObjectSchema

export interface ConfigObjectSchema {
  readonly type: 'object'
  readonly description?: string | undefined
  readonly properties: Readonly<Record<string, ConfigSchema>>
  readonly required?: readonly string[] | undefined
}

const MAX_DEPTH = 5
const MAX_NODES = 200
const MAX_TEXT = 4_096
const MAX_ITEMS = 1_000

const description = z.string().max(512).optional()
const key = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'expected letters, digits and underscores')

const number = z.strictObject({
  type: z.enum(['integer', 'number']),
  description,
  default: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
})

const node: z.ZodType<ConfigSchema> = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('boolean'), description, default: z.boolean().optional() }),
    number,
    z.strictObject({
      type: z.literal('string'),
      description,
      default: z.string().max(MAX_TEXT).optional(),
      enum: z.array(z.string().max(256)).min(1).max(64).optional(),
      maxLength: z.number().int().min(0).max(MAX_TEXT).optional(),
    }),
    z.strictObject({
      type: z.literal('array'),
      description,
      items: node,
      maxItems: z.number().int().min(0).max(MAX_ITEMS).optional(),
    }),
    object,
  ]),
)

const object = z.strictObject({
  type: z.literal('object'),
  description,
  properties: z.record(key, node),
  required: z.array(key).max(MAX_NODES).optional(),
})

const sizeOf = (schema: ConfigSchema, depth = 1): { readonly depth: number; readonly nodes: number } => {
  if (depth > MAX_DEPTH) return { depth, nodes: 1 }
  const inner =
    schema.type === 'array' ? [schema.items] : schema.type === 'object' ? Object.values(schema.properties) : []
  const sizes = inner.map((child) => sizeOf(child, depth + 1))
  return {
    depth: Math.max(depth, ...sizes.map((size) => size.depth)),
    nodes: sizes.reduce((sum, size) => sum + size.nodes, 1),
  }
}

/** What a manifest may give as `config`. The nesting of the manifest's text is capped before it comes here. */
export const configSchema = (object as z.ZodType<ConfigObjectSchema>).refine(
  (schema) => {
    const { depth, nodes } = sizeOf(schema)
    return depth <= MAX_DEPTH && nodes <= MAX_NODES
  },
  { error: `at most ${MAX_DEPTH} levels and ${MAX_NODES} settings` },
)

/** Which setting is wrong, and how to put it right. */
export interface ConfigError {
  readonly code: 'config-invalid'
  readonly message: string
  readonly field: string
}

type Checked = Result<unknown, ConfigError>

/** Checks an operator's settings against the schema and fills in the defaults. */
export const checkConfig = (
  schema: ConfigObjectSchema,
  config: unknown,
): Result<Readonly<Record<string, unknown>>, ConfigError> =>
  check(schema, config, 'config') as Result<Readonly<Record<string, unknown>>, ConfigError>

const wrong = (field: string, expected: string): Checked =>
  err({ code: 'config-invalid', field, message: `${field}: expected ${expected}` })

const check = (schema: ConfigSchema, value: unknown, field: string): Checked => {
  switch (schema.type) {
    case 'boolean':
      return typeof value === 'boolean' ? ok(value) : wrong(field, 'true or false')
    case 'integer':
    case 'number': {
      const { minimum = -Infinity, maximum = Infinity } = schema
      const whole = schema.type === 'integer'
      if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
        return wrong(field, whole ? 'a whole number' : 'a number')
      }
      return value >= minimum && value <= maximum ? ok(value) : wrong(field, `a number from ${minimum} to ${maximum}`)
    }
    case 'string': {
      const { maxLength = MAX_TEXT } = schema
      if (typeof value !== 'string' || value.length > maxLength) return wrong(field, `a text of at most ${maxLength}`)
      if (schema.enum !== undefined && !schema.enum.includes(value)) return wrong(field, schema.enum.join(' or '))
      return ok(value)
    }
    case 'array':
      return checkArray(schema.items, schema.maxItems ?? MAX_ITEMS, value, field)
    case 'object':
      return checkObject(schema, value, field)
  }
}

const checkArray = (items: ConfigSchema, maxItems: number, value: unknown, field: string): Checked => {
  if (!Array.isArray(value) || value.length > maxItems) return wrong(field, `a list of at most ${maxItems}`)
  const checked: unknown[] = []
  for (const [index, item] of value.entries()) {
    const result = check(items, item, `${field}.${index}`)
    if (!result.ok) return result
    checked.push(result.value)
  }
  return ok(checked)
}

const checkObject = (schema: ConfigObjectSchema, value: unknown, field: string): Checked => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(field, 'an object')
  const given = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(schema.properties, name)) return wrong(`${field}.${name}`, 'no setting of this name')
  }
  const checked: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schema.properties)) {
    const found = Object.hasOwn(given, name) ? given[name] : defaultOf(property)
    if (found === undefined) {
      if (schema.required?.includes(name) === true) return wrong(`${field}.${name}`, `a value: it is required`)
      continue
    }
    const result = check(property, found, `${field}.${name}`)
    if (!result.ok) return result
    checked[name] = result.value
  }
  return ok(checked)
}

const defaultOf = (schema: ConfigSchema): unknown => {
  if (schema.type === 'object')
    return Object.values(schema.properties).some((p) => defaultOf(p) !== undefined) ? {} : undefined
  return schema.type === 'array' ? undefined : schema.default
}
