import { type ContractError, findOperation, isCommand } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'
import type { CallContext, PluginGateway, Prepared } from '../node/contract-gateway.ts'
import type { Budgets } from './budgets.ts'
import type { AskOptions } from './outbox.ts'

/** An ask that may go to the node. */
export interface Admitted {
  readonly command: boolean
  /** The key, prefixed so that it belongs to the plugin alone. */
  readonly key: string | undefined
  /** Whether the reply may hold secrets. */
  readonly secrets: boolean
  /** Runs exactly what was checked. */
  run(context: CallContext): Promise<Result<unknown, ContractError>>
}

const MAX_KEY = 200

/**
 * Decides, before the node does anything, whether a plugin may ask: how often, what, within which bounds and budget. This is one
 * synchronous step, on the request as it will be run, with its defaults filled in and its worst case computed.
 * Errors: `rate-limited`, `unknown-operation`, `not-granted`, `invalid-request`, `key-required`, `out-of-bounds`,
 * `budget-exceeded`, `idempotency-mismatch`, and those of the operation that its worst case finds.
 */
export class Gate {
  readonly #manifest: Manifest
  readonly #gateway: PluginGateway
  readonly #budgets: Budgets

  constructor(manifest: Manifest, gateway: PluginGateway, budgets: Budgets) {
    this.#manifest = manifest
    this.#gateway = gateway
    this.#budgets = budgets
  }

  admit(
    inFlight: number,
    actor: string,
    operation: string,
    request: unknown,
    options: AskOptions,
  ): Result<Admitted, ContractError> {
    const name = `${actor}.${operation}`
    const { asksPerSecond, asksInFlight } = this.#manifest.limits
    if (inFlight >= asksInFlight)
      return refuse(
        'rate-limited',
        `${asksInFlight} asks already wait for an answer (limits.asksInFlight): wait for one of them first`,
      )
    if (!this.#budgets.mayAsk())
      return refuse('rate-limited', `more than ${asksPerSecond} asks a second (limits.asksPerSecond): ask less often`)
    const found = findOperation(actor, operation)
    if (found === undefined) return refuse('unknown-operation', `there is no operation ${name}`)
    const { queries, commands, secrets } = this.#manifest.permissions
    const isGranted = isCommand(found) ? Object.hasOwn(commands, name) : queries.includes(name)
    if (found.access === 'operator' || !isGranted) {
      return refuse('not-granted', `the plugin's manifest does not ask for ${name}`)
    }
    const prepared = this.#gateway.prepare(actor, operation, request)
    if (!prepared.ok) return prepared
    return isCommand(found)
      ? this.#command(name, prepared.value, options)
      : this.#query(name, prepared.value, secrets.includes(name))
  }

  #query(name: string, prepared: Prepared, secrets: boolean): Result<Admitted, ContractError> {
    // A page of events shows events, so it needs their grants.
    if (name === 'events.list') {
      const { types } = prepared.request as { readonly types?: readonly string[] }
      const { events } = this.#manifest.permissions
      const other = types?.find((type) => !Object.hasOwn(events, type) || events[type]?.filter !== undefined)
      if (types === undefined)
        return refuse('not-granted', 'types: name the events to read, of those that are granted', 'types')
      if (other !== undefined)
        return refuse('not-granted', `types: ${other} is not granted, or only with a filter`, 'types')
    }
    const counted = this.#budgets.countQuery()
    if (!counted.ok) return counted
    return ok({ command: false, key: undefined, secrets, run: (context) => prepared.run(context).answer })
  }

  #command(name: string, prepared: Prepared, { reason, key }: AskOptions): Result<Admitted, ContractError> {
    const { operation } = prepared
    if (reason === undefined)
      return refuse('invalid-request', 'reason: expected why the command is asked: { code, text? }', 'reason')
    if (key !== undefined && key.length > MAX_KEY)
      return refuse('invalid-request', `key: expected at most ${MAX_KEY} characters`, 'key')
    // Rows are named in UTF-8, where every lone surrogate becomes the same character: two keys would share a row.
    if (key?.isWellFormed() === false)
      return refuse('invalid-request', 'key: expected Unicode text, without lone surrogates', 'key')
    if (isCommand(operation) && operation.keyRequired && key === undefined) {
      return refuse('key-required', `${name} spends: give a key, so that it can be asked again safely`)
    }
    const bounded = this.#withinBounds(name, prepared.request as Readonly<Record<string, unknown>>)
    if (!bounded.ok) return bounded
    const admitted = this.#budgets.admit(name, prepared, key)
    if (!admitted.ok) return admitted
    return ok({
      command: true,
      key: key === undefined ? undefined : this.#budgets.keyOf(key),
      secrets: false,
      run: (context) => admitted.value.run(context),
    })
  }

  #withinBounds(name: string, fields: Readonly<Record<string, unknown>>): Result<true, ContractError> {
    const bounds = this.#manifest.permissions.commands[name]?.bounds ?? {}
    for (const [field, { min, max }] of Object.entries(bounds)) {
      const value = fields[field]
      const range = `${min ?? 'any'} to ${max ?? 'any'}`
      if (typeof value !== 'bigint' && typeof value !== 'number') {
        return refuse('out-of-bounds', `${field}: expected a value, ${range}: the grant bounds this field`, field)
      }
      const whole = BigInt(value)
      if ((min !== undefined && whole < min) || (max !== undefined && whole > max)) {
        return refuse('out-of-bounds', `${field}: ${whole} is outside of what was granted, ${range}`, field)
      }
    }
    return ok(true)
  }
}

const refuse = (code: string, message: string, field?: string): Result<never, ContractError> =>
  err({ code, message, ...(field === undefined ? {} : { field }) })
