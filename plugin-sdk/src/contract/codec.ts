import type { z } from 'zod'
import { type ActorName, findOperation, type OperationName, type ReplyOf, type RequestOf } from './contract.ts'
import { encodeJson } from './encode-json.ts'
import { type EventName, type EventPayload, events } from './events.ts'
import { type HookName, type HookVerdict, hooks } from './hooks.ts'
import type { ContractError, ContractResult, Cursor, TimestampMs } from './types.ts'

/**
 * Checks what came from outside against the operation's request schema: strict, amounts as decimal strings, integers or
 * `bigint`. Errors: `unknown-operation`, `invalid-request` with the first field at fault.
 */
export const parseRequest = <Name extends ActorName, Op extends OperationName<Name>>(
  actor: Name,
  operation: Op,
  request: unknown,
): ContractResult<RequestOf<Name, Op>> => {
  const found = findOperation(actor, operation)
  if (found === undefined) {
    return {
      ok: false,
      error: { code: 'unknown-operation', message: `there is no operation ${actor}.${operation}` },
    }
  }
  const parsed = found.request.safeParse(request ?? {})
  if (!parsed.success) return { ok: false, error: invalidRequest(parsed.error, request) }
  return { ok: true, value: parsed.data as RequestOf<Name, Op> }
}

const invalidRequest = (error: z.ZodError, input: unknown): ContractError => {
  const [issue] = error.issues
  if (issue === undefined) return { code: 'invalid-request', message: 'malformed request' }
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  const field = path.map(String).join('.')
  if (field === '') return { code: 'invalid-request', message: 'expected a JSON object' }
  return { code: 'invalid-request', message: `${field}: ${describeIssue(issue, input)}`, field }
}

const describeIssue = (issue: z.core.$ZodIssue, input: unknown): string => {
  if (issue.code === 'unrecognized_keys') return 'there is no such field'
  if (valueAt(input, issue.path) === undefined) return 'is missing'
  if (issue.code === 'invalid_value') return `expected ${issue.values.map(String).join(' or ')}`
  return issue.message.replace(/^Invalid input: /, '')
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown => {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

/** A reply as JSON text. */
export const encodeReply = <Name extends ActorName, Op extends OperationName<Name>>(
  _actor: Name,
  _operation: Op,
  reply: ReplyOf<Name, Op>,
): string => encodeJson(reply)

/** An event as JSON text: made once, when it is committed; everyone downstream carries these very bytes. */
export const encodeEvent = <Name extends EventName>(envelope: {
  readonly cursor: Cursor
  readonly at: TimestampMs
  readonly type: Name
  readonly payload: EventPayload<Name>
}): string => {
  const { version } = events[envelope.type]
  const { cursor, at, type, payload } = envelope
  return `{"cursor":${JSON.stringify(cursor)},"at":${at},"type":"${type}","version":${version},"payload":${encodeJson(payload)}}`
}

/** Checks a plugin's verdict against what the hook allows. */
export const parseVerdict = <Name extends HookName>(
  name: Name,
  verdict: unknown,
): ContractResult<HookVerdict<Name>> => {
  const parsed = hooks[name].verdict.safeParse(verdict)
  if (!parsed.success) return { ok: false, error: invalidRequest(parsed.error, verdict) }
  return { ok: true, value: parsed.data as HookVerdict<Name> }
}
