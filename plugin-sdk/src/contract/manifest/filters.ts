import { z } from 'zod'
import type { ScalarKind } from '../field.ts'
import { type Shape, shapeOf } from '../shape.ts'
import { Range, strict } from './values.ts'

/** Which events or questions reach the plugin: every field named must match. Evaluated in the core. */
export type FieldFilter = Readonly<
  Record<
    string,
    | { readonly oneOf: readonly (string | number | boolean)[] }
    | { readonly min?: bigint | undefined; readonly max?: bigint | undefined }
  >
>

const NUMBERS: readonly ScalarKind[] = ['ppm', 'feerate', 'timestamp', 'block-height', 'integer']

/**
 * A filter on what a message says: each of its fields that is no list, by its dotted path. It is made when it is first needed:
 * few plugins filter, and by few events.
 */
export const filterOf = (message: z.ZodType): z.ZodType<FieldFilter> =>
  z.lazy(
    () =>
      strict(Object.fromEntries(fields(shapeOf(message))), { what: 'field to filter by' }) as z.ZodType<FieldFilter>,
  )

const fields = (shape: Shape, path = ''): readonly (readonly [string, z.ZodType])[] => {
  switch (shape.type) {
    case 'object':
      return shape.members.flatMap(({ key, shape: inner }) => fields(inner, path === '' ? key : `${path}.${key}`))
    case 'choice':
      return [[path, wanted(z.enum(shape.values as [string, ...string[]])).optional()]]
    case 'scalar':
      return [[path, scalarFilter(shape.scalar).optional()]]
    // Of lists, and of what may be one thing or another, nothing is said by a path.
    default:
      return []
  }
}

const scalarFilter = (scalar: ScalarKind): z.ZodType => {
  if (scalar === 'msat' || scalar === 'sat') {
    // In an event's text amounts are decimal strings: a number would never match.
    const digits = z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'expected an amount as a text, such as "5000"')
    return ranged(digits)
  }
  if (NUMBERS.includes(scalar)) return ranged(z.number().int())
  return wanted(scalar === 'flag' ? z.boolean() : z.string().max(256))
}

const values = (value: z.ZodType) => z.array(value).min(1).max(64)

const wanted = (value: z.ZodType) => strict({ oneOf: values(value) })

const ranged = (value: z.ZodType) =>
  z.union([strict({ oneOf: values(value) }), Range], { error: 'give oneOf with the values wanted, or min and max' })
