import { isAbsolute, resolve } from 'node:path'
import {
  argumentName,
  isAmount,
  type Member,
  nearest,
  type Operation,
  type Shape,
  shapeOf,
} from '@fulgurite/plugin-sdk/contract'
import { type AmountUnit, readAmount } from '../lib/amount.ts'
import { systemReason } from '../lib/system-reason.ts'
import { usage } from './failure.ts'
import type { CliIo } from './io.ts'
import { asTyped } from './names.ts'

/** One argument or option of a command, derived from a field of its request. */
export interface CliField {
  /** Where its value goes: `['page', 'limit']`. */
  readonly path: readonly string[]
  /** `fee-base`, of `feeBaseMsat`: an option has two hyphens before it. */
  readonly name: string
  readonly positional: boolean
  readonly required: boolean
  readonly shape: Shape
  readonly summary: string
}

/** The fields that a command takes; positional ones come first. */
export const fieldsOf = ({ request, positional }: Operation): readonly CliField[] => {
  const shape = shapeOf(request)
  if (shape.type !== 'object') return []
  const fields = shape.members.flatMap((member) => flatten(member, [], positional))
  return [
    ...positional.flatMap((name) => fields.filter((one) => one.path[0] === name)),
    ...fields.filter((one) => !one.positional),
  ]
}

const flatten = (member: Member, above: readonly string[], positional: readonly string[]): readonly CliField[] => {
  const { key, shape, optional } = member
  const path = [...above, key]
  // An optional group such as a page: each of its members is an option of its own.
  if (shape.type === 'object') return shape.members.flatMap((inner) => flatten({ ...inner, optional: true }, path, []))
  return [
    {
      path,
      name: argumentName(key, shape),
      positional: positional.includes(key),
      required: !optional,
      shape,
      summary: summaryOf(shape),
    },
  ]
}

const summaryOf = (shape: Shape): string => {
  const kind = kindOf(shape)
  if (shape.summary === undefined) return kind
  return kind === '' ? shape.summary : `${shape.summary} (${kind})`
}

const kindOf = (shape: Shape): string => {
  switch (shape.type) {
    case 'scalar':
      if (isAmount(shape.scalar)) return 'an amount with its unit: 25000sat, 0.001btc, 1500msat'
      if (shape.scalar === 'json') return 'JSON, or @file'
      if (shape.scalar === 'channel-id')
        return 'an id or how it begins, a short channel id, an alias, or the name of its peer'
      if (shape.scalar === 'node-id') return 'a node id, how it begins, or a name'
      return ''
    case 'choice':
      return shape.values.join(', ')
    case 'list':
      return shape.item.type === 'scalar' || shape.item.type === 'choice' ? 'separated by commas' : 'JSON, or @file'
    default:
      return 'JSON, or @file'
  }
}

export const isFlag = ({ shape }: CliField): boolean => shape.type === 'scalar' && shape.scalar === 'flag'

/** An amount that need not be said, though what follows it may be: a person writes `any` in its place. */
export const mayBeAny = ({ positional, required, shape }: CliField): boolean =>
  positional && !required && shape.type === 'scalar' && isAmount(shape.scalar)

export const isLeftOut = (field: CliField, given: string | boolean): boolean => mayBeAny(field) && given === 'any'

/** How a person refers to the field: `<channel-id>` or `--feerate`. */
export const spelled = ({ positional, name }: CliField): string => (positional ? `<${name}>` : `--${name}`)

/** The value in the contract's form. A failure names the argument and says what is expected. */
export const contractValue = (field: CliField, given: string | boolean, io: CliIo): unknown => {
  if (typeof given === 'boolean') return given
  return convert(field.shape, given, field, io)
}

const convert = (shape: Shape, given: string, field: CliField, io: CliIo): unknown => {
  switch (shape.type) {
    case 'choice':
      return choice(shape.values, given, field)
    case 'list':
      if (shape.item.type !== 'scalar' && shape.item.type !== 'choice') return json(given, field, io)
      return given === '' ? [] : given.split(',').map((one) => convert(shape.item, one.trim(), field, io))
    case 'object':
    case 'union':
      return json(given, field, io)
    case 'scalar':
      break
  }
  switch (shape.scalar) {
    case 'msat':
    case 'sat':
      return amount(shape.scalar, given, field)
    case 'ppm':
    case 'feerate':
    case 'timestamp':
    case 'block-height':
    case 'integer':
      if (/^-?\d+$/.test(given)) return Number(given)
      throw usage(`${spelled(field)}: expected a whole number, not ${JSON.stringify(given)}`, undefined, field.name)
    case 'path':
      return isAbsolute(given) ? given : resolve(io.cwd, given)
    case 'json':
      return json(given, field, io)
    default:
      return given
  }
}

const MOST_CHOICES_SHOWN = 12

const choice = (values: readonly string[], given: string, field: CliField): string => {
  if (values.includes(given)) return given
  const meant = nearest(given, values)
  const instead =
    meant !== undefined
      ? `: did you mean ${meant}?`
      : values.length <= MOST_CHOICES_SHOWN
        ? `: there are ${values.join(', ')}`
        : ''
  throw usage(`${spelled(field)}: there is no ${asTyped(given)}${instead}`, undefined, field.name)
}

const amount = (counted: AmountUnit, given: string, field: CliField): string => {
  const read = readAmount(given, counted)
  if (read.ok) return `${read.value}`
  throw usage(`${spelled(field)}: ${read.error}`, undefined, field.name)
}

const json = (given: string, field: CliField, io: CliIo): unknown => {
  let text = given
  if (given.startsWith('@')) {
    const path = resolve(io.cwd, given.slice(1))
    try {
      text = io.readFile(path)
    } catch (error) {
      throw usage(`${spelled(field)}: cannot read ${path}: ${systemReason(error)}`)
    }
  }
  try {
    return JSON.parse(text)
  } catch {
    throw usage(`${spelled(field)}: expected JSON, or @file: ${text === given ? 'this' : given.slice(1)} is not JSON`)
  }
}

/** The value at the path, if there is one. */
export const valueAt = (request: Readonly<Record<string, unknown>>, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], request)

/** Puts a value at its path. */
export const place = (
  request: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void => {
  if (rest.length === 0) {
    request[key] = value
    return
  }
  request[key] ??= {}
  place(request[key] as Record<string, unknown>, rest, value)
}
