import type { FieldFilter } from '@fulgurite/plugin-sdk/manifest'

const valueAt = (payload: unknown, path: string): unknown => {
  let value = payload
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

// Amounts are decimal strings in an event's text, and bigint in a question.
const wholeOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined
}

/** Whether data matches every field of a filter. A field that is not there does not match. */
export const matchesFilter = (filter: FieldFilter, payload: unknown): boolean =>
  Object.entries(filter).every(([path, wanted]) => {
    const value = valueAt(payload, path)
    if ('oneOf' in wanted) {
      const text = typeof value === 'bigint' ? value.toString() : value
      return wanted.oneOf.some((one) => one === text)
    }
    const whole = wholeOf(value)
    if (whole === undefined) return false
    return (wanted.min === undefined || whole >= wanted.min) && (wanted.max === undefined || whole <= wanted.max)
  })
