import type { StoreValue } from '../plugin-api.ts'

// JSON has no bigint: one is written {"$bigint": "…"}, and an object that happens to look so is wrapped in {"$object": …}.
const BIGINT = '$bigint'
const OBJECT = '$object'

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pack = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { [BIGINT]: value.toString() }
  if (Array.isArray(value)) return value.map(pack)
  if (!isRecord(value)) return value
  const packed: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) packed[key] = pack(member)
  return BIGINT in packed || OBJECT in packed ? { [OBJECT]: packed } : packed
}

const unpack = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unpack)
  if (!isRecord(value)) return value
  const wrapped = value[OBJECT]
  if (typeof value[BIGINT] === 'string') return BigInt(value[BIGINT])
  const source = isRecord(wrapped) ? wrapped : value
  const members = Object.entries(source).map(([key, member]) => [key, unpack(member)] as const)
  return Object.fromEntries(members)
}

export const encodeValue = (value: StoreValue): string => {
  const text = JSON.stringify(pack(value))
  if (text === undefined) throw new TypeError('this cannot be stored')
  return text
}

export const decodeValue = (text: string): StoreValue => unpack(JSON.parse(text)) as StoreValue
