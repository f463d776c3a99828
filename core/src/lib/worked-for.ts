import { AsyncLocalStorage } from 'node:async_hooks'
import { beginWork } from './thread-time.ts'

/** Takes milliseconds that this thread has worked. */
type Charge = (ms: number) => void

const accounts = new AsyncLocalStorage<WorkAccount | undefined>()

/** What is being measured: one stretch at a time, so that nothing is charged twice. */
let stretch: { readonly account: WorkAccount; readonly worked: () => number } | undefined

const end = (): void => {
  if (stretch === undefined) return
  const { account, worked } = stretch
  stretch = undefined
  account.charge(worked())
}

/**
 * On whose account work that waits for the disk is done. What this thread does for it after each wait is charged; what it does before the
 * first wait is the caller's own step, and charged as that. What the work has begun may go on for others in the same context: when none of
 * it is open any more, nothing is charged.
 */
export class WorkAccount {
  readonly charge: Charge
  #open = 0

  constructor(charge: Charge) {
    this.charge = charge
  }

  get isOpen(): boolean {
    return this.#open > 0
  }

  /** What is begun in here is on this account, while it is open. To enter costs as much as a small query: many pieces of work share one. */
  enter<T>(begin: () => T): T {
    return accounts.run(this, begin)
  }

  /** A piece of work begins. */
  open(): void {
    this.#open += 1
  }

  /** It is over. */
  close(): void {
    this.#open -= 1
    if (!this.isOpen && stretch?.account === this) end()
  }
}

/** Begins what is on nobody's account, whoever asks. */
export const onNoAccount = <T>(begin: () => T): T => accounts.run(undefined, begin)

/** Does one piece of work on an account of its own. */
export const workedFor = async <T>(charge: Charge, work: () => Promise<T>): Promise<T> => {
  const account = new WorkAccount(charge)
  account.open()
  try {
    return await account.enter(work)
  } finally {
    account.close()
  }
}

/**
 * A wait for the disk is over. If somebody's account is charged for what follows, it is measured, up to the next macrotask at the latest: until
 * then only what this wait has held up runs. Otherwise it costs one look.
 */
export const waitIsOver = (): void => {
  const account = accounts.getStore()
  if (account === undefined || !account.isOpen) return
  end()
  stretch = { account, worked: beginWork() }
  process.nextTick(end)
}
