/** Computes its result on the first call, and returns the same one afterwards. */
export const once = <T extends object>(compute: () => T): (() => T) => {
  let known: T | undefined
  return () => {
    known ??= compute()
    return known
  }
}
