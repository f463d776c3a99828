import type { EndReason, Meta } from './types.ts'

/** What crosses a link. `request` and `value` are packed (`value-codec.ts`); `value` is absent for `undefined`. */
export type Packet =
  | {
      readonly type: 'tell'
      readonly to: string
      readonly command: string
      readonly request?: unknown
      readonly meta?: Meta
    }
  | {
      readonly type: 'ask'
      readonly id: number
      readonly to: string
      readonly command: string
      readonly request?: unknown
      readonly meta?: Meta
      readonly timeoutMs: number
    }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly code: FailureCode; readonly path: string }
  | { readonly type: 'watch'; readonly to: string }
  | { readonly type: 'unwatch'; readonly to: string }
  | { readonly type: 'ended'; readonly path: string; readonly code: EndReason['code'] }

const FAILURE_CODES = ['mailbox-full', 'unknown-command', 'actor-stopped', 'ask-timeout', 'handler-failed'] as const
const END_CODES = ['stopped', 'failed', 'link-lost'] as const

export type FailureCode = (typeof FAILURE_CODES)[number]

type Fields = Readonly<Record<string, unknown>>

const isText = (value: unknown): value is string => typeof value === 'string'
const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isOneOf = (codes: readonly unknown[], value: unknown): boolean => codes.includes(value)
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isMeta = (meta: unknown): boolean => {
  if (meta === undefined) return true
  if (!isObject(meta)) return false
  const { reason, causes, key } = meta
  return (
    (reason === undefined ||
      (isObject(reason) && isText(reason.code) && (reason.text === undefined || isText(reason.text)))) &&
    (causes === undefined || (Array.isArray(causes) && causes.every(isText))) &&
    (key === undefined || isText(key))
  )
}

/** Whether the value is a packet. The contents of `request` and `value` are not checked. */
export const isPacket = (value: unknown): value is Packet => {
  if (!isObject(value)) return false
  const { type, id, to, command, meta, timeoutMs, code, path } = value
  switch (type) {
    case 'tell':
      return isText(to) && isText(command) && isMeta(meta)
    case 'ask':
      return isId(id) && isText(to) && isText(command) && isMeta(meta) && isId(timeoutMs)
    case 'answer':
      return isId(id)
    case 'failure':
      return isId(id) && isOneOf(FAILURE_CODES, code) && isText(path)
    case 'watch':
    case 'unwatch':
      return isText(to)
    case 'ended':
      return isText(path) && isOneOf(END_CODES, code)
    default:
      return false
  }
}
