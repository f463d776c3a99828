import { concat, fromHex, toHex, utf8Decode, utf8Encode } from '../../lib/bytes.ts'

/** The place of a command that spends nothing among the rows of its asker. */
export interface CommandPlace {
  readonly asker: string
  /** They take turns; a new one takes the place of the oldest. */
  readonly turn: number
  readonly key: string
}

/** What is kept under an idempotency key. */
export interface StoredCommand {
  /** SHA-256 of operation and request. */
  readonly digest: string
  readonly operation: string
  /** Absent while the command runs, and afterwards if the node died meanwhile. */
  readonly outcome?: { readonly ok: boolean; readonly text: string }
  /** For a command that spends nothing: its row is not kept for ever. */
  readonly place?: CommandPlace
  /** No retention removes it, wherever it is listed: somebody counts what was spent under its key, and once only. */
  readonly stays?: true
}

/**
 * The first byte of a command of which only its kind is stored: there is one for each payment. Others are JSON. Versions before have
 * written only one of the two, whoever asked: those stay.
 */
const BRIEF_AND_STAYS = 1
const BRIEF = 2

export const writeCommand = (stored: StoredCommand): Uint8Array => {
  const { digest, operation, outcome, place, stays } = stored
  return outcome === undefined && place === undefined
    ? concat(Uint8Array.of(stays === true ? BRIEF_AND_STAYS : BRIEF), fromHex(digest), utf8Encode(operation))
    : utf8Encode(JSON.stringify(stored))
}

/** Rows of the first versions are all JSON. */
export const readCommand = (row: Uint8Array): StoredCommand => {
  if (row[0] !== BRIEF && row[0] !== BRIEF_AND_STAYS) return JSON.parse(utf8Decode(row)) as StoredCommand
  const brief = { digest: toHex(row.subarray(1, 33)), operation: utf8Decode(row.subarray(33)) }
  return row[0] === BRIEF ? brief : { ...brief, stays: true }
}
