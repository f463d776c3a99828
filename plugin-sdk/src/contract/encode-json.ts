/** How a `bigint` is written: as a decimal string on our own wire, as an integer at the HTTP face. */
export type BigintForm = 'string' | 'integer'

/** What stands in a text as it is: most texts do, and asking is cheaper than quoting. */
const PLAIN = /^[ !#-[\]-~]*$/
const PLAIN_CHARS = 256
const MAX_NAMES = 4_096

/** Names of members as JSON: those of the contract come again and again. Others may fill it and are then made each time. */
const names = new Map<string, string>()

/**
 * Plain data as JSON text, amounts without loss. Members that are `undefined` are left out, as `JSON.stringify` does.
 * It neither follows `toJSON` nor guards against cycles: contract data has neither.
 */
export const encodeJson = (value: unknown, bigints: BigintForm = 'string'): string => {
  switch (typeof value) {
    case 'string':
      return quoted(value)
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
    const name = names.get(key) ?? newName(key)
    text += text === '' ? name + encodeJson(member, bigints) : `,${name}${encodeJson(member, bigints)}`
  }
  return `{${text}}`
}

const encodeArray = (items: readonly unknown[], bigints: BigintForm): string => {
  let text = ''
  for (let i = 0; i < items.length; i++) text += `${i === 0 ? '' : ','}${encodeJson(items[i], bigints)}`
  return `[${text}]`
}

const quoted = (text: string): string =>
  text.length <= PLAIN_CHARS && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)

const newName = (key: string): string => {
  const name = `${JSON.stringify(key)}:`
  if (names.size < MAX_NAMES && key.length <= PLAIN_CHARS) names.set(key, name)
  return name
}
