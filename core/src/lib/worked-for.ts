import { AsyncLocalStorage } from 'node:async_hooks'
import { beginWork } from './thread-time.ts'

/** Takes milliseconds that this thread has worked. */
type Charge = (ms: number) => void

/** On whose account work is done, until it is over. What it has begun may go on for others in the same context. */
interface Account {
  readonly charge: Charge
  isOpen: boolean
}

const accounts = new AsyncLocalStorage<Account>()

/** What is being measured: one stretch at a time, so that nothing is charged twice. */
let stretch: { readonly account: Account; readonly worked: () => number } | undefined

const end = (): void => {
  if (stretch === undefined) return
  const { account, worked } = stretch
  stretch = undefined
  account.charge(worked())
}

/**
 * Does work that waits for the disk, and charges what this thread does for it after each wait. What it does before the first wait is the
 * caller's own step, and charged as that.
 */
export const workedFor = async <T>(charge: Charge, work: () => Promise<T>): Promise<T> => {
  const account: Account = { charge, isOpen: true }
  try {
    return await accounts.run(account, work)
  } finally {
    account.isOpen = false
    if (stretch?.account === account) end()
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
