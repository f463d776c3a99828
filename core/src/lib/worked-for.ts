import { AsyncLocalStorage } from 'node:async_hooks'
import { threadTime } from './thread-time.ts'

/** Takes milliseconds that this thread has worked. */
type Charge = (ms: number) => void

const account = new AsyncLocalStorage<Charge>()

/** What is being measured: one stretch at a time, so that nothing is charged twice. */
let stretch: { readonly charge: Charge; readonly begun: number } | undefined

const end = (): void => {
  if (stretch === undefined) return
  const { charge, begun } = stretch
  stretch = undefined
  charge(threadTime() - begun)
}

/**
 * Does work that waits for the disk, and charges what this thread does for it after each wait. What it does before the first wait is the
 * caller's own step, and charged as that.
 */
export const workedFor = async <T>(charge: Charge, work: () => Promise<T>): Promise<T> => {
  try {
    return await account.run(charge, work)
  } finally {
    if (stretch?.charge === charge) end()
  }
}

/**
 * A wait for the disk is over. If somebody's account is charged for what follows, it is measured, up to the next macrotask at the latest: until
 * then only what this wait has held up runs. Otherwise it costs one look.
 */
export const waitIsOver = (): void => {
  const charge = account.getStore()
  if (charge === undefined) return
  end()
  stretch = { charge, begun: threadTime() }
  process.nextTick(end)
}
