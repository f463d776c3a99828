import { type ActorName, findOperation, type OperationName, type ReplyOf, type RequestOf } from './contract.ts'
import { encodeJson } from './encode-json.ts'
import { evaluate, type Misfit } from './evaluate.ts'
import { type EventName, type EventPayload, events } from './events.ts'
import { type HookName, type HookVerdict, hooks } from './hooks.ts'
import type { ContractError, ContractResult, Cursor, EventEnvelope, TimestampMs } from './types.ts'

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
  const read = evaluate(found.request, request ?? {})
  return read.ok
    ? { ok: true, value: read.value as RequestOf<Name, Op> }
    : { ok: false, error: invalidRequest(read.error) }
}

const invalidRequest = ({ field, message, code }: Misfit): ContractError => {
  if (field !== '') return { code: 'invalid-request', message: `${field}: ${message}`, field }
  return { code: 'invalid-request', message: code === 'unreadable' ? message : 'expected a JSON object' }
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

/** An event with the payload of its name. */
export type KnownEvent<Name extends EventName = EventName> = {
  readonly [N in Name]: EventEnvelope<N, EventPayload<N>>
}[Name]

/**
 * An event as it came over HTTP, with its payload in the contract's types; `undefined` if this version does not know its name.
 * The misfit is the payload's.
 */
export const parseEvent = (envelope: EventEnvelope): ContractResult<KnownEvent | undefined, Misfit> => {
  const { type, payload } = envelope
  if (!Object.hasOwn(events, type)) return { ok: true, value: undefined }
  const read = evaluate(events[type as EventName].payload, payload)
  return read.ok ? { ok: true, value: { ...envelope, payload: read.value } as KnownEvent } : read
}

/** Checks a plugin's verdict against what the hook allows. */
export const parseVerdict = <Name extends HookName>(
  name: Name,
  verdict: unknown,
): ContractResult<HookVerdict<Name>> => {
  const read = evaluate(hooks[name].verdict, verdict)
  return read.ok
    ? { ok: true, value: read.value as HookVerdict<Name> }
    : { ok: false, error: invalidRequest(read.error) }
}
