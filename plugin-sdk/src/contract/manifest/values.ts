import { z } from 'zod'
import { nearest } from '../nearest.ts'

export const words = (max: number): z.ZodString => z.string().min(1).max(max)
export const whole = (min: number, max: number): z.ZodNumber => z.number().int().min(min).max(max)

export const amount = z
  .union([whole(0, Number.MAX_SAFE_INTEGER), z.string().regex(/^(0|[1-9][0-9]{0,18})$/)], {
    error: 'expected a whole amount (past 2^53 as a string)',
  })
  .transform(BigInt)
  .meta({ id: 'Amount', description: 'A whole amount, past 2^53 as a text.' })

/** A range that a value must lie in, ends included; `missing` is said where there is none. */
const range = (missing?: string) =>
  z
    .strictObject(
      { min: amount.optional(), max: amount.optional() },
      { error: ({ input }) => (input === undefined ? missing : undefined) },
    )
    .refine(({ min, max }) => min !== undefined || max !== undefined, { error: 'give min, max or both' })
    .refine(({ min, max }) => min === undefined || max === undefined || min <= max, { error: 'min is above max' })
    .meta({ anyOf: [{ required: ['min'] }, { required: ['max'] }] })

export const Range = range()
export const NeededRange = range('give this field a min, a max or both')

export type FieldRange = z.output<typeof Range>

interface StrictWords {
  /** What its members are. */
  readonly what?: string
  /** Said where it is not given. */
  readonly missing?: string
  /** Knows better what to say of some names that it does not have. */
  readonly instead?: (name: string) => string | undefined
}

/** An object with these members alone. What it does not have is an error that names what was probably meant. */
export const strict = <Shape extends z.ZodRawShape>(
  shape: Shape,
  { what = 'field', missing, instead = () => undefined }: StrictWords = {},
): z.ZodObject<Shape, z.core.$strict> =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return issue.input === undefined ? missing : undefined
      const name = issue.keys[0] ?? ''
      return instead(name) ?? noSuch(what, name, Object.keys(shape))
    },
  })

/** One of these names. */
export const oneOf = (
  names: readonly string[],
  what: string,
  instead: (name: string) => string | undefined = () => undefined,
): z.ZodType<string> =>
  z.enum(names as [string, ...string[]], {
    error: ({ input }) =>
      typeof input === 'string' ? (instead(input) ?? noSuch(what, input, names)) : 'expected a text',
  })

/** Beyond so many a list of names helps nobody. */
const MOST_NAMED = 12

const noSuch = (what: string, given: string, names: readonly string[]): string => {
  const meant = nearest(given, names)
  if (meant !== undefined) return `there is no such ${what}: did you mean ${meant}?`
  // `payment.arrived` is more likely to be another of `payment`.
  const group = given.includes('.') ? `${given.split('.')[0]}.` : ''
  const near = names.filter((name) => name.startsWith(group))
  if (near.length === 0 || near.length > MOST_NAMED) return `there is no such ${what}; remove it`
  return `there is no such ${what}: there ${near.length === 1 ? 'is' : 'are'} ${near.join(', ')}`
}
