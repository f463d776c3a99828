import { stop } from 'esbuild'

/** How long esbuild's process stays for the next bundle: to start it costs the node more than to bundle. */
const STAYS_MS = 2_000
/** So that an install that fails and is repeated for ever takes only a small part of the processor. */
const PAUSE_AFTER_FAILURE_MS = 500

let waiting = 0
let leaving: NodeJS.Timeout | undefined
let last: Promise<void> = Promise.resolve()

/**
 * Bundles, one after the other: each may take much memory, and after one that failed comes a pause. esbuild's own process goes soon after the last: it would stay for
 * as long as the node runs. The abort of `late` ends that process at once, and the work fails, though esbuild itself would never
 * say so.
 */
export const whileBundling = async <T>(late: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  const before = last
  const { promise, resolve: done } = Promise.withResolvers<void>()
  last = promise
  waiting += 1
  clearTimeout(leaving)
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error('bundling took too long'))
  late?.addEventListener('abort', abort, { once: true })
  let begun = false
  let failed = false
  try {
    late?.throwIfAborted()
    await Promise.race([before, aborted])
    begun = true
    return await Promise.race([work(), aborted])
  } catch (thrown) {
    failed = begun
    throw thrown
  } finally {
    late?.removeEventListener('abort', abort)
    waiting -= 1
    // One that never began leaves the process to the one that is at work.
    if (begun && late?.aborted === true) await stop()
    // It keeps no process of ours from ending, and ends with it.
    else if (waiting === 0) leaving = setTimeout(stop, STAYS_MS).unref()
    void before.then(() => (failed ? setTimeout(done, PAUSE_AFTER_FAILURE_MS).unref() : done()))
  }
}
