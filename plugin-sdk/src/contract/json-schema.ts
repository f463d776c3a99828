import { isAmount, type Shape } from './shape.ts'

export type JsonSchema = Record<string, unknown>

/** `wire`: amounts are decimal strings. `http`: amounts are integers. `http-request`: either, as long as no digit is lost. */
export type Face = 'wire' | 'http' | 'http-request'

/** JSON Schema (draft 2020-12) of a shape; named shapes go to `definitions` once and are referred to under `base`. */
export const jsonSchemaOf = (
  shape: Shape,
  face: Face,
  definitions: Record<string, JsonSchema>,
  base = '#/$defs/',
): JsonSchema => {
  if (shape.name === undefined) return inlineSchema(shape, face, definitions, base)
  const { name } = shape
  if (!Object.hasOwn(definitions, name)) {
    definitions[name] = {}
    definitions[name] = inlineSchema(shape, face, definitions, base)
  }
  return { $ref: base + name }
}

const inlineSchema = (shape: Shape, face: Face, definitions: Record<string, JsonSchema>, base: string): JsonSchema => {
  const nested = (inner: Shape): JsonSchema => jsonSchemaOf(inner, face, definitions, base)
  const notes: JsonSchema = {
    ...(shape.summary === undefined ? {} : { description: shape.summary }),
    'x-data-class': shape.dataClass,
  }
  switch (shape.type) {
    case 'scalar':
      return { ...scalarSchema(shape, face), ...notes }
    case 'choice':
      return shape.values.length === 1
        ? { const: shape.values[0], ...notes }
        : { type: 'string', enum: shape.values, ...notes }
    case 'list':
      return {
        type: 'array',
        items: nested(shape.item),
        ...(shape.min === undefined ? {} : { minItems: shape.min }),
        ...(shape.max === undefined ? {} : { maxItems: shape.max }),
        ...notes,
      }
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries(shape.members.map(({ key, shape: inner }) => [key, nested(inner)])),
        required: shape.members.filter(({ optional }) => !optional).map(({ key }) => key),
        // Replies and events stay open: readers ignore what they do not know.
        ...(shape.strict ? { additionalProperties: false } : {}),
        ...notes,
      }
    case 'union':
      return { oneOf: shape.options.map(nested), ...notes }
  }
}

/** All bitcoin that there will ever be. */
const MOST = { sat: 2_100_000_000_000_000, msat: 2_100_000_000_000_000_000 } as const

const AMOUNT_PATTERN = {
  sat: '^(0|[1-9][0-9]{0,14}|1[0-9]{15}|20[0-9]{14}|2100000000000000)$',
  msat: '^(0|[1-9][0-9]{0,17}|1[0-9]{18}|20[0-9]{17}|2100000000000000000)$',
} as const

const scalarSchema = (shape: Extract<Shape, { type: 'scalar' }>, face: Face): JsonSchema => {
  const { scalar, json } = shape
  if (isAmount(scalar)) {
    const text = { type: 'string', pattern: AMOUNT_PATTERN[scalar], 'x-unit': scalar }
    const most = MOST[scalar]
    switch (face) {
      case 'wire':
        return text
      case 'http':
        return { type: 'integer', minimum: 0, maximum: most, format: 'int64', 'x-unit': scalar }
      case 'http-request': {
        const maximum = Math.min(most, Number.MAX_SAFE_INTEGER)
        return { anyOf: [{ type: 'integer', minimum: 0, maximum, format: 'int64' }, text], 'x-unit': scalar }
      }
    }
  }
  switch (scalar) {
    case 'ppm':
    case 'feerate':
    case 'timestamp':
    case 'block-height':
    case 'integer':
      return { type: 'integer', ...json }
    case 'flag':
      return { type: 'boolean' }
    case 'json':
      return { type: 'object' }
    default:
      return { type: 'string', ...json }
  }
}
