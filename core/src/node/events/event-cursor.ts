import type { Cursor } from '@fulgurite/plugin-sdk/contract'

/** A place in the log, opaque to readers. */
export interface Place {
  /** The sequence number of the last event that was read. */
  readonly after: number
  /** The reader was told of all losses up to here. */
  readonly told: number
}

/** The place after an event; the reader knows of losses up to `told`, if that is further. */
export const cursorOf = (after: number, told = 0): Cursor =>
  `e${after.toString(36)}${told > after ? `-${told.toString(36)}` : ''}`

const CURSOR = /^e(0|[1-9a-z][0-9a-z]{0,9})(?:-([1-9a-z][0-9a-z]{0,9}))?$/

export const placeOf = (cursor: Cursor): Place | undefined => {
  const [, after, told] = CURSOR.exec(cursor) ?? []
  if (after === undefined) return undefined
  return { after: Number.parseInt(after, 36), told: told === undefined ? 0 : Number.parseInt(told, 36) }
}
