/** Computes what it returns the first time that it is asked. */
export const once = <T extends object>(compute: () => T): (() => T) => {
  let known: T | undefined
  return () => {
    known ??= compute()
    return known
  }
}
