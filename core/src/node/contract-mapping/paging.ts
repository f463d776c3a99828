import { fromHex, isHex, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Row, Store } from '../../store/store.ts'
import type { Refusal } from '../contract-gateway.ts'
import { refusal } from './handlers.ts'

export interface PageRequest {
  readonly limit?: number | undefined
  readonly after?: string | undefined
}

/** Rows of a page where nobody says how many. */
export const DEFAULT_LIMIT = 100
/** Rows looked at for one page: what is rare in a long table is answered by empty pages rather than by one that takes long. */
const MOST_ROWS = 5_000
/** Rows of one look at the disk at least, however few are wanted. */
const LEAST_ROWS = 100
/** Other lists have tokens of other forms. */
const PLACE = /^p(0|[1-9a-z][0-9a-z]{0,7})$/
const NUMBER = /^n(0|[1-9a-z][0-9a-z]{0,9})$/

/** A page out of items that are all at hand; the token is the place of the next one. */
export const pageOf = <T>(
  items: readonly T[],
  page: PageRequest = {},
): Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>> => {
  if (page.after !== undefined && !PLACE.test(page.after)) return err(badToken())
  const start = page.after === undefined ? 0 : Number.parseInt(page.after.slice(1), 36)
  const end = start + (page.limit ?? DEFAULT_LIMIT)
  return ok({ items: items.slice(start, end), ...(end < items.length ? { next: `p${end.toString(36)}` } : {}) })
}

/** A page of what is numbered and listed by number; the token is the number of the last item. */
export const pageOfNumbered = <T extends { readonly number: number }>(
  page: PageRequest = {},
  listed: (after: number) => Iterable<T>,
): Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>> => {
  if (page.after !== undefined && !NUMBER.test(page.after)) return err(badToken())
  const after = page.after === undefined ? 0 : Number.parseInt(page.after.slice(1), 36)
  const limit = page.limit ?? DEFAULT_LIMIT
  const items: T[] = []
  for (const item of listed(after)) {
    if (items.length === limit) return ok({ items, next: `n${(items.at(-1) as T).number.toString(36)}` })
    items.push(item)
  }
  return ok({ items })
}

/**
 * A page of an index table, the newest first: rows that `read` answers with `undefined` are passed over, so many at most. The
 * token is the key of the last row looked at.
 */
export const pageOfIndex = async <T>(
  store: Store,
  table: string,
  page: PageRequest = {},
  read: (row: Row) => Promise<T | undefined>,
): Promise<Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>>> => {
  if (page.after !== undefined && !isHex(page.after)) return err(badToken())
  const limit = page.limit ?? DEFAULT_LIMIT
  const atOnce = Math.max(limit, LEAST_ROWS)
  const items: T[] = []
  let before = page.after === undefined ? undefined : fromHex(page.after)
  if (before !== undefined) {
    // Keys of one table are of one length: what is of another is no place in it.
    const [newest] = await store.scan(table, { reverse: true, limit: 1 })
    if (newest?.key.length !== before.length) return err(badToken())
  }
  for (let looked = 0; looked < MOST_ROWS; looked += atOnce) {
    const to = before === undefined ? {} : { to: before }
    const rows = await store.scan(table, { reverse: true, limit: atOnce, ...to })
    for (const row of rows) {
      before = row.key
      const item = await read(row)
      if (item !== undefined) items.push(item)
      if (items.length === limit) return ok({ items, next: toHex(row.key) })
    }
    if (rows.length < atOnce) return ok({ items })
  }
  return ok({ items, ...(before === undefined ? {} : { next: toHex(before) }) })
}

export const badToken = () =>
  refusal('invalid-request', 'page.after: no page of this list ends there: give the `next` of the page before', {
    field: 'page.after',
  })
