import { stop } from 'esbuild'

let bundling = 0

/** Lets esbuild's own process go after the work: it would stay for as long as the node runs. */
export const whileBundling = async <T>(work: () => Promise<T>): Promise<T> => {
  bundling += 1
  try {
    return await work()
  } finally {
    bundling -= 1
    if (bundling === 0) await stop()
  }
}
