// What a plugin has beside the language, for its tsconfig: "types": ["@fulgurite/plugin-sdk/globals"].

interface Console {
  debug(...parts: readonly unknown[]): void
  trace(...parts: readonly unknown[]): void
  log(...parts: readonly unknown[]): void
  info(...parts: readonly unknown[]): void
  warn(...parts: readonly unknown[]): void
  error(...parts: readonly unknown[]): void
}

/** Writes to the plugin's log. */
declare var console: Console

/** Timers keep the time of turns. */
declare function setTimeout<Args extends unknown[]>(
  run: (...args: Args) => void,
  delayMs?: number,
  ...args: Args
): number
declare function setInterval<Args extends unknown[]>(
  run: (...args: Args) => void,
  everyMs?: number,
  ...args: Args
): number
declare function clearTimeout(timer: number | undefined): void
declare function clearInterval(timer: number | undefined): void
declare function queueMicrotask(run: () => void): void

declare function atob(text: string): string
declare function btoa(text: string): string
declare function structuredClone<Value>(value: Value): Value

declare class TextEncoder {
  readonly encoding: 'utf-8'
  encode(text?: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean })
  readonly encoding: string
  decode(bytes?: ArrayBuffer | ArrayBufferView): string
}

declare class URLSearchParams implements Iterable<[string, string]> {
  constructor(from?: string | Iterable<readonly [string, string]> | Readonly<Record<string, string>>)
  readonly size: number
  append(name: string, value: string): void
  delete(name: string, value?: string): void
  get(name: string): string | null
  getAll(name: string): string[]
  has(name: string, value?: string): boolean
  set(name: string, value: string): void
  sort(): void
  forEach(run: (value: string, name: string) => void): void
  entries(): IterableIterator<[string, string]>
  keys(): IterableIterator<string>
  values(): IterableIterator<string>
  [Symbol.iterator](): IterableIterator<[string, string]>
}

declare class URL {
  constructor(url: string | URL, base?: string | URL)
  static canParse(url: string | URL, base?: string | URL): boolean
  static parse(url: string | URL, base?: string | URL): URL | null
  href: string
  readonly origin: string
  protocol: string
  username: string
  password: string
  host: string
  hostname: string
  port: string
  pathname: string
  search: string
  hash: string
  readonly searchParams: URLSearchParams
  toJSON(): string
}

/** Draws from the turn, which can be known: never make a key of it. */
declare var crypto: {
  getRandomValues<Bytes extends ArrayBufferView>(bytes: Bytes): Bytes
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`
}
