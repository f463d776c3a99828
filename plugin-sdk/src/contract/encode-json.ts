/** How a `bigint` is written: as a decimal string on our own wire, as an integer at the HTTP face. */
export type BigintForm = 'string' | 'integer'

/**
 * Plain data as JSON text, amounts without loss. Members that are `undefined` are left out, as `JSON.stringify` does.
 * It neither follows `toJSON` nor guards against cycles: contract data has neither.
 */
export const encodeJson = (value: unknown, bigints: BigintForm = 'string'): string => {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return bigints === 'string' ? `"${value}"` : `${value}`
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null'
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      break
    default:
      return 'null'
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return encodeArray(value, bigints)
  let text = ''
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${encodeJson(member, bigints)}`
  }
  return `{${text}}`
}

const encodeArray = (items: readonly unknown[], bigints: BigintForm): string => {
  let text = ''
  for (let i = 0; i < items.length; i++) text += `${i === 0 ? '' : ','}${encodeJson(items[i], bigints)}`
  return `[${text}]`
}
