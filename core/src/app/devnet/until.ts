import { FailureError } from '../../lib/errors.ts'

const POLL_MS = 20

/** Asks until there is an answer other than `undefined`; after the deadline it throws an error that names what it waited for. */
export const until = async <T>(
  what: string,
  timeoutMs: number,
  check: () => T | undefined | Promise<T | undefined>,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await check()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) {
      throw new FailureError({ code: 'took-too-long', what, seconds: Math.round(timeoutMs / 1000) })
    }
    // Waiting alone does not keep the process alive.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref())
  }
}
