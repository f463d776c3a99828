/** `Math.max` for amounts, of two to four. */
export const largest = (a: bigint, b: bigint, c = a, d = a): bigint => {
  let result = a
  if (b > result) result = b
  if (c > result) result = c
  if (d > result) result = d
  return result
}

/** `Math.min` for amounts, of two to four. */
export const smallest = (a: bigint, b: bigint, c = a, d = a): bigint => {
  let result = a
  if (b < result) result = b
  if (c < result) result = c
  if (d < result) result = d
  return result
}
