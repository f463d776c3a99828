import { parseHost } from './host.ts'
import { percentEncode, SET } from './percent.ts'
import { defaultPort, emptyUrl, hasCredentials, isSpecial, type UrlRecord } from './url-record.ts'

// The basic URL parser of the URL standard, section 4.4: the same states, so that it can be held beside it.

type State = keyof typeof STEPS
/** `failed`, `over` where a setter's state has done its part, or on with the next character. */
type Step = 'failed' | 'over' | undefined

interface Run {
  readonly url: UrlRecord
  readonly base: UrlRecord | undefined
  /** A setter's parse begins, and ends, with one part of the URL. */
  readonly setter: State | undefined
  readonly points: readonly string[]
  at: number
  state: State
  buffer: string
  atSeen: boolean
  inBrackets: boolean
  passwordSeen: boolean
}

/** `undefined` if it is no URL. */
export const parseUrl = (input: string, base?: UrlRecord): UrlRecord | undefined => {
  const url = emptyUrl()
  const trimmed = input.replaceAll(/^[\0- ]+|[\0- ]+$/g, '')
  return run(trimmed, url, base, undefined) ? url : undefined
}

/** Gives a part of the URL another value; what cannot be a value of it changes nothing. */
export const changeUrl = (url: UrlRecord, input: string, setter: State): void => {
  run(input, url, undefined, setter)
}

const run = (input: string, url: UrlRecord, base: UrlRecord | undefined, setter: State | undefined): boolean => {
  const points = [...input.replaceAll(/[\t\n\r]/g, '').toWellFormed()]
  const state = setter ?? 'schemeStart'
  const begun = { url, base, setter, points, at: 0, state, buffer: '' }
  const current: Run = { ...begun, atSeen: false, inBrackets: false, passwordSeen: false }
  for (; ; current.at++) {
    const step = STEPS[current.state](current, points[current.at] ?? '')
    if (step !== undefined) return step === 'over'
    if (current.at >= points.length) return true
  }
}

/** Goes on with the same character in another state. */
const again = (r: Run, state: State): undefined => {
  r.state = state
  r.at -= 1
}

const next = (r: Run, state: State): undefined => {
  r.state = state
}

const isSlash = (r: Run, c: string): boolean => c === '/' || (c === '\\' && isSpecial(r.url.scheme))
const endsAuthority = (r: Run, c: string): boolean => c === '' || c === '?' || c === '#' || isSlash(r, c)
const follows = ({ points, at }: Run, text: string): boolean =>
  points.slice(at + 1, at + 1 + text.length).join('') === text

const beginQuery = (r: Run): undefined => {
  r.url.query = ''
  r.state = 'query'
}

const beginFragment = (r: Run): undefined => {
  r.url.fragment = ''
  r.state = 'fragment'
}

const pathOf = ({ url }: Run): string[] => url.path as string[]

const shorten = (r: Run): void => {
  const path = pathOf(r)
  if (r.url.scheme === 'file' && path.length === 1 && /^[a-z]:$/i.test(path[0] ?? '')) return
  path.pop()
}

const copyPath = ({ path }: UrlRecord): string | string[] => (typeof path === 'string' ? path : [...path])

const beginsWithDrive = ({ points, at }: Run): boolean =>
  /^[a-z][:|]$/i.test(points.slice(at, at + 2).join('')) && ['', '/', '\\', '?', '#'].includes(points[at + 2] ?? '')

const isDot = (part: string): boolean => /^(\.|%2e)$/i.test(part)
const isDoubleDot = (part: string): boolean => /^(\.|%2e){2}$/i.test(part)

const takeHost = (r: Run): boolean => {
  const host = parseHost(r.buffer, !isSpecial(r.url.scheme))
  if (host === undefined) return false
  r.url.host = host
  r.buffer = ''
  return true
}

const takeScheme = (r: Run): Step => {
  const { url, buffer, setter, base } = r
  if (setter !== undefined) {
    if (isSpecial(url.scheme) !== isSpecial(buffer)) return 'over'
    if ((hasCredentials(url) || url.port !== undefined) && buffer === 'file') return 'over'
    if (url.scheme === 'file' && url.host === '') return 'over'
  }
  url.scheme = buffer
  if (setter !== undefined) {
    if (url.port === defaultPort(url.scheme)) url.port = undefined
    return 'over'
  }
  r.buffer = ''
  if (url.scheme === 'file') return next(r, 'file')
  if (isSpecial(url.scheme)) {
    return next(r, base?.scheme === url.scheme ? 'specialRelativeOrAuthority' : 'specialAuthoritySlashes')
  }
  if (follows(r, '/')) {
    r.at += 1
    return next(r, 'pathOrAuthority')
  }
  url.path = ''
  return next(r, 'opaquePath')
}

const takeCredentials = (r: Run): void => {
  const { url } = r
  const text = r.atSeen ? `%40${r.buffer}` : r.buffer
  r.atSeen = true
  for (const character of text) {
    if (character === ':' && !r.passwordSeen) r.passwordSeen = true
    else if (r.passwordSeen) url.password += percentEncode(character, SET.userinfo)
    else url.username += percentEncode(character, SET.userinfo)
  }
  r.buffer = ''
}

const hostState = (r: Run, c: string): Step => {
  const { url, setter } = r
  if (setter !== undefined && url.scheme === 'file') return again(r, 'fileHost')
  if (c === ':' && !r.inBrackets) {
    if (r.buffer === '' || setter === 'hostname' || !takeHost(r)) return 'failed'
    return next(r, 'port')
  }
  if (endsAuthority(r, c)) {
    if (isSpecial(url.scheme) && r.buffer === '') return 'failed'
    if (setter !== undefined && r.buffer === '' && (hasCredentials(url) || url.port !== undefined)) return 'failed'
    if (!takeHost(r)) return 'failed'
    return setter === undefined ? again(r, 'pathStart') : 'over'
  }
  if (c === '[') r.inBrackets = true
  if (c === ']') r.inBrackets = false
  r.buffer += c
  return undefined
}

const STEPS = {
  schemeStart(r: Run, c: string): Step {
    if (/^[a-z]$/i.test(c)) {
      r.buffer += c.toLowerCase()
      return next(r, 'scheme')
    }
    return r.setter === undefined ? again(r, 'noScheme') : 'failed'
  },

  scheme(r: Run, c: string): Step {
    if (/^[a-z\d+.-]$/i.test(c)) {
      r.buffer += c.toLowerCase()
      return undefined
    }
    if (c === ':') return takeScheme(r)
    if (r.setter !== undefined) return 'failed'
    r.buffer = ''
    r.at = -1
    return next(r, 'noScheme')
  },

  noScheme(r: Run, c: string): Step {
    const { base, url } = r
    if (base === undefined || (typeof base.path === 'string' && c !== '#')) return 'failed'
    if (typeof base.path !== 'string') return again(r, base.scheme === 'file' ? 'file' : 'relative')
    Object.assign(url, { scheme: base.scheme, path: base.path, query: base.query })
    return beginFragment(r)
  },

  specialRelativeOrAuthority(r: Run, c: string): Step {
    if (c !== '/' || !follows(r, '/')) return again(r, 'relative')
    r.at += 1
    return next(r, 'specialAuthorityIgnoreSlashes')
  },

  pathOrAuthority(r: Run, c: string): Step {
    return c === '/' ? next(r, 'authority') : again(r, 'path')
  },

  relative(r: Run, c: string): Step {
    const { url } = r
    const base = r.base as UrlRecord
    url.scheme = base.scheme
    if (isSlash(r, c)) return next(r, 'relativeSlash')
    const { username, password, host, port, query } = base
    Object.assign(url, { username, password, host, port, query, path: copyPath(base) })
    if (c === '?') return beginQuery(r)
    if (c === '#') return beginFragment(r)
    if (c === '') return undefined
    url.query = undefined
    shorten(r)
    return again(r, 'path')
  },

  relativeSlash(r: Run, c: string): Step {
    if (isSpecial(r.url.scheme) && isSlash(r, c)) return next(r, 'specialAuthorityIgnoreSlashes')
    if (c === '/') return next(r, 'authority')
    const { username, password, host, port } = r.base as UrlRecord
    Object.assign(r.url, { username, password, host, port })
    return again(r, 'path')
  },

  specialAuthoritySlashes(r: Run, c: string): Step {
    if (c !== '/' || !follows(r, '/')) return again(r, 'specialAuthorityIgnoreSlashes')
    r.at += 1
    return next(r, 'specialAuthorityIgnoreSlashes')
  },

  specialAuthorityIgnoreSlashes(r: Run, c: string): Step {
    return c === '/' || c === '\\' ? undefined : again(r, 'authority')
  },

  authority(r: Run, c: string): Step {
    if (c === '@') {
      takeCredentials(r)
      return undefined
    }
    if (!endsAuthority(r, c)) {
      r.buffer += c
      return undefined
    }
    if (r.atSeen && r.buffer === '') return 'failed'
    r.at -= [...r.buffer].length + 1
    r.buffer = ''
    return next(r, 'host')
  },

  host: hostState,
  hostname: hostState,

  port(r: Run, c: string): Step {
    const { url, setter } = r
    if (/^\d$/.test(c)) {
      r.buffer += c
      return undefined
    }
    if (!endsAuthority(r, c) && setter === undefined) return 'failed'
    if (r.buffer !== '') {
      const port = Number(r.buffer)
      if (port > 65_535) return 'failed'
      url.port = port === defaultPort(url.scheme) ? undefined : port
      r.buffer = ''
      if (setter !== undefined) return 'over'
    }
    return setter === undefined ? again(r, 'pathStart') : 'failed'
  },

  file(r: Run, c: string): Step {
    const { url, base } = r
    url.scheme = 'file'
    url.host = ''
    if (c === '/' || c === '\\') return next(r, 'fileSlash')
    if (base?.scheme !== 'file') return again(r, 'path')
    Object.assign(url, { host: base.host, path: copyPath(base), query: base.query })
    if (c === '?') return beginQuery(r)
    if (c === '#') return beginFragment(r)
    if (c === '') return undefined
    url.query = undefined
    if (beginsWithDrive(r)) url.path = []
    else shorten(r)
    return again(r, 'path')
  },

  fileSlash(r: Run, c: string): Step {
    const { url, base } = r
    if (c === '/' || c === '\\') return next(r, 'fileHost')
    if (base?.scheme === 'file') {
      url.host = base.host
      const [drive = ''] = base.path
      if (!beginsWithDrive(r) && /^[a-z]:$/i.test(drive)) pathOf(r).push(drive)
    }
    return again(r, 'path')
  },

  fileHost(r: Run, c: string): Step {
    const { url, setter } = r
    if (!['', '/', '\\', '?', '#'].includes(c)) {
      r.buffer += c
      return undefined
    }
    // A drive is kept for the path.
    if (setter === undefined && /^[a-z][:|]$/i.test(r.buffer)) return again(r, 'path')
    if (r.buffer === '') url.host = ''
    else if (!takeHost(r)) return 'failed'
    if (url.host === 'localhost') url.host = ''
    return setter === undefined ? again(r, 'pathStart') : 'over'
  },

  pathStart(r: Run, c: string): Step {
    const { url, setter } = r
    if (isSpecial(url.scheme)) return isSlash(r, c) ? next(r, 'path') : again(r, 'path')
    if (setter === undefined && c === '?') return beginQuery(r)
    if (setter === undefined && c === '#') return beginFragment(r)
    if (c !== '') return c === '/' ? next(r, 'path') : again(r, 'path')
    if (setter !== undefined && url.host === undefined) pathOf(r).push('')
    return undefined
  },

  path(r: Run, c: string): Step {
    const isEnd = c === '' || isSlash(r, c) || (r.setter === undefined && (c === '?' || c === '#'))
    if (!isEnd) {
      r.buffer += percentEncode(c, SET.path)
      return undefined
    }
    const path = pathOf(r)
    if (isDoubleDot(r.buffer)) {
      shorten(r)
      if (!isSlash(r, c)) path.push('')
    } else if (isDot(r.buffer)) {
      if (!isSlash(r, c)) path.push('')
    } else {
      const isDrive = r.url.scheme === 'file' && path.length === 0 && /^[a-z][:|]$/i.test(r.buffer)
      path.push(isDrive ? `${r.buffer[0]}:` : r.buffer)
    }
    r.buffer = ''
    if (c === '?') return beginQuery(r)
    if (c === '#') return beginFragment(r)
    return undefined
  },

  opaquePath(r: Run, c: string): Step {
    if (c === '?') return beginQuery(r)
    if (c === '#') return beginFragment(r)
    // A space at the end would be lost when the URL is read again.
    if (c === ' ' && (follows(r, '?') || follows(r, '#'))) r.url.path += '%20'
    else r.url.path = `${r.url.path}${percentEncode(c, SET.control)}`
    return undefined
  },

  query(r: Run, c: string): Step {
    const isEnd = c === '' || (r.setter === undefined && c === '#')
    if (!isEnd) {
      r.buffer += c
      return undefined
    }
    const set = isSpecial(r.url.scheme) ? SET.specialQuery : SET.query
    r.url.query = `${r.url.query ?? ''}${percentEncode(r.buffer, set)}`
    r.buffer = ''
    return c === '#' ? beginFragment(r) : undefined
  },

  fragment(r: Run, c: string): Step {
    r.url.fragment = `${r.url.fragment ?? ''}${percentEncode(c, SET.fragment)}`
    return undefined
  },
} satisfies Record<string, (r: Run, c: string) => Step>
