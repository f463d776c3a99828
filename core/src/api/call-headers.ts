import type { IncomingHttpHeaders } from 'node:http'
import { CAUSES, type CallHeader, type ContractError, KEY, REASON, TIMEOUT } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import type { CallContext } from '../node/contract-gateway.ts'

const operator: CallContext = { caller: { kind: 'operator' } }

/** What the headers of a request say beside its body: key, reason, causes, timeout. */
export const contextFrom = (headers: IncomingHttpHeaders): Result<CallContext, ContractError> => {
  const [key, reason, causes, timeout] = [KEY, REASON, CAUSES, TIMEOUT].map((header) => read(headers, header))
  for (const each of [key, reason, causes, timeout]) if (each?.ok === false) return each
  const [, code, words] = matched(reason) ?? []
  return ok({
    ...operator,
    ...(key?.ok ? { key: key.value[0] } : {}),
    ...(code === undefined ? {} : { reason: words === undefined ? { code } : { code, text: words } }),
    ...(causes?.ok ? { causes: causes.value[0].split(',').map((cause) => cause.trim()) } : {}),
    ...(timeout?.ok ? { timeoutMs: Number(timeout.value[0]) } : {}),
  })
}

type Read = Result<RegExpExecArray, ContractError> | undefined

const matched = (read: Read): RegExpExecArray | undefined => (read?.ok ? read.value : undefined)

const read = (headers: IncomingHttpHeaders, { name, pattern, expected }: CallHeader): Read => {
  const given = headers[name]
  if (given === undefined) return undefined
  const match = typeof given === 'string' ? pattern.exec(given) : null
  if (match !== null) return ok(match)
  return err({ code: 'invalid-request', message: `${name}: expected ${expected}`, field: name })
}
