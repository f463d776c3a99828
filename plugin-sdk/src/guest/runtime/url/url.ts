import { changeUrl, parseUrl } from './parse-url.ts'
import { percentEncode, SET } from './percent.ts'
import { isSpecial, isWithoutAuthority, type UrlRecord, writeHost, writePath, writeUrl } from './url-record.ts'
import { follow, ofUrl, type URLSearchParams } from './url-search-params.ts'

const read = (input: unknown, base: unknown): UrlRecord | undefined => {
  if (base === undefined) return parseUrl(String(input))
  const parsed = parseUrl(String(base))
  return parsed === undefined ? undefined : parseUrl(String(input), parsed)
}

/** As the web's. */
export class URL {
  #url: UrlRecord
  #params: URLSearchParams | undefined

  constructor(input: unknown, base?: unknown) {
    const url = read(input, base)
    if (url === undefined) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' })
    this.#url = url
  }

  static canParse(input: unknown, base?: unknown): boolean {
    return read(input, base) !== undefined
  }

  static parse(input: unknown, base?: unknown): URL | null {
    return URL.canParse(input, base) ? new URL(input, base) : null
  }

  get href(): string {
    return writeUrl(this.#url)
  }

  set href(value: unknown) {
    this.#url = new URL(value).#url
    this.#follow()
  }

  get origin(): string {
    const { scheme, path } = this.#url
    if (scheme === 'blob') {
      const inner = typeof path === 'string' ? parseUrl(path) : undefined
      return inner?.scheme === 'http' || inner?.scheme === 'https' ? `${inner.scheme}://${writeHost(inner)}` : 'null'
    }
    return isSpecial(scheme) && scheme !== 'file' ? `${scheme}://${writeHost(this.#url)}` : 'null'
  }

  get protocol(): string {
    return `${this.#url.scheme}:`
  }

  set protocol(value: unknown) {
    changeUrl(this.#url, `${String(value)}:`, 'schemeStart')
  }

  get username(): string {
    return this.#url.username
  }

  set username(value: unknown) {
    if (!isWithoutAuthority(this.#url)) this.#url.username = percentEncode(String(value), SET.userinfo)
  }

  get password(): string {
    return this.#url.password
  }

  set password(value: unknown) {
    if (!isWithoutAuthority(this.#url)) this.#url.password = percentEncode(String(value), SET.userinfo)
  }

  get host(): string {
    return writeHost(this.#url)
  }

  set host(value: unknown) {
    if (typeof this.#url.path !== 'string') changeUrl(this.#url, String(value), 'host')
  }

  get hostname(): string {
    return this.#url.host ?? ''
  }

  set hostname(value: unknown) {
    if (typeof this.#url.path !== 'string') changeUrl(this.#url, String(value), 'hostname')
  }

  get port(): string {
    return this.#url.port === undefined ? '' : String(this.#url.port)
  }

  set port(value: unknown) {
    if (isWithoutAuthority(this.#url)) return
    if (String(value) === '') this.#url.port = undefined
    else changeUrl(this.#url, String(value), 'port')
  }

  get pathname(): string {
    return writePath(this.#url)
  }

  set pathname(value: unknown) {
    if (typeof this.#url.path === 'string') return
    this.#url.path = []
    changeUrl(this.#url, String(value), 'pathStart')
  }

  get search(): string {
    const { query = '' } = this.#url
    return query === '' ? '' : `?${query}`
  }

  set search(value: unknown) {
    const text = String(value)
    this.#url.query = text === '' ? undefined : ''
    if (text !== '') changeUrl(this.#url, text.replace(/^\?/, ''), 'query')
    this.#follow()
  }

  get searchParams(): URLSearchParams {
    this.#params ??= ofUrl(this.#url.query ?? '', (query) => {
      this.#url.query = query === '' ? undefined : query
    })
    return this.#params
  }

  get hash(): string {
    const { fragment = '' } = this.#url
    return fragment === '' ? '' : `#${fragment}`
  }

  set hash(value: unknown) {
    const text = String(value)
    this.#url.fragment = text === '' ? undefined : ''
    if (text !== '') changeUrl(this.#url, text.replace(/^#/, ''), 'fragment')
  }

  toString(): string {
    return this.href
  }

  toJSON(): string {
    return this.href
  }

  get [Symbol.toStringTag](): string {
    return 'URL'
  }

  #follow(): void {
    if (this.#params !== undefined) follow(this.#params, this.#url.query ?? '')
  }
}
