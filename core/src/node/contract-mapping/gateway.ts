import {
  type ActorName,
  type ContractError,
  DEFAULTS,
  findOperation,
  isCommand,
  isSpending,
  type Operation,
  type OperationName,
  parseRequest,
  type SpendingOperation,
} from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type {
  CallContext,
  Cost,
  EventLogPort,
  HookResponder,
  Outcome,
  PluginGateway,
  Prepared,
  Recalled,
} from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import {
  type ActorHandlers,
  type ActorRecalls,
  askerOf,
  type HandlerContext,
  type RecalledAnswer,
  refusal,
} from './handlers.ts'
import type { CommandOf, KeyedAnswer, KeyedCommands } from './keyed-commands.ts'
import { PluginPresence } from './plugin-presence.ts'
import { NOTHING, type SpendingKnowledge, type SpendingRules } from './worst-cases/spending-rule.ts'

export interface GatewayOptions {
  readonly events: EventLogPort
  readonly keyed: KeyedCommands
  readonly clock: Clock
  readonly log: NodeLog
}

type Answer = Result<object, ContractError>

interface AnyRule {
  worstCase(request: unknown, known: SpendingKnowledge): Result<AnyResolved, ContractError>
  actual?(reply: object, request: object): Partial<Cost>
}

interface AnyResolved {
  readonly request: object
  readonly cost: Partial<Cost>
}

/** An operation as it was added, without its types. */
interface Joined {
  readonly handler: (request: object, context: HandlerContext) => Promise<Answer>
  readonly rule: AnyRule | undefined
  readonly recall:
    | ((request: object, key: string) => Promise<RecalledAnswer<object> | 'unknown' | undefined>)
    | undefined
}

/** How an actor's costs are computed: nothing if none of its operations spends. */
type Money<Name extends ActorName> =
  SpendingOperation<Name> extends never
    ? []
    : [known: SpendingKnowledge, rules: SpendingRules<Name>, recalls?: ActorRecalls<Name>]

/**
 * The entry for everything that speaks the contract. A request is checked once and resolved: its defaults are filled in, and its highest
 * cost is computed. Exactly what was checked then is what runs.
 */
export class Gateway implements PluginGateway {
  readonly events: EventLogPort
  readonly plugins = new PluginPresence()
  readonly #keyed: KeyedCommands
  readonly #clock: Clock
  readonly #log: NodeLog
  readonly #joined = new Map<string, Joined>()
  #known: SpendingKnowledge | undefined
  #responder: HookResponder | undefined

  constructor({ events, keyed, clock, log }: GatewayOptions) {
    this.events = events
    this.#keyed = keyed
    this.#clock = clock
    this.#log = log
  }

  readonly hooks = {
    register: (responder: HookResponder): (() => void) => {
      this.#responder = responder
      return () => {
        if (this.#responder === responder) this.#responder = undefined
      }
    },
  }

  get responder(): HookResponder | undefined {
    return this.#responder
  }

  /** Adds the handlers of an actor. Until then its operations are answered `not-ready`. */
  join<Name extends ActorName>(actor: Name, handlers: ActorHandlers<Name>, ...money: Money<Name>): void {
    const [known, rules, recalls] = money as [known?: SpendingKnowledge, rules?: object, recalls?: object]
    if (known !== undefined) this.#known = known
    const [anyRules, anyRecalls] = [rules ?? {}, recalls ?? {}] as unknown as Record<string, never>[]
    for (const [operation, handler] of Object.entries(handlers)) {
      this.#joined.set(`${actor}.${operation}`, {
        handler: handler as unknown as Joined['handler'],
        rule: anyRules?.[operation],
        recall: anyRecalls?.[operation],
      })
    }
  }

  prepare(actor: string, operation: string, request: unknown): Result<Prepared, ContractError> {
    const declared = findOperation(actor, operation)
    const parsed = parseRequest(actor as ActorName, operation as OperationName<ActorName>, request)
    if (declared === undefined || !parsed.ok) {
      return parsed.ok ? err(refusal('unknown-operation', 'there is no such operation')) : parsed
    }
    const name = `${actor}.${operation}`
    const joined = this.#joined.get(name)
    if (joined === undefined) return err(refusal('not-ready', 'the node is starting or stopping'))
    const asked = parsed.value as object
    const resolved = this.#resolve(name, declared, joined, asked)
    if (!resolved.ok) return resolved
    const worstCase = { ...NOTHING, ...resolved.value.cost }
    return ok({
      operation: declared,
      asked,
      request: resolved.value.request,
      worstCase,
      run: (context) => {
        const outcome = this.#run(name, declared, joined, asked, resolved.value, { ...context, worstCase })
        return {
          outcome,
          answer: this.#inTime(outcome, isCommand(declared), context.timeoutMs ?? DEFAULTS.answerMs),
        }
      },
    })
  }

  async ask(
    actor: string,
    operation: string,
    request: unknown,
    context: CallContext,
  ): Promise<Result<unknown, ContractError>> {
    const prepared = this.prepare(actor, operation, request)
    return prepared.ok ? prepared.value.run(context).answer : prepared
  }

  async recall(actor: string, operation: string, asked: unknown, key: string): Promise<Recalled> {
    const name = `${actor}.${operation}`
    const joined = this.#joined.get(name)
    const parsed = parseRequest(actor as ActorName, operation as OperationName<ActorName>, asked)
    // A request that this version no longer understands cannot be looked up.
    if (joined === undefined || !parsed.ok) return { type: 'unknown' }
    const request = parsed.value as object
    const reckoned = (result: Answer, isStored: boolean): Outcome =>
      this.#reckoned(name, joined, request, { result, isStored })
    const found = await this.#keyed.recall(name, key, request)
    switch (found.type) {
      // It may have run before the form of requests changed.
      case 'other-request':
        return { type: 'unknown' }
      case 'known':
        return { type: 'known', outcome: reckoned(found.result, true) }
      case 'running':
        return { type: 'under-way', outcome: found.answer.then(({ result }) => reckoned(result, false)) }
      // Its row may have been removed with what it began: the actor knows that.
      case 'never-begun':
      case 'interrupted': {
        if (joined.recall === undefined) return found.type === 'never-begun' ? found : { type: 'unknown' }
        const recalled = await joined.recall(request, key)
        if (recalled === undefined) return { type: 'never-begun' }
        if (recalled === 'unknown') return { type: 'unknown' }
        if (!recalled.isKnown) {
          return { type: 'under-way', outcome: recalled.answer.then((result) => reckoned(result, false)) }
        }
        return { type: 'known', outcome: reckoned(await recalled.answer, true) }
      }
    }
  }

  #resolve(name: string, declared: Operation, joined: Joined, asked: object): Result<AnyResolved, ContractError> {
    if (!isSpending(declared)) return ok({ request: asked, cost: NOTHING })
    if (joined.rule === undefined || this.#known === undefined) {
      return err(refusal('not-supported', `this node cannot tell what ${name} costs`))
    }
    try {
      return joined.rule.worstCase(asked, this.#known)
    } catch (error) {
      return err(this.#bug(name, error))
    }
  }

  async #run(
    name: string,
    declared: Operation,
    joined: Joined,
    asked: object,
    resolved: AnyResolved,
    context: HandlerContext,
  ): Promise<Outcome> {
    const isACommand = isCommand(declared)
    if (isACommand && declared.keyRequired && context.key === undefined) {
      const missing = refusal('key-required', `${name} spends: give a key, so that it can be asked again safely`)
      return { result: err(missing), isStored: false }
    }
    const handle = (): Promise<Answer> => this.#guarded(name, joined, resolved.request, context)
    const { key } = context
    const answered =
      isACommand && key !== undefined
        ? await this.#underKey(name, () => this.#keyed.run(name, key, asked, handle, commandOf(declared, context)))
        : { result: await handle(), isStored: false }
    const { result } = answered
    if (isACommand) return this.#reckoned(name, joined, asked, answered)
    const reply = result.ok ? ok({ ...result.value, asOf: this.events.head() }) : result
    return { result: reply, isStored: false }
  }

  /** What it has come to in money, where it succeeded. */
  #reckoned(name: string, { rule }: Joined, asked: object, { result, isStored }: KeyedAnswer): Outcome {
    if (!result.ok || rule?.actual === undefined) return { result, isStored }
    try {
      return { result, isStored, cost: { ...NOTHING, ...rule.actual(result.value, asked) } }
    } catch (error) {
      this.#bug(name, error)
      return { result, isStored }
    }
  }

  async #guarded(name: string, { handler }: Joined, request: object, context: HandlerContext): Promise<Answer> {
    try {
      return await handler(request, context)
    } catch (error) {
      return err(this.#bug(name, error))
    }
  }

  async #underKey(name: string, run: () => Promise<KeyedAnswer>): Promise<KeyedAnswer> {
    try {
      return await run()
    } catch (error) {
      return { result: err(this.#bug(name, error)), isStored: false }
    }
  }

  #bug(operation: string, error: unknown): ContractError {
    this.#log.error('contract.handler-failed', { operation, error: stackOf(error) })
    return refusal('internal', 'a bug; the log of the node says more')
  }

  /** An operation that takes too long goes on: only the asker stops waiting, and is told what that means. */
  #inTime(outcome: Promise<Outcome>, command: boolean, timeoutMs: number): Promise<Result<unknown, ContractError>> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(timeoutMs, () =>
        resolve(
          err(
            command
              ? refusal('outcome-unknown', 'the command was taken; ask again with the same key for its outcome')
              : refusal('timed-out', 'no answer came in time'),
          ),
        ),
      )
      void outcome.then(({ result }) => {
        cancel()
        resolve(result)
      })
    })
  }
}

// A plugin's budget has counted what a key spent, and lets the same key pass: it must never spend again.
const commandOf = (declared: Operation, context: CallContext): CommandOf =>
  isSpending(declared) ? { stays: context.caller.kind === 'plugin' } : { passing: askerOf(context) }
