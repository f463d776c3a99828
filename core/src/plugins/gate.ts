import {
  type ActorName,
  type Command,
  type ContractError,
  findOperation,
  isCommand,
  type OperationName,
  parseRequest,
} from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { Budgets } from './budgets.ts'
import type { Limits, Manifest } from './manifest.ts'
import type { AskOptions } from './outbox.ts'

/** An ask that may go to the node. */
export interface Admitted {
  readonly request: unknown
  readonly command: boolean
  /** The plugin's key, made the plugin's own. */
  readonly key: string | undefined
  /** Whether something was taken from the budget, which is to be kept before the node is asked. */
  readonly spends: boolean
  /** Whether the reply may hold secrets. */
  readonly secrets: boolean
}

const MAX_KEY = 200

/**
 * Decides, before the node is asked anything, whether a plugin may ask it: how often, what, within which bounds and budget.
 * Errors: `rate-limited`, `unknown-operation`, `not-granted`, `invalid-request`, `key-required`, `out-of-bounds`,
 * `budget-exceeded`.
 */
export class Gate {
  readonly #manifest: Manifest
  readonly #budgets: Budgets
  readonly #rate: TokenBucket
  readonly #commandRates = new Map<string, TokenBucket>()

  constructor(manifest: Manifest, budgets: Budgets, now: number) {
    this.#manifest = manifest
    this.#budgets = budgets
    const { asksPerSecond }: Limits = manifest.limits
    this.#rate = new TokenBucket(asksPerSecond, 2 * asksPerSecond, now)
    for (const [name, { rate }] of Object.entries(manifest.permissions.commands)) {
      if (rate !== undefined)
        this.#commandRates.set(name, new TokenBucket((rate.max * 1_000) / rate.perMs, rate.max, now))
    }
  }

  admit(
    now: number,
    inFlight: number,
    actor: string,
    operation: string,
    request: unknown,
    options: AskOptions,
  ): Result<Admitted, ContractError> {
    const name = `${actor}.${operation}`
    const { asksPerSecond, asksInFlight } = this.#manifest.limits
    if (inFlight >= asksInFlight)
      return refuse('rate-limited', `${asksInFlight} asks are waiting for an answer already`)
    if (!this.#rate.take(now)) return refuse('rate-limited', `more than ${asksPerSecond} asks a second`)
    const found = findOperation(actor, operation)
    if (found === undefined) return refuse('unknown-operation', `there is no operation ${name}`)
    const { queries, commands, secrets } = this.#manifest.permissions
    const grant = commands[name]
    if (found.access === 'operator' || (isCommand(found) ? grant === undefined : !queries.includes(name))) {
      return refuse('not-granted', `the plugin's manifest does not ask for ${name}`)
    }
    const parsed = parseRequest(actor as ActorName, operation as OperationName<ActorName>, request)
    if (!parsed.ok) return parsed
    if (!isCommand(found)) return this.#query(now, name, parsed.value, secrets.includes(name))
    return this.#command(now, name, found, parsed.value, options)
  }

  #query(now: number, name: string, request: unknown, secrets: boolean): Result<Admitted, ContractError> {
    // Events read as a page are events all the same.
    if (name === 'events.list') {
      const { types } = request as { readonly types?: readonly string[] }
      const { events } = this.#manifest.permissions
      const other = types?.find((type) => !Object.hasOwn(events, type) || events[type]?.filter !== undefined)
      if (types === undefined) return refuse('not-granted', 'types: name the events, among those granted', 'types')
      if (other !== undefined) return refuse('not-granted', `types: ${other} is not granted without a filter`, 'types')
    }
    const counted = this.#budgets.count(now, 'queries')
    if (!counted.ok) return counted
    return ok({ request, command: false, key: undefined, spends: false, secrets })
  }

  #command(
    now: number,
    name: string,
    command: Command,
    request: unknown,
    { reason, key }: AskOptions,
  ): Result<Admitted, ContractError> {
    if (reason === undefined) return refuse('invalid-request', 'reason: a command says why', 'reason')
    if (key !== undefined && key.length > MAX_KEY)
      return refuse('invalid-request', `key: at most ${MAX_KEY} characters`, 'key')
    if (command.keyRequired && key === undefined) {
      return refuse('key-required', `${name} spends: give a key, so that it can be asked again safely`)
    }
    const fields = request as Readonly<Record<string, unknown>>
    const bounded = this.#withinBounds(name, fields)
    if (!bounded.ok) return bounded
    if (this.#commandRates.get(name)?.take(now) === false) {
      return refuse('rate-limited', `${name} more often than its grant allows`)
    }
    const counted = this.#budgets.count(now, 'actions')
    if (!counted.ok) return counted
    // The same key asks for the same thing again: it is paid for once.
    const spent = this.#budgets.reserve(now, command, fields, `${name} ${key ?? ''}`)
    if (!spent.ok) return spent
    return ok({
      request,
      command: true,
      key: key === undefined ? undefined : `${this.#manifest.name}:${key}`,
      spends: spent.value,
      secrets: false,
    })
  }

  #withinBounds(name: string, fields: Readonly<Record<string, unknown>>): Result<true, ContractError> {
    const bounds = this.#manifest.permissions.commands[name]?.bounds ?? {}
    for (const [field, { min, max }] of Object.entries(bounds)) {
      const value = fields[field]
      // Left out, the node chooses by the operator's settings.
      if (value === undefined) continue
      const whole = typeof value === 'bigint' ? value : BigInt(value as number)
      if ((min !== undefined && whole < min) || (max !== undefined && whole > max)) {
        const range = `${min ?? 'any'} to ${max ?? 'any'}`
        return refuse('out-of-bounds', `${field}: ${whole} is beyond what was granted, ${range}`, field)
      }
    }
    return ok(true)
  }
}

const refuse = (code: string, message: string, field?: string): Result<never, ContractError> =>
  err({ code, message, ...(field === undefined ? {} : { field }) })
