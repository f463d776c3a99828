import { z } from 'zod'
import { type FieldMeta, fieldMeta, type ScalarKind } from './field.ts'
import type { DataClass } from './types.ts'

/** A schema as everything that is derived from the contract sees it. */
export type Shape = (
  | { readonly type: 'scalar'; readonly scalar: ScalarKind; readonly json: JsonFacts }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  | { readonly type: 'list'; readonly item: Shape; readonly min?: number; readonly max?: number }
  | { readonly type: 'object'; readonly strict: boolean; readonly members: readonly Member[] }
  | { readonly type: 'union'; readonly tag: string; readonly options: readonly ObjectShape[] }
) &
  Described

interface Described {
  readonly name?: string
  readonly summary?: string
  readonly dataClass: DataClass
}

export type ObjectShape = Extract<Shape, { type: 'object' }>

export interface Member {
  readonly key: string
  readonly optional: boolean
  readonly shape: Shape
}

/** What JSON Schema says of a scalar beyond its type. */
interface JsonFacts {
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

/** Reads a schema. It throws on what the contract does not use, so that nothing is derived wrongly in silence. */
export const shapeOf = (schema: z.ZodType, inherited: DataClass = 'private'): Shape => {
  const meta: FieldMeta = fieldMeta.get(schema) ?? {}
  const described: Described = {
    ...(meta.name === undefined ? {} : { name: meta.name }),
    ...(meta.summary === undefined ? {} : { summary: meta.summary }),
    dataClass: meta.dataClass ?? inherited,
  }
  if (meta.scalar !== undefined) {
    return { type: 'scalar', scalar: meta.scalar, json: jsonFacts(schema), ...described }
  }
  if (schema instanceof z.ZodReadonly) return { ...shapeOf(schema.def.innerType as z.ZodType, inherited), ...described }
  if (schema instanceof z.ZodEnum) return { type: 'choice', values: schema.options.map(String), ...described }
  if (schema instanceof z.ZodLiteral) return { type: 'choice', values: [...schema.values].map(String), ...described }
  if (schema instanceof z.ZodArray) {
    const { minimum, maximum } = checksOf(schema)
    return {
      type: 'list',
      item: shapeOf(schema.element as z.ZodType, described.dataClass),
      ...(minimum === undefined ? {} : { min: minimum }),
      ...(maximum === undefined ? {} : { max: maximum }),
      ...described,
    }
  }
  if (schema instanceof z.ZodObject) return objectShape(schema, described)
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return {
      type: 'union',
      tag: schema.def.discriminator,
      options: schema.options.map((option) => shapeOf(option as z.ZodType, described.dataClass) as ObjectShape),
      ...described,
    }
  }
  throw new Error(`the contract has no shape for a schema of type ${schema.def.type}`)
}

const objectShape = (schema: z.ZodObject, described: Described): ObjectShape => ({
  type: 'object',
  strict: schema.def.catchall instanceof z.ZodNever,
  members: Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, member]) => {
    const optional = member instanceof z.ZodOptional
    return {
      key,
      optional,
      shape: shapeOf(optional ? (member.def.innerType as z.ZodType) : member, described.dataClass),
    }
  }),
  ...described,
})

/** What the checks of a schema ask for. The library keeps them as they were written, also in copies of a schema. */
interface Checks {
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
}

const checksOf = (schema: z.ZodType): Checks => {
  let found: Checks = {}
  for (const { _zod } of schema.def.checks ?? []) {
    const check = _zod.def as z.core.$ZodChecks['_zod']['def'] & { readonly format?: string; readonly pattern?: RegExp }
    switch (check.check) {
      case 'number_format':
        found = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...found }
        break
      case 'greater_than':
        found = { ...found, minimum: Number(check.value) }
        break
      case 'less_than':
        found = { ...found, maximum: Number(check.value) }
        break
      case 'min_length':
        found = { ...found, minimum: check.minimum }
        break
      case 'max_length':
        found = { ...found, maximum: check.maximum }
        break
      case 'string_format':
        if (check.pattern !== undefined) found = { ...found, pattern: check.pattern.source }
        break
    }
  }
  return found
}

const jsonFacts = (schema: z.ZodType): JsonFacts => {
  const isText = schema instanceof z.ZodString
  const { minimum, maximum, pattern } = checksOf(schema)
  return {
    ...(pattern === undefined ? {} : { pattern }),
    ...(minimum === undefined ? {} : { [isText ? 'minLength' : 'minimum']: minimum }),
    ...(maximum === undefined ? {} : { [isText ? 'maxLength' : 'maximum']: maximum }),
  }
}

export const isAmount = (scalar: ScalarKind): scalar is 'msat' | 'sat' => scalar === 'msat' || scalar === 'sat'

/** One step of a path to a scalar: a member's name, `[]` for each item of a list, or the union member it is in. */
export interface ScalarAt {
  readonly path: readonly string[]
  readonly scalar: ScalarKind | 'choice'
  readonly dataClass: DataClass
}

/** Every scalar in a shape, with its path. A union's members are all walked. */
export const scalarsOf = (shape: Shape, path: readonly string[] = []): readonly ScalarAt[] => {
  switch (shape.type) {
    case 'scalar':
      return [{ path, scalar: shape.scalar, dataClass: shape.dataClass }]
    case 'choice':
      return [{ path, scalar: 'choice', dataClass: shape.dataClass }]
    case 'list':
      return scalarsOf(shape.item, [...path, '[]'])
    case 'object':
      return shape.members.flatMap(({ key, shape: inner }) => scalarsOf(inner, [...path, key]))
    case 'union':
      return shape.options.flatMap((option) => scalarsOf(option, path))
  }
}
