import { z } from 'zod'
import { nearest } from '../nearest.ts'
import { strict } from './values.ts'

/**
 * The closed dialect of JSON Schema that a plugin describes its settings in. No pattern, no reference, no combinator:
 * checking must be quick whatever the schema says.
 */
export type ConfigSchema =
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
/** Of a text and of a list, where the schema says nothing. */
export const CONFIG_MOST = { characters: 4_096, items: 1_000 } as const

const description = z.string().max(512).optional()
const key = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'expected letters, digits and underscores')

const number = strict({
  type: z.enum(['integer', 'number']),
  description,
  default: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
})

const node: z.ZodType<ConfigSchema> = z.lazy(() =>
  z.discriminatedUnion('type', [
    strict({ type: z.literal('boolean'), description, default: z.boolean().optional() }),
    number,
    strict({
      type: z.literal('string'),
      description,
      default: z.string().max(CONFIG_MOST.characters).optional(),
      enum: z.array(z.string().max(256)).min(1).max(64).optional(),
      maxLength: z.number().int().min(0).max(CONFIG_MOST.characters).optional(),
    }),
    strict({
      type: z.literal('array'),
      description,
      items: node,
      maxItems: z.number().int().min(0).max(CONFIG_MOST.items).optional(),
    }),
    object,
  ]),
)

const object = strict({
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

interface Fault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What in a schema contradicts the rest of it. */
const faultsOf = (schema: ConfigSchema, path: Fault['path'] = []): readonly Fault[] => {
  switch (schema.type) {
    case 'object': {
      const names = Object.keys(schema.properties)
      const unknown = (schema.required ?? []).flatMap((name, i): Fault[] => {
        if (names.includes(name)) return []
        const meant = nearest(name, names)
        const message = `there is no setting ${name}${meant === undefined ? '' : `: did you mean ${meant}?`}`
        return [{ path: [...path, 'required', i], message }]
      })
      return [
        ...unknown,
        ...names.flatMap((name) => faultsOf(schema.properties[name] ?? schema, [...path, 'properties', name])),
      ]
    }
    case 'array':
      return faultsOf(schema.items, [...path, 'items'])
    default:
      return isAllowed(schema)
        ? []
        : [{ path: [...path, 'default'], message: 'expected a default that is allowed itself' }]
  }
}

const isAllowed = (schema: Exclude<ConfigSchema, { readonly type: 'array' | 'object' }>): boolean => {
  if (schema.default === undefined) return true
  switch (schema.type) {
    case 'boolean':
      return true
    case 'string':
      return (
        (schema.enum?.includes(schema.default) ?? true) &&
        schema.default.length <= (schema.maxLength ?? CONFIG_MOST.characters)
      )
    default: {
      const { default: value, minimum = -Infinity, maximum = Infinity, type } = schema
      return value >= minimum && value <= maximum && (type === 'number' || Number.isSafeInteger(value))
    }
  }
}

/** What a manifest may give as `config`. The nesting of the manifest's text is capped before it comes here. */
export const configSchema = (object as z.ZodType<ConfigObjectSchema>).superRefine((schema, context) => {
  const { depth, nodes } = sizeOf(schema)
  if (depth > MAX_DEPTH || nodes > MAX_NODES) {
    context.addIssue(`at most ${MAX_DEPTH} levels and ${MAX_NODES} settings`)
    return
  }
  for (const { path, message } of faultsOf(schema)) context.addIssue({ code: 'custom', path: [...path], message })
})
