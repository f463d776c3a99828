import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { WorkAccount } from '../lib/worked-for.ts'
import type { RunAccount } from './account.ts'
import type { AskDesk } from './ask-desk.ts'
import type { DurableWork } from './durable-work.ts'
import { jsonSize } from './json-size.ts'
import type { Outbox } from './outbox.ts'
import type { Questions } from './questions.ts'

interface OutboxWorkOptions {
  readonly account: RunAccount
  readonly desk: AskDesk
  readonly work: DurableWork
  readonly questions: Questions
  readonly isEnded: () => boolean
  readonly refuse: (id: number, error: ContractError) => void
  readonly storeFailed: (thrown: unknown) => void
  /** Charges the plugin for time that the core's thread worked for it. */
  readonly charge: (coreMs: number) => void
}

/** Carries out what a plugin said in a turn. */
export class OutboxWork {
  readonly #options: OutboxWorkOptions

  constructor(options: OutboxWorkOptions) {
    this.#options = options
  }

  carryOut(outbox: Outbox, now: number): void {
    const { questions, work, isEnded } = this.#options
    for (const verdict of outbox.verdicts ?? []) questions.answered(verdict, now)
    for (const ack of outbox.acks ?? []) work.acknowledged(ack, now)
    for (const run of outbox.ran ?? []) work.ran(run)
    // The asks of a plugin that has just been ended are dropped.
    if (isEnded()) return
    for (const writes of outbox.writes ?? []) work.write(writes)
    for (const read of outbox.reads ?? []) void work.read(read)
    if (outbox.asks !== undefined) this.#ask(outbox.asks)
  }

  /** The asks of a turn share an account of the core's time. Each is held until it is answered. */
  #ask(asks: NonNullable<Outbox['asks']>): void {
    const time = new WorkAccount(this.#options.charge)
    time.enter(() => {
      for (const ask of asks) this.#hold(ask, time)
    })
  }

  #hold([id, actor, operation, request, options]: NonNullable<Outbox['asks']>[number], time: WorkAccount): void {
    const { account, desk, refuse, storeFailed } = this.#options
    const bytes = 2 * jsonSize(request, account.room('asks'))
    if (!account.take('asks', bytes)) {
      refuse(id, {
        code: 'rate-limited',
        message: 'the asks that already wait for an answer take too much memory: wait for one of them first',
      })
      return
    }
    desk
      .ask({ id, actor, operation, request, options }, time)
      .then(() => account.give('asks', bytes))
      .catch(storeFailed)
  }
}
