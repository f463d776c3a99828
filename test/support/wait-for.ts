import { PATIENCE_MS } from './patience.ts'

const POLL_MS = 25

/** Waits until it holds; fails loudly after a while. */
export const waitFor = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until: ${what}`)
    await pause()
  }
}

/** Before one looks again. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS))
