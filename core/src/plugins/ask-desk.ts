import { type ContractError, withoutSecrets } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import { beginWork } from '../lib/thread-time.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { onNoAccount, type WorkAccount } from '../lib/worked-for.ts'
import type { PluginGateway } from '../node/contract-gateway.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { Budgets } from './budgets.ts'
import { type Admitted, Gate } from './gate.ts'
import type { AskOptions } from './outbox.ts'

/** A plugin's ask as it came. */
export interface Ask {
  readonly id: number
  readonly actor: string
  readonly operation: string
  readonly request: unknown
  readonly options: AskOptions
}

export interface AskDeskOptions {
  readonly manifest: Manifest
  readonly gateway: PluginGateway
  readonly budgets: Budgets
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly reply: (id: number, value: unknown) => void
  /** The same for a command that was done: the plugin is told in any case. */
  readonly done: (id: number, value: unknown) => void
  readonly refuse: (id: number, error: ContractError) => void
  readonly refused: (operation: string, error: ContractError) => void
  /** Charges the plugin for time that the core's thread worked, or will work, for it. */
  readonly charge: (coreMs: number) => void
}

const REFUSALS_PER_SECOND = 1
const REFUSALS_AT_ONCE = 100
/**
 * What the node does for a command later on, in other turns of its own: signs, stores, tells a peer. Not a measured cost but
 * a price: at 0.25 the benchmark of payments beside bad plugins stood at 79 to 80 %, at 0.75 at 83 to 86 %.
 */
const COMMAND_MS = 0.75

/** Takes a plugin's asks: checks whether it may ask them, asks the node, and answers. */
export class AskDesk {
  readonly #options: AskDeskOptions
  readonly #gate: Gate
  readonly #refusals: TokenBucket
  #inFlight = 0

  constructor(options: AskDeskOptions) {
    this.#options = options
    const { manifest, gateway, budgets, clock } = options
    this.#gate = new Gate(manifest, gateway, budgets)
    this.#refusals = new TokenBucket(REFUSALS_PER_SECOND, REFUSALS_AT_ONCE, clock.monotonic())
  }

  /** Counts another thing that waits for an answer. False if too many do. */
  begin(): boolean {
    if (this.#inFlight >= this.#options.manifest.limits.asksInFlight) return false
    this.#inFlight += 1
    return true
  }

  finish(): void {
    this.#inFlight -= 1
  }

  /** What the core does for a query between waits is on `time`; for a command there is a price. */
  async ask(ask: Ask, time: WorkAccount): Promise<void> {
    const { refuse, charge } = this.#options
    const { id, actor, operation, request, options } = ask
    const name = `${actor}.${operation}`
    const admitted = this.#gate.admit(this.#inFlight, actor, operation, request, options)
    if (!admitted.ok) {
      this.#refused(ask, name, admitted.error)
      refuse(id, admitted.error)
      return
    }
    this.#inFlight += 1
    const put = (): Promise<Result<unknown, ContractError>> => this.#put(ask, admitted.value)
    let result: Result<unknown, ContractError>
    if (admitted.value.command) {
      charge(COMMAND_MS)
      result = await onNoAccount(put)
    } else {
      time.open()
      try {
        result = await put()
      } finally {
        time.close()
      }
    }
    this.#inFlight -= 1
    const worked = beginWork()
    this.#answer(ask, admitted.value, result)
    charge(worked())
  }

  #answer(
    { id, actor, operation, request, options }: Ask,
    admitted: Admitted,
    result: Result<unknown, ContractError>,
  ): void {
    const { refuse, audit, reply, done, clock } = this.#options
    const name = `${actor}.${operation}`
    if (admitted.command) audit.command(clock.now(), name, request, options, result.ok ? 'done' : result.error.code)
    if (!result.ok) {
      refuse(id, result.error)
      return
    }
    const shown = admitted.secrets ? result.value : withoutSecrets(actor, operation, result.value)
    if (admitted.command) done(id, shown)
    else reply(id, shown)
  }

  #put({ options }: Ask, { key, run }: Admitted): Promise<Result<unknown, ContractError>> {
    const { name, version } = this.#options.manifest
    const { reason, causes, timeoutMs } = options
    return run({
      caller: { kind: 'plugin', name, version },
      ...(reason === undefined ? {} : { reason: reasonOf(reason) }),
      ...(causes === undefined ? {} : { causes }),
      ...(key === undefined ? {} : { key }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
  }

  #refused({ request, options }: Ask, name: string, error: ContractError): void {
    const { clock, audit, refused } = this.#options
    // Mistakes in a request are for the author to see; other refusals are for the operator.
    if (error.code === 'invalid-request' || error.code === 'unknown-operation') return
    refused(name, error)
    // A flood of refusals must not fill the disk; the operator has already seen refusals like it.
    if (error.code !== 'rate-limited' && this.#refusals.take(clock.monotonic()))
      audit.refusal(clock.now(), name, request, options, error.code)
  }
}

const reasonOf = ({ code, text }: { readonly code: string; readonly text?: string | undefined }) =>
  text === undefined ? { code } : { code, text }
