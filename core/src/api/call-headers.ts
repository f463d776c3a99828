import type { IncomingHttpHeaders } from 'node:http'
import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import type { CallContext } from '../node/contract-gateway.ts'

const KEY = /^[\x21-\x7e]{1,128}$/
const REASON = /^([a-z0-9][a-z0-9.-]{0,63})(?::\s?([^\r\n]{0,512}))?$/
const CAUSE = /^[\x21-\x7e]{1,128}$/
const MAX_CAUSES = 32
const MAX_TIMEOUT_MS = 24 * 3_600_000

const operator: CallContext = { caller: { kind: 'operator' } }

/** What the headers of a request say beside its body: key, reason, causes, timeout. */
export const contextFrom = (headers: IncomingHttpHeaders): Result<CallContext, ContractError> => {
  const key = headers['idempotency-key']
  const reason = headers['x-reason']
  const causes = headers['x-causes']
  const timeout = headers['x-timeout-ms']
  if (key === undefined && reason === undefined && causes === undefined && timeout === undefined) return ok(operator)
  if (key !== undefined && (typeof key !== 'string' || !KEY.test(key))) {
    return malformed('idempotency-key', 'expected 1 to 128 visible ASCII characters')
  }
  const [, code, words] = typeof reason === 'string' ? (REASON.exec(reason) ?? []) : []
  if (reason !== undefined && code === undefined) {
    return malformed('x-reason', 'expected a code, perhaps followed by a colon and words')
  }
  const causesGiven = typeof causes === 'string' ? causes.split(',').map((cause) => cause.trim()) : undefined
  if (causes !== undefined && causesGiven?.every((cause) => CAUSE.test(cause)) !== true) {
    return malformed('x-causes', 'expected cursors of events, separated by commas')
  }
  if (causesGiven !== undefined && causesGiven.length > MAX_CAUSES) {
    return malformed('x-causes', `expected at most ${MAX_CAUSES} cursors`)
  }
  const timeoutMs = timeout === undefined ? undefined : Number(timeout)
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    return malformed('x-timeout-ms', `expected a whole number of milliseconds up to ${MAX_TIMEOUT_MS}`)
  }
  return ok({
    ...operator,
    ...(key === undefined ? {} : { key }),
    ...(code === undefined ? {} : { reason: words === undefined ? { code } : { code, text: words } }),
    ...(causesGiven === undefined ? {} : { causes: causesGiven }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

const malformed = (field: string, what: string): Result<never, ContractError> =>
  err({ code: 'invalid-request', message: `${field}: ${what}`, field })
