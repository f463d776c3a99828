const BIGINT_CHARS = 22
const SCALAR_CHARS = 8

/**
 * About how many characters plain data takes as JSON text, counted without making the text. Counting ends once it passes `enough`, so
 * that data which is much too large costs no more than data which is just too large.
 */
export const jsonSize = (value: unknown, enough: number): number => {
  switch (typeof value) {
    case 'string':
      return value.length + 2
    case 'bigint':
      return BIGINT_CHARS
    case 'object':
      return value === null ? SCALAR_CHARS : sizeOfMembers(value, enough)
    default:
      return SCALAR_CHARS
  }
}

const sizeOfMembers = (value: object, enough: number): number => {
  let size = 2
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && size <= enough; i++) size += 1 + jsonSize(value[i], enough - size)
    return size
  }
  for (const key in value) {
    if (size > enough) return size
    size += key.length + 4 + jsonSize((value as Record<string, unknown>)[key], enough - size)
  }
  return size
}
