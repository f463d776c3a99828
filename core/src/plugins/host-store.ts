/** A row to write; `undefined` deletes it. */
export type HostWrite = readonly [key: string, value: string | undefined]

/** Where the host keeps what must outlive it. The app joins it to the node's store. Reads see every batch put before them. */
export interface HostStore {
  get(key: string): Promise<string | undefined>
  /** Rows whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: string])[]>
  /** All of the batch or none, after every batch before it. Resolves when it is durable. */
  put(batch: readonly HostWrite[]): Promise<void>
}

/** How the host's rows are named. A plugin's own keys stand under its name alone. */
export const keys = {
  value: (plugin: string, key: string): string => `value/${plugin}/${key}`,
  cursor: (plugin: string, label: string): string => `cursor/${plugin}/${label}`,
  parked: (plugin: string, label: string, cursor: string): string => `parked/${plugin}/${label}/${cursor}`,
  schedule: (plugin: string, label: string): string => `schedule/${plugin}/${label}`,
  audit: (plugin: string, at: number, count: number): string =>
    `audit/${plugin}/${String(at).padStart(15, '0')}-${String(count).padStart(9, '0')}`,
  /** Everything of a plugin but its limits (`ledger-rows.ts`) and the audit, which stay. */
  prefixesOf: (plugin: string): readonly string[] => [
    `value/${plugin}/`,
    `cursor/${plugin}/`,
    `parked/${plugin}/`,
    `schedule/${plugin}/`,
  ],
} as const
