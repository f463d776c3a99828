import type { z } from 'zod'
import type { ContractResult } from './types.ts'

/** Why a value is not what a schema asks for, in words of ours: the first thing at fault. */
export interface Misfit {
  /** `unreadable`: evaluating it threw, which no value made of JSON can bring about. */
  readonly code: 'missing' | 'unknown-field' | 'wrong-type' | 'wrong-value' | 'unreadable'
  /** As a dotted path, printable and short; empty for the value itself. */
  readonly field: string
  readonly message: string
}

/**
 * Reads what came from outside by a schema. It never throws, whatever comes: this is the only place that evaluates schemas.
 * The library measures the length of values that failed their type check already, so that `{ "length": { "valueOf": 1 } }`
 * makes it throw; here a check of length is for texts and lists alone, and whatever throws all the same is a misfit.
 */
export const evaluate = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): ContractResult<z.output<Schema>, Misfit> => {
  try {
    guardLengths(schema)
    const parsed = schema.safeParse(value, { error: wordsFor })
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, error: misfitOf(parsed.error, value) }
  } catch {
    return { ok: false, error: { code: 'unreadable', field: '', message: 'cannot be read' } }
  }
}

interface Internals {
  readonly _zod: {
    readonly def: Record<string, unknown> & { checks?: readonly Check[] }
    /** What a lazy schema stands for. */
    readonly innerType?: unknown
  }
}

interface Check {
  readonly _zod: { readonly def: { when?: (payload: { readonly value: unknown }) => boolean } }
}

const guarded = new WeakSet<object>()

const hasLength = ({ value }: { readonly value: unknown }): boolean => typeof value === 'string' || Array.isArray(value)

/** Once for each schema and all that it is made of: no check runs on a value that it was not written for. */
const guardLengths = (schema: object): void => {
  if (guarded.has(schema)) return
  guarded.add(schema)
  const { def, innerType } = (schema as Internals)._zod
  for (const check of def.checks ?? []) if (check._zod.def.when !== undefined) check._zod.def.when = hasLength
  for (const part of Object.values(def)) guardPart(part)
  guardPart(innerType)
}

const guardPart = (part: unknown): void => {
  if (typeof part !== 'object' || part === null) return
  if ('_zod' in part) {
    if ('parse' in part) guardLengths(part)
    return
  }
  // The members of an object, the options of a union, the items of a tuple.
  for (const inner of Object.values(part)) {
    if (typeof inner === 'object' && inner !== null && '_zod' in inner && 'parse' in inner) guardLengths(inner)
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  null: 'null',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
}

/** Asked by the library where a schema has no words of its own. */
const wordsFor = (issue: z.core.$ZodRawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${KINDS[issue.expected] ?? 'another kind of value'}`
    case 'too_big':
      return `expected ${amountOf(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')}`
    case 'too_small':
      return `expected ${amountOf(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')}`
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`
    case 'unrecognized_keys':
      return 'there is no such field'
    case 'invalid_format':
      return 'expected a text of another form'
    default:
      return 'is none of what is allowed here'
  }
}

const amountOf = (origin: string, limit: number | bigint, how: string): string => {
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' items' : ''
  return `${how} ${limit}${unit}`
}

const misfitOf = ({ issues: [issue] }: z.ZodError, value: unknown): Misfit => {
  if (issue === undefined) return { code: 'wrong-value', field: '', message: 'is malformed' }
  if (issue.code === 'unrecognized_keys') {
    return { code: 'unknown-field', field: dotted([...issue.path, issue.keys[0] ?? '']), message: issue.message }
  }
  const field = dotted(issue.path)
  // What is wrong with the name of a field is said inside.
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
  if (inner === undefined && valueAt(value, issue.path) === undefined) {
    return { code: 'missing', field, message: hasOwnWords(issue) ? issue.message : 'is missing' }
  }
  return { code: issue.code === 'invalid_type' ? 'wrong-type' : 'wrong-value', field, message: inner ?? issue.message }
}

// Ours for what has another type begin so.
const hasOwnWords = ({ code, message }: z.core.$ZodIssue): boolean =>
  code === 'custom' || !message.startsWith('expected ')

const MAX_STEPS = 16
const MAX_STEP_CHARS = 64

// Names of fields come from outside: they are shown, logged and sent, and must do no harm there.
const dotted = (path: readonly PropertyKey[]): string =>
  path
    .slice(0, MAX_STEPS)
    .map((step) =>
      String(step)
        .slice(0, MAX_STEP_CHARS)
        .replace(/[^\x20-\x7e]/g, '?'),
    )
    .join('.')

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown => {
  let found = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Readonly<Record<PropertyKey, unknown>>)[step]
  }
  return found
}
