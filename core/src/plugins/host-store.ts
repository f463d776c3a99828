/** A row to write; `undefined` deletes it. */
export type HostWrite = readonly [key: string, value: string | undefined]

/** Which rows of many: those whose key comes after `after`, `limit` at most. */
export interface PageOfRows {
  readonly after?: string
  readonly limit: number
}

/** Where the host keeps what must outlive it. The app connects it to the node's store. Reads see every batch that was put before. */
export interface HostStore {
  get(key: string): Promise<string | undefined>
  /** Rows whose key begins with `prefix`, in the order of their keys, a page at a time. */
  list(prefix: string, page: PageOfRows): Promise<readonly (readonly [key: string, value: string])[]>
  /** Like `list`, but with the number of bytes of each value in place of the value. */
  sizes(prefix: string, page: PageOfRows): Promise<readonly (readonly [key: string, bytes: number])[]>
  /** All of the batch or none, after every batch before it. Resolves when it is durable. */
  put(batch: readonly HostWrite[]): Promise<void>
}

const PAGE_ROWS = 512

/** All rows under a prefix, read a page at a time; only for prefixes whose rows the host limits itself. */
export const listAll = async (store: HostStore, prefix: string): Promise<readonly (readonly [string, string])[]> => {
  const rows: (readonly [string, string])[] = []
  let page: Awaited<ReturnType<HostStore['list']>>
  do {
    const after = rows.at(-1)?.[0]
    page = await store.list(prefix, { limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) })
    rows.push(...page)
  } while (page.length === PAGE_ROWS)
  return rows
}

/** How the host's rows are named, except those of limits (`ledger-rows.ts`). A plugin's own keys are under its name alone. */
export const keys = {
  value: (plugin: string, key: string): string => `value/${plugin}/${key}`,
  cursor: (plugin: string, label: string): string => `cursor/${plugin}/${label}`,
  parked: (plugin: string): string => `parked/${plugin}/`,
  schedule: (plugin: string, label: string): string => `schedule/${plugin}/${label}`,
  audit: (plugin: string, kind: string): string => `audit/${plugin}/${kind}`,
  /** That a plugin was removed, or is being removed, and what stays of it. */
  removed: (plugin: string): string => `removed/${plugin}`,
} as const
