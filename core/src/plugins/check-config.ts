import { nearest } from '@fulgurite/plugin-sdk/contract'
import { CONFIG_MOST, type ConfigObjectSchema, type ConfigSchema } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'

/** Which setting is wrong, and how to correct it. */
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
      const { maxLength = CONFIG_MOST.characters } = schema
      if (typeof value !== 'string' || value.length > maxLength) return wrong(field, `a text of at most ${maxLength}`)
      if (schema.enum !== undefined && !schema.enum.includes(value)) return wrong(field, schema.enum.join(' or '))
      return ok(value)
    }
    case 'array':
      return checkArray(schema.items, schema.maxItems ?? CONFIG_MOST.items, value, field)
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
    if (Object.hasOwn(schema.properties, name)) continue
    const known = Object.keys(schema.properties)
    const meant = nearest(name, known)
    const there = known.length === 0 ? 'it has none' : `there are ${known.join(', ')}`
    const message = `${field}.${name}: there is no such setting: ${meant === undefined ? there : `did you mean ${meant}?`}`
    return err({ code: 'config-invalid', field: `${field}.${name}`, message })
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
