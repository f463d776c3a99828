import { isAmount, type Shape } from './shape.ts'

export type JsonSchema = Record<string, unknown>

/** `wire`: amounts are decimal strings. `http`: amounts are integers, and requests may also have strings. */
export type Face = 'wire' | 'http'

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

const scalarSchema = (shape: Extract<Shape, { type: 'scalar' }>, face: Face): JsonSchema => {
  const { scalar, json } = shape
  if (isAmount(scalar)) {
    return face === 'wire'
      ? { type: 'string', pattern: '^(0|[1-9][0-9]{0,18})$', 'x-unit': scalar }
      : { type: 'integer', minimum: 0, format: 'int64', 'x-unit': scalar }
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
