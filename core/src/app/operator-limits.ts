import { API_LIMITS, type ApiLimits } from '../api/api-limits.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { TRAFFIC_LIMITS, type TrafficLimits } from '../node/connection/traffic-limits.ts'

/** How many connections the operator allows at once. */
export interface OperatorLimits {
  readonly traffic: TrafficLimits
  readonly api: ApiLimits
}

export type OperatorLimitFailure = { readonly code: 'limit-invalid'; readonly variable: string; readonly value: string }

const MOST = 100_000

/** Reads them from the environment; the defaults suit nearly everyone. */
export const operatorLimits = (
  env: Readonly<Record<string, string | undefined>>,
): Result<OperatorLimits, OperatorLimitFailure> => {
  const { connected } = TRAFFIC_LIMITS
  const strangers = limit(env, 'FULGURITE_MAX_STRANGERS', connected.max)
  if (!strangers.ok) return strangers
  const ofOneAddress = limit(env, 'FULGURITE_MAX_STRANGERS_PER_ADDRESS', connected.maxPerGroup)
  if (!ofOneAddress.ok) return ofOneAddress
  const operators = limit(env, 'FULGURITE_MAX_API_CONNECTIONS', API_LIMITS.operators)
  if (!operators.ok) return operators
  return ok({
    traffic: { ...TRAFFIC_LIMITS, connected: { max: strangers.value, maxPerGroup: ofOneAddress.value } },
    api: { ...API_LIMITS, operators: operators.value },
  })
}

const limit = (
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  otherwise: number,
): Result<number, OperatorLimitFailure> => {
  const value = env[variable]
  if (value === undefined) return ok(otherwise)
  const count = Number(value)
  return /^\d{1,6}$/.test(value) && count > 0 && count <= MOST
    ? ok(count)
    : err({ code: 'limit-invalid', variable, value })
}
