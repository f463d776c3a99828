import { once } from './once.ts'

/**
 * Computes in the next turn of the event loop, or when the result is asked for before that. What the computation throws is thrown to those who ask.
 */
export const soon = <Result extends object>(compute: () => Result): (() => Result) => {
  const result = once(compute)
  setImmediate(() => {
    try {
      result()
    } catch {
      // Computed again, and thrown, when it is asked for.
    }
  })
  return result
}
