/** `Math.max` for amounts. */
export const largest = (first: bigint, ...rest: readonly bigint[]): bigint => {
  let result = first
  for (const value of rest) if (value > result) result = value
  return result
}

/** `Math.min` for amounts. */
export const smallest = (first: bigint, ...rest: readonly bigint[]): bigint => {
  let result = first
  for (const value of rest) if (value < result) result = value
  return result
}
