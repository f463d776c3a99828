import test from 'ava'
import { URL as OurUrl } from './url.ts'
import { URLSearchParams as OurParams } from './url-search-params.ts'

// The judge is Node's own, which follows the same standard.

const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port'] as const
const ALL = [...PARTS, 'pathname', 'search', 'hash'] as const
const SETTABLE = ALL.filter((part) => part !== 'origin')

type AnyUrl = Record<(typeof ALL)[number], string> & { readonly searchParams: { toString(): string } }

const shown = (make: () => unknown): unknown => {
  try {
    const url = make() as AnyUrl
    return Object.fromEntries([...ALL.map((part) => [part, url[part]]), ['params', String(url.searchParams)]])
  } catch (error) {
    return (error as Error).name
  }
}

const same = (t: { deepEqual(a: unknown, b: unknown, why: string): unknown }, input: string, base?: string): void => {
  t.deepEqual(
    shown(() => new OurUrl(input, base)),
    shown(() => new URL(input, base)),
    `${JSON.stringify(input)} on ${JSON.stringify(base)}`,
  )
}

const URLS = [
  ...[
    'https://user:pa%20ss@example.com:8443/a/b/../c/./d?x=1&y=%20#frag',
    'HTTP://EXAMPLE.com:80/%7Efoo/%zz',
    'http://a',
  ],
  ...[
    'https://example.com:443',
    'http:example.com',
    'http:\\\\a\\b',
    'http://[::1]:8080/',
    'http://[1:2::7:8]/',
    'http://[::127.0.0.1]',
  ],
  ...[
    'http://0x7f.1',
    'http://127.1',
    'http://256',
    'http://1.2.3.4.5',
    'http://1.2.3.0400',
    'http://09.1',
    'http://999999999999',
    'http://1.2.3.4.',
  ],
  ...['file:///c:/a/../..', 'file:c|/x', 'file://host/c:/..', 'file:///', 'file://localhost/a', 'file:a/b', 'file:?q'],
  ...[
    'mailto:a b@c?d#e',
    'data:text/plain,a b',
    'data: x #y',
    'javascript:alert(1)',
    'blob:https://a.b/c',
    'blob:d',
    'about:blank',
  ],
  ...[
    'foo://bar//..//x',
    'foo:/..//p',
    'foo://',
    'foo:///',
    'foo:bar/..',
    'foo://a b',
    'foo://é/é',
    'lightning:lnbc1?x',
    'bitcoin:bc1q?amount=1',
  ],
  ...[
    '//x/y',
    '/p',
    '../../q',
    '?z',
    '#h',
    '',
    '.',
    'a:b',
    '\\\\x',
    'c:/d',
    '|',
    'http://',
    'http:///',
    'http://:80',
    'http://a:b',
    'http://a:65536',
    'http://a@',
  ],
  ...[
    'http://münchen.de/ä?ö#ü',
    'http://日本語。jp',
    'http://faß.de',
    'http://a\u00adb.c',
    'http://FOO%41.com',
    'http://a%2fb',
    'http://a<b',
    'http://😀.x/',
  ],
  ...[
    'ws://a:80',
    'wss://a:443/x',
    'ftp://a:21',
    'http://a/\tb\nc',
    '  http://a  ',
    'http://a/\ud800?\udfff#\ud800',
    'http://a/?\'"<>`',
    'x:/?\'"<>`',
    'http://a/{}|^`"',
    'http://u@:p@h',
    'http://a b',
  ],
]
const BASES = [undefined, 'http://base.example:81/x/y;p?q#f', 'file:///c:/d/e', 'foo://h/i/j', 'mailto:x', 'foo:/k/l']

test('a URL is read and written as the standard has it, also where it is relative', (t) => {
  for (const input of URLS) for (const base of BASES) same(t, input, base)
})

const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const BITS = [
  ...[
    'http',
    'https',
    'file',
    'foo',
    ':',
    ':',
    '/',
    '/',
    '//',
    '\\',
    '?',
    '#',
    '@',
    '[',
    ']',
    '.',
    '..',
    '%2e',
    '%',
    '%41',
    '%ff',
  ],
  ...[
    'a',
    'b.c',
    'C|',
    'd:',
    '80',
    '0',
    '1',
    '0x1f',
    '::',
    '::1',
    '1.2.3.4',
    ' ',
    '\t',
    '&',
    '=',
    '+',
    "'",
    '"',
    '<',
    '|',
    '^',
    '`',
    '{',
    '~',
    'é',
    '😀',
    '\u0000',
    '\u007f',
    '-',
    'localhost',
  ],
]

test('10,000 odd URLs, with and without a base, are what they are in Node; so are their parts when set', (t) => {
  const next = random(7)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T
  const text = (most: number): string => Array.from({ length: Math.floor(next() * most) }, () => pick(BITS)).join('')
  for (let i = 0; i < 10_000; i++) {
    const input = `${next() < 0.5 ? pick(['http://', 'https://a', 'file:', 'foo:', 'foo://']) : ''}${text(9)}`
    same(t, input, pick(BASES))
    const from = pick(URLS)
    const [part, value] = [pick(SETTABLE), text(5)]
    const changed = (Url: typeof URL | typeof OurUrl) =>
      shown(() => {
        const url = new Url(from, 'http://base/') as unknown as AnyUrl
        String(url.searchParams)
        url[part] = value
        return url
      })
    t.deepEqual(changed(OurUrl), changed(URL), `${JSON.stringify(from)} with ${part} ${JSON.stringify(value)}`)
  }
})

test('parameters of a query are those of the web, and the URL follows them', (t) => {
  const act = (Params: typeof URLSearchParams | typeof OurParams): unknown => {
    const params = new Params("?a=1&b=%20+x&a=2&=&c&%zz=%F0%9F%98%80&é=~!*()'") as URLSearchParams
    const before = String(params)
    params.append('d e', '&=')
    params.set('a', '9')
    params.delete('c')
    params.delete('b', 'other')
    params.sort()
    const seen: string[] = []
    params.forEach((value, name) => void seen.push(`${name}:${value}`))
    return [
      before,
      String(params),
      params.size,
      params.get('a'),
      params.get('none'),
      params.getAll('a'),
      params.has('a', '9'),
      params.has('a', '1'),
      [...params.keys()],
      [...params.values()],
      seen,
      String(new Params([['x', 'y']])),
      String(new Params({ p: 'q r' })),
      String(new Params(new Params('m=n') as never)),
    ]
  }
  t.deepEqual(act(OurParams), act(URLSearchParams))
  const url = new OurUrl('http://a/?x=1#f')
  url.searchParams.append('y', ' ')
  t.is(url.href, 'http://a/?x=1&y=+#f')
  url.search = 'z'
  t.is(url.searchParams.get('z'), '')
  t.throws(() => new OurParams([['a']]), { instanceOf: TypeError })
  t.is(JSON.stringify({ url }), '{"url":"http://a/?z#f"}')
  t.is(OurUrl.parse('no'), null)
  t.true(OurUrl.canParse('x', 'http://a'))
})
