import { stop } from 'esbuild'

let bundling = 0

/**
 * Lets esbuild's own process go after the work: it would stay for as long as the node runs. Where `late` is given, its abort
 * ends that process at once, and with it whatever it is at: the work then fails, though esbuild itself would never say so.
 */
export const whileBundling = async <T>(late: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    void stop()
    reject(new Error('bundling took too long'))
  }
  late?.addEventListener('abort', abort, { once: true })
  bundling += 1
  try {
    return await Promise.race([work(), aborted])
  } finally {
    late?.removeEventListener('abort', abort)
    bundling -= 1
    if (bundling === 0) await stop()
  }
}
