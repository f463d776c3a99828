import { percentDecode, percentEncode, SET } from './percent.ts'

type Pair = [name: string, value: string]

/** The parameters of a URL: another query for them, of which the URL knows already. */
export let follow: (params: URLSearchParams, query: string) => void
/** Parameters whose URL hears of each change. */
export let ofUrl: (query: string, changed: (query: string) => void) => URLSearchParams

/** As the web's: a query's names and values, in order. */
export class URLSearchParams {
  #pairs: Pair[] = []
  #changed: (query: string) => void = () => {}

  static {
    follow = (params, query) => {
      params.#pairs = readForm(query)
    }
    ofUrl = (query, changed) => {
      const params = new URLSearchParams()
      params.#pairs = readForm(query)
      params.#changed = changed
      return params
    }
  }

  constructor(init: unknown = '') {
    this.#pairs = Object(init) === init ? pairsOf(init as object) : readForm(String(init).replace(/^\?/, ''))
  }

  get size(): number {
    return this.#pairs.length
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([String(name).toWellFormed(), String(value).toWellFormed()])
    this.#tell()
  }

  delete(name: unknown, value?: unknown): void {
    const matches = matching(name, value)
    this.#pairs = this.#pairs.filter((pair) => !matches(pair))
    this.#tell()
  }

  get(name: unknown): string | null {
    return this.#pairs.find(matching(name))?.[1] ?? null
  }

  getAll(name: unknown): string[] {
    return this.#pairs.filter(matching(name)).map(([, value]) => value)
  }

  has(name: unknown, value?: unknown): boolean {
    return this.#pairs.some(matching(name, value))
  }

  set(name: unknown, value: unknown): void {
    const matches = matching(name)
    const first = this.#pairs.findIndex(matches)
    if (first < 0) {
      this.append(name, value)
      return
    }
    this.#pairs = this.#pairs.filter((pair, i) => i === first || !matches(pair))
    this.#pairs[first] = [String(name).toWellFormed(), String(value).toWellFormed()]
    this.#tell()
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    this.#tell()
  }

  forEach(each: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
    for (const [name, value] of this) each.call(self, value, name, this)
  }

  *entries(): IterableIterator<Pair> {
    for (let at = 0; at < this.#pairs.length; at++) {
      const [name, value] = this.#pairs[at] as Pair
      yield [name, value]
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries()
  }

  toString(): string {
    return this.#pairs.map((pair) => pair.map(writeForm).join('=')).join('&')
  }

  get [Symbol.toStringTag](): string {
    return 'URLSearchParams'
  }

  #tell(): void {
    this.#changed(this.toString())
  }
}

const matching =
  (name: unknown, value?: unknown) =>
  ([itsName, itsValue]: Pair): boolean =>
    itsName === String(name).toWellFormed() && (value === undefined || itsValue === String(value).toWellFormed())

const pairsOf = (init: object): Pair[] => {
  const given: readonly unknown[] = Symbol.iterator in init ? [...(init as Iterable<unknown>)] : Object.entries(init)
  return given.map((one) => {
    const pair = [...(one as Iterable<unknown>)]
    if (pair.length !== 2) throw new TypeError('each parameter is a name and a value')
    return [String(pair[0]).toWellFormed(), String(pair[1]).toWellFormed()]
  })
}

const readForm = (query: string): Pair[] =>
  query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=')
      const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
      return [readWord(name), readWord(value)]
    })

const readWord = (word: string): string => percentDecode(word.replaceAll('+', ' '))

const writeForm = (word: string): string => percentEncode(word, SET.form.replace(' ', '')).replaceAll(' ', '+')
