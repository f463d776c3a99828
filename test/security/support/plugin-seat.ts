import {
  type ActorName,
  allOperations,
  type ContractError,
  encodeJson,
  isCommand,
  isSpending,
  type SpendingOperation,
} from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Clock } from '../../../core/src/lib/clock.ts'
import { err, ok, type Result } from '../../../core/src/lib/result.ts'
import { WorkAccount } from '../../../core/src/lib/worked-for.ts'
import type { PluginGateway } from '../../../core/src/node/contract-gateway.ts'
import { AskDesk } from '../../../core/src/plugins/ask-desk.ts'
import { AuditRows } from '../../../core/src/plugins/audit-rows.ts'
import { AuditTrail } from '../../../core/src/plugins/audit-trail.ts'
import type { HostStore } from '../../../core/src/plugins/host-store.ts'
import { Ledger } from '../../../core/src/plugins/ledger.ts'
import { parseManifest } from '../../../core/src/plugins/manifest.ts'

/** Every command that may cost money, by the contract's types. */
export type SpendingName = { [Name in ActorName]: `${Name}.${SpendingOperation<Name>}` }[ActorName]

/** The same by its values. */
export const SPENDING_NAMES: readonly string[] = allOperations()
  .filter(({ operation }) => isSpending(operation))
  .map(({ actor, name }) => `${actor}.${name}`)

/** As a manifest has it: amounts as text where they do not fit a number. */
export type BudgetText = Readonly<Record<string, string | number>>
export type Bounds = Readonly<Record<string, { readonly min?: number | string; readonly max?: number | string }>>

const ANYTHING = '9999999999999999999'

/** Whoever may ask every spending command, within these bounds and this budget. */
export const spender = (name: string, budget: BudgetText, bounds: Bounds = {}, version = '1.0.0'): Manifest => {
  const commands = allOperations().flatMap(({ actor, name: operation, operation: declared }) => {
    if (!isCommand(declared) || !isSpending(declared)) return []
    const wide = Object.fromEntries(declared.bounds.map((field) => [field, { max: ANYTHING }]))
    const narrow = Object.entries(bounds).filter(([field]) => Object.hasOwn(declared.request.shape, field))
    return [[`${actor}.${operation}`, { bounds: { ...wide, ...Object.fromEntries(narrow) } }] as const]
  })
  const text = JSON.stringify({
    name,
    version,
    contract: '^0.1.0',
    entry: './index.ts',
    permissions: { commands: Object.fromEntries(commands) },
    budget: { windowMs: 3_600_000, ...budget },
    limits: { asksInFlight: 1_024, asksPerSecond: 1_000_000 },
  })
  const parsed = parseManifest(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

/** What a plugin's cell sits at, without the cell: the desk, the gate and the budgets, over a node's own gateway. */
export class PluginSeat {
  readonly #desk: AskDesk
  readonly #waiting = new Map<number, (answer: Result<unknown, ContractError>) => void>()
  #asks = 0

  constructor(ledger: Ledger, gateway: PluginGateway, store: HostStore, clock: Clock, manifest: Manifest) {
    const budgets = ledger.of(manifest.name)
    budgets.grant(manifest)
    const answer = (id: number, value: unknown): void => this.#answered(id, ok(JSON.parse(encodeJson(value))))
    this.#desk = new AskDesk({
      manifest,
      gateway,
      budgets,
      clock,
      audit: new AuditTrail({
        manifest,
        rows: new AuditRows(store, manifest.name),
        put: (rows) => void store.put(rows).catch(rethrow),
        full() {},
      }),
      reply: answer,
      done: answer,
      refuse: (id, error) => this.#answered(id, err(error)),
      refused: () => {},
      charge: () => {},
    })
  }

  ask(name: string, request: object, key: string): Promise<Result<unknown, ContractError>> {
    const [actor = '', operation = ''] = name.split('.')
    const id = this.#asks++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      // As it comes out of a cell.
      const wire: unknown = JSON.parse(encodeJson(request))
      const ask = { id, actor, operation, request: wire, options: { key, reason: { code: 'test' } } }
      this.#desk.ask(ask, new WorkAccount(() => {})).catch(rethrow)
    })
  }

  #answered(id: number, answer: Result<unknown, ContractError>): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
  }
}

const rethrow = (thrown: unknown): void => {
  throw thrown
}

export const openLedger = (gateway: PluginGateway, store: HostStore, clock: Clock): Promise<Ledger> =>
  Ledger.open({ store, gateway, clock, onStoreFailed: rethrow })
