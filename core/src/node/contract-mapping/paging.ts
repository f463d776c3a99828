import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import { compareBytes, concat, EMPTY, fromHex, isHex, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Store } from '../../store/store.ts'
import type { Refusal } from '../contract-gateway.ts'
import { refusal } from './handlers.ts'

export interface PageRequest {
  readonly limit?: number | undefined
  readonly after?: string | undefined
}

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
  const end = start + (page.limit ?? DEFAULTS.pageRows)
  return ok({ items: items.slice(start, end), ...(end < items.length ? { next: `p${end.toString(36)}` } : {}) })
}

/** A page of what is numbered and listed by number; the token is the number of the last item. */
export const pageOfNumbered = <T extends { readonly number: number }>(
  page: PageRequest = {},
  listed: (after: number) => Iterable<T>,
): Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>> => {
  if (page.after !== undefined && !NUMBER.test(page.after)) return err(badToken())
  const after = page.after === undefined ? 0 : Number.parseInt(page.after.slice(1), 36)
  const limit = page.limit ?? DEFAULTS.pageRows
  const items: T[] = []
  for (const item of listed(after)) {
    if (items.length === limit) return ok({ items, next: `n${(items.at(-1) as T).number.toString(36)}` })
    items.push(item)
  }
  return ok({ items })
}

/** An index whose keys begin with a byte for a class, and then say a place that is in order over all classes. */
export interface ClassIndex {
  readonly table: string
  readonly classes: readonly number[]
  /** Of every key. */
  readonly keyLength: number
}

/**
 * A page of an index, the newest first: of one class, or of several as one list. Each class is read once, from where the page begins, for
 * as many rows as the page has; a row in two classes is listed once. The token is the key of the last row.
 */
export const pageOfIndex = async <T>(
  store: Store,
  { table, classes, keyLength }: ClassIndex,
  page: PageRequest = {},
  read: (keys: readonly Uint8Array[]) => Promise<readonly (T | undefined)[]>,
): Promise<Result<{ readonly items: readonly T[]; readonly next?: string }, Refusal<'invalid-request'>>> => {
  const limit = page.limit ?? DEFAULTS.pageRows
  const before = page.after === undefined ? undefined : isHex(page.after) ? fromHex(page.after).subarray(1) : EMPTY
  if (before !== undefined && before.length !== keyLength - 1) return err(badToken())
  const pages = await Promise.all(
    classes.map((first) => {
      const from = Uint8Array.of(first)
      const to = before === undefined ? Uint8Array.of(first + 1) : concat(from, before)
      return store.scan(table, { from, to, reverse: true, limit })
    }),
  )
  const places = new Map(pages.flat().map(({ key }) => [toHex(key.subarray(1)), key]))
  const keys = [...places.values()].sort((a, b) => compareBytes(b.subarray(1), a.subarray(1))).slice(0, limit)
  const items = (await read(keys)).filter((item) => item !== undefined)
  const last = keys.at(-1)
  return ok({ items, ...(keys.length < limit || last === undefined ? {} : { next: toHex(last) }) })
}

export const badToken = () =>
  refusal('invalid-request', 'page.after: no page of this list ends there: give the `next` of the page before', {
    field: 'page.after',
  })
