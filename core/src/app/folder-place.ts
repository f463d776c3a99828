import { statSync } from 'node:fs'
import { utf8Decode, utf8Encode } from '../lib/bytes.ts'

/**
 * What tells the file that a node has written to from a copy of it. A copy is as old as its copying, and no file system gives two files
 * one number; where a system does not say when a file was made, its copies are not told from it.
 */
export const placeOf = (path: string): Uint8Array => {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return utf8Encode(`${ino} ${birthtimeNs}`)
}

/** Whether the file was copied: only if both differ, since some file systems count their files anew, and others know no time of making. */
export const isCopy = (kept: Uint8Array, place: Uint8Array): boolean => {
  const [before, now] = [kept, place].map((each) => utf8Decode(each).split(' '))
  return before?.[0] !== now?.[0] && before?.[1] !== now?.[1]
}
