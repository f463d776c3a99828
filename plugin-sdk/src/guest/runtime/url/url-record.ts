/** A URL in its parts (URL standard, section 4.1), each as it is written out. */
export interface UrlRecord {
  scheme: string
  username: string
  password: string
  host: string | undefined
  port: number | undefined
  /** One text where it is opaque. */
  path: string | string[]
  query: string | undefined
  fragment: string | undefined
}

/** Special schemes and the ports that go without saying. */
const SPECIAL: ReadonlyMap<string, number | undefined> = new Map([
  ['ftp', 21],
  ['file', undefined],
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
])

export const isSpecial = (scheme: string): boolean => SPECIAL.has(scheme)
export const defaultPort = (scheme: string): number | undefined => SPECIAL.get(scheme)

export const emptyUrl = (): UrlRecord => ({
  scheme: '',
  username: '',
  password: '',
  host: undefined,
  port: undefined,
  path: [],
  query: undefined,
  fragment: undefined,
})

export const hasCredentials = ({ username, password }: UrlRecord): boolean => username !== '' || password !== ''

/** Whether it can have neither user nor port. */
export const isWithoutAuthority = ({ host, scheme }: UrlRecord): boolean =>
  host === undefined || host === '' || scheme === 'file'

export const writePath = ({ path }: UrlRecord): string =>
  typeof path === 'string' ? path : path.map((part) => `/${part}`).join('')

export const writeHost = ({ host = '', port }: UrlRecord): string => (port === undefined ? host : `${host}:${port}`)

export const writeUrl = (url: UrlRecord): string => {
  const { scheme, username, password, host, path, query, fragment } = url
  const user = hasCredentials(url) ? `${username}${password === '' ? '' : `:${password}`}@` : ''
  // A path that begins with two slashes must not be read as a host.
  const hidden = typeof path !== 'string' && path.length > 1 && path[0] === '' ? '/.' : ''
  return [
    `${scheme}:`,
    host === undefined ? hidden : `//${user}${writeHost(url)}`,
    writePath(url),
    query === undefined ? '' : `?${query}`,
    fragment === undefined ? '' : `#${fragment}`,
  ].join('')
}
