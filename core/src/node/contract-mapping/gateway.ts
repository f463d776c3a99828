import {
  type ActorName,
  type ContractError,
  findOperation,
  isCommand,
  type OperationName,
  parseRequest,
} from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { CallContext, ContractGateway, EventLogPort, HookResponder } from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import type { KeyedCommands } from './keyed-commands.ts'

export interface GatewayOptions {
  readonly events: EventLogPort
  readonly keyed: KeyedCommands
  readonly clock: Clock
  readonly log: NodeLog
}

type AnyHandler = (request: unknown, context: CallContext) => Promise<Result<object, ContractError>>

const DEFAULT_TIMEOUT_MS = 60_000

/** Where everything that speaks the contract comes in: requests are checked here, once, and answered by the handlers. */
export class Gateway implements ContractGateway {
  readonly events: EventLogPort
  readonly #keyed: KeyedCommands
  readonly #clock: Clock
  readonly #log: NodeLog
  readonly #actors = new Map<string, Readonly<Record<string, AnyHandler>>>()
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

  /** Joins the handlers of an actor. Until then its operations are answered `not-ready`. */
  join<Name extends ActorName>(actor: Name, handlers: ActorHandlers<Name>): void {
    this.#actors.set(actor, handlers as unknown as Readonly<Record<string, AnyHandler>>)
  }

  async ask(
    actor: string,
    operation: string,
    request: unknown,
    context: CallContext,
  ): Promise<Result<unknown, ContractError>> {
    const declared = findOperation(actor, operation)
    const parsed = parseRequest(actor as ActorName, operation as OperationName<ActorName>, request)
    if (declared === undefined || !parsed.ok) {
      return parsed.ok ? err(refusal('unknown-operation', 'there is no such operation')) : parsed
    }
    const handler = this.#actors.get(actor)?.[operation]
    if (handler === undefined) return err(refusal('not-ready', 'the node is starting or stopping'))
    const command = isCommand(declared)
    if (command && declared.keyRequired && context.key === undefined) {
      return err(
        refusal('key-required', `${actor}.${operation} spends: give a key, so that it can be asked again safely`),
      )
    }
    const name = `${actor}.${operation}`
    const { key } = context
    const run = () => this.#guarded(name, () => handler(parsed.value, context))
    const answer = await this.#inTime(
      command && key !== undefined ? this.#guarded(name, () => this.#keyed.run(name, key, parsed.value, run)) : run(),
      command,
      context.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    )
    if (!answer.ok || command) return answer
    return ok({ ...answer.value, asOf: this.events.head() })
  }

  async #guarded(
    name: string,
    step: () => Promise<Result<object, ContractError>>,
  ): Promise<Result<object, ContractError>> {
    try {
      return await step()
    } catch (error) {
      this.#log.error('contract.handler-failed', { operation: name, error: stackOf(error) })
      return err(refusal('internal', 'a bug; the log of the node says more'))
    }
  }

  /** What takes too long goes on: only the asker stops waiting, and is told what that means. */
  #inTime(
    answer: Promise<Result<object, ContractError>>,
    command: boolean,
    timeoutMs: number,
  ): Promise<Result<object, ContractError>> {
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
      void answer.then((result) => {
        cancel()
        resolve(result)
      })
    })
  }
}
