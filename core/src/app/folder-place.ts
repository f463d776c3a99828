import { statSync } from 'node:fs'
import { utf8Decode, utf8Encode } from '../lib/bytes.ts'

/**
 * What tells the file that a node has written to from a copy of it: a copy is as old as its copying. The number of a file alone does not,
 * because a new file may get that of one that was removed.
 */
export const placeOf = (path: string): Uint8Array => {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return utf8Encode(`${ino} ${birthtimeNs}`)
}

/** Whether the file was copied. Where a system does not say when a file was made, its copies are not told from it. */
export const isCopy = (kept: Uint8Array, place: Uint8Array): boolean => {
  const [before, now] = [kept, place].map(madeAt)
  return before !== UNKNOWN && now !== UNKNOWN && before !== now
}

const UNKNOWN = '0'

const madeAt = (place: Uint8Array): string => utf8Decode(place).split(' ')[1] ?? UNKNOWN
