import test from 'ava'
import { concat, fromHex, toHex } from '../lib/bytes.ts'
import { encodeName } from './dns-name.ts'
import { provenRecords } from './dns-proof.ts'
import { type DnsRecord, TYPE } from './dns-record.ts'
import { ANCHOR, CHAIN, TLSA } from './fixtures/rfc9102.ts'
import { encodeRecords, hashedName, NOW, nsec3, nsecData, textData, Zone } from './fixtures/zones.ts'

test('RFC 9102 — the chain of its appendix proves the record of the server', (t) => {
  const anchors = [{ ...ANCHOR, digest: fromHex(ANCHOR.digest) }]
  const found = provenRecords(fromHex(CHAIN), '_443._tcp.www.example.com.', 52, anchors)
  if (!found.ok) return t.fail(found.error.code)
  t.deepEqual(found.value.records.map(toHex), [TLSA])
  t.is(found.value.ttl, 3_600)
  // No other root leads there.
  t.false(provenRecords(fromHex(CHAIN), '_443._tcp.www.example.com.', 52, [new Zone('.').digest]).ok)
})

/** A root, and a zone below it. */
const tree = (algorithm = 13, bits = 2_048) => {
  const [root, zone] = [new Zone('.'), new Zone('shop.', algorithm, { bits })]
  const above = [...root.keys(), ...root.delegates(zone), ...zone.keys()]
  const find = (name: string, records: readonly DnsRecord[], now = NOW * 1_000) =>
    provenRecords(encodeRecords([...above, ...records]), name, TYPE.txt, [root.digest], now)
  return { root, zone, above, find }
}

const TEXT = [textData('bitcoin:', 'x')]
const codeOf = (found: ReturnType<typeof provenRecords>): string => (found.ok ? 'ok' : found.error.code)

for (const algorithm of [8, 10, 13, 14, 15]) {
  test(`signatures of algorithm ${algorithm} are read, and hold for what was signed alone`, (t) => {
    const { zone, find } = tree(algorithm)
    const records = zone.signed('a.shop.', TYPE.txt, [textData('two'), textData('one')])
    t.is(codeOf(find('a.shop.', records)), 'ok')
    t.is(codeOf(find('a.shop.', records.slice(1))), 'not-proven')
    const [first, ...rest] = records
    const changed = [{ ...(first as DnsRecord), data: textData('too') }, ...rest]
    t.is(codeOf(find('a.shop.', changed)), 'not-proven')
  })
}

test('short keys of RSA, SHA-1, revoked keys and those of other uses prove nothing', (t) => {
  for (const { zone, find } of [tree(8, 1_016), tree(5, 2_048)]) {
    t.is(codeOf(find('a.shop.', zone.signed('a.shop.', TYPE.txt, TEXT))), 'not-proven')
  }
  for (const flags of [0x0001, 0x0181]) {
    const [root, zone] = [new Zone('.'), new Zone('shop.', 13, { flags })]
    const chain = [...root.keys(), ...root.delegates(zone), ...zone.keys(), ...zone.signed('a.shop.', TYPE.txt, TEXT)]
    t.is(codeOf(provenRecords(encodeRecords(chain), 'a.shop.', TYPE.txt, [root.digest])), 'not-proven')
  }
})

test('a zone signs for what is in it, and is known by the zone above alone', (t) => {
  const { root, zone, find } = tree()
  const other = new Zone('bank.')
  const strangers = [...root.delegates(other), ...other.keys(), ...other.signed('a.shop.', TYPE.txt, TEXT)]
  t.is(codeOf(find('a.shop.', strangers)), 'not-proven')
  // One that says of itself whose it is.
  const self = new Zone('till.shop.')
  const own = [...self.delegates(self), ...self.keys(), ...self.signed('a.till.shop.', TYPE.txt, TEXT)]
  t.is(codeOf(find('a.till.shop.', own)), 'not-proven')
  t.is(codeOf(find('a.till.shop.', [...own, ...zone.delegates(self)])), 'ok')
})

test('aliases of names and of whole parts of the tree are followed, and circles are not', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('c.shop.', TYPE.txt, TEXT)
  const cname = zone.signed('b.shop.', TYPE.cname, [encodeName('C.shop.'.toLowerCase())])
  const dname = zone.signed('old.shop.', TYPE.dname, [encodeName('shop.')])
  t.is(codeOf(find('b.shop.', [...cname, ...text])), 'ok')
  t.is(codeOf(find('b.old.shop.', [...dname, ...cname, ...text])), 'ok')
  // The name itself is not below it.
  t.is(codeOf(find('old.shop.', [...dname, ...zone.signed('shop.', TYPE.txt, TEXT)])), 'not-proven')
  t.is(codeOf(find('b.shop.', [...cname.slice(0, 1), ...text])), 'not-proven')
  const circle = zone.signed('c.shop.', TYPE.cname, [encodeName('b.shop.')])
  t.is(codeOf(find('b.shop.', [...cname, ...circle])), 'too-much-work')
})

test('a wildcard speaks for names that do not exist, as the zone proves', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.b.shop.', TYPE.txt, TEXT, { labels: 1 })
  const nsec = (owner: string, next: string) => zone.signed(owner, TYPE.nsec, [nsecData(next)])
  t.is(codeOf(find('a.b.shop.', text)), 'not-proven')
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('a.shop.', 'c.shop.')])), 'ok')
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('a.shop.', 'shop.')])), 'ok')
  // b exists, with or without records of its own, so that the wildcard does not reach below it.
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('b.shop.', 'c.shop.')])), 'not-proven')
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('a.shop.', 'z.b.shop.')])), 'not-proven')
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('c.shop.', 'shop.')])), 'not-proven')
  t.is(codeOf(find('a.b.shop.', [...text, ...nsec('a.shop.', 'c.shop.').slice(0, 1)])), 'not-proven')
})

/** The 20 bytes that come so many before or after others. */
const near = (hash: Uint8Array, by: bigint): Uint8Array =>
  fromHex((BigInt(`0x${toHex(hash)}`) + by).toString(16).padStart(40, '0'))

const [LEAST, MOST] = [new Uint8Array(20), new Uint8Array(20).fill(0xff)]

test('the proof that a name does not exist may be of hashes', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.b.shop.', TYPE.txt, TEXT, { labels: 1 })
  const hash = hashedName('b.shop.')
  const [before, after] = [near(hash, -1n), near(hash, 1n)]
  const proves = (gap: Partial<Parameters<typeof nsec3>[1]>, place = 'shop.') => {
    const { owner, data } = nsec3(place, { from: before, to: after, ...gap })
    const records = zone.signed(owner, TYPE.nsec3, [data])
    t.is(codeOf(find('a.b.shop.', [...text, ...records.slice(0, 1)])), 'not-proven')
    return codeOf(find('a.b.shop.', [...text, ...records]))
  }
  t.is(proves({}), 'ok')
  // The last of the zone leads back to its first.
  t.is(proves({ to: LEAST }), 'ok')
  t.is(proves({ from: MOST }), 'ok')
  // The name exists.
  t.is(proves({ from: hash }), 'not-proven')
  t.is(proves({ to: hash }), 'not-proven')
  t.is(proves({ from: MOST, to: hash }), 'not-proven')
  // It lies elsewhere.
  t.is(proves({ from: after, to: MOST }), 'not-proven')
  t.is(proves({ from: after, to: before }), 'not-proven')
  const salted = { iterations: 150, salt: fromHex('aabbccdd') }
  const other = hashedName('b.shop.', salted)
  t.is(proves({ ...salted, from: near(other, -1n), to: near(other, 1n) }), 'ok')
  t.is(proves(salted), 'not-proven')
  const slow = { iterations: 151 }
  const slowly = hashedName('b.shop.', slow)
  t.is(proves({ ...slow, from: near(slowly, -1n), to: near(slowly, 1n) }), 'not-proven')
  t.is(proves({ algorithm: 2 }), 'not-proven')
  t.is(proves({ to: concat(after, Uint8Array.of(0)) }), 'not-proven')
  t.is(proves({}, 'c.shop.'), 'not-proven')
})

test('where names may be left out of the chain of hashes, nothing shows that one does not exist', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.b.shop.', TYPE.txt, TEXT, { labels: 1 })
  const hash = hashedName('b.shop.')
  for (const flags of [0x01, 0x02, 0x80]) {
    const { owner, data } = nsec3('shop.', { from: near(hash, -1n), to: near(hash, 1n), flags })
    t.is(codeOf(find('a.b.shop.', [...text, ...zone.signed(owner, TYPE.nsec3, [data])])), 'not-proven')
  }
})

test('signatures hold from their inception to their expiry, and the shortest life counts', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.shop.', TYPE.txt, TEXT, { inception: NOW, expiration: NOW + 10, ttl: 60 })
  const found = find('a.shop.', text)
  t.like(found, { ok: true, value: { ttl: 60, expiresAt: (NOW + 11) * 1_000 } })
  t.is(codeOf(find('a.shop.', text, (NOW + 10) * 1_000)), 'ok')
  t.is(codeOf(find('a.shop.', text, (NOW + 11) * 1_000)), 'expired')
  t.is(codeOf(find('a.shop.', text, (NOW - 1) * 1_000)), 'expired')
})

test('a chain that has us verify many signatures is given up', (t) => {
  const { zone, find } = tree()
  const one = zone.signed('a.shop.', TYPE.txt, TEXT)
  const wrong = { ...(one[1] as DnsRecord) }
  const many = Array.from({ length: 200 }, (_, at) => {
    const data = Uint8Array.from(wrong.data)
    data[data.length - 1] = at
    data[data.length - 2] = (data.at(-2) ?? 0) ^ 1
    return { ...wrong, data }
  })
  t.is(codeOf(find('a.shop.', [one[0] as DnsRecord, ...many])), 'too-much-work')
})

test('a chain that has us hash a name in many ways is given up', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.b.shop.', TYPE.txt, TEXT, { labels: 1 })
  const gaps = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      const salt = Uint8Array.of(at)
      const { owner, data } = nsec3('shop.', { from: LEAST, to: near(LEAST, 1n), iterations: 150, salt })
      return { name: owner, type: TYPE.nsec3, data }
    })
  t.is(codeOf(find('a.b.shop.', [...text, ...gaps(60)])), 'not-proven')
  t.is(codeOf(find('a.b.shop.', [...text, ...gaps(90)])), 'too-much-work')
})

/** How often arrays are sorted meanwhile: a set is, for each signature of it that is looked at. */
const sortsIn = (work: () => void): number => {
  const original = Array.prototype.toSorted
  let sorts = 0
  Array.prototype.toSorted = function toSorted<T>(this: T[], order?: (a: T, b: T) => number) {
    sorts += 1
    return original.call(this, order)
  }
  try {
    work()
  } finally {
    Array.prototype.toSorted = original
  }
  return sorts
}

test('what many records at one name deny is looked at once for each signature, and no set is sorted after the last that is verified', (t) => {
  const { zone, find } = tree()
  const text = zone.signed('a.b.shop.', TYPE.txt, TEXT, { labels: 1 })
  const gaps = Array.from({ length: 190 }, (_, at) => nsecData(`c${at}.shop.`))
  const denials = zone.signed('a.shop.', TYPE.nsec, gaps)
  const signature = denials.at(-1) as DnsRecord
  const bad = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      const data = Uint8Array.from(signature.data)
      data[data.length - 1] = (data.at(-1) ?? 0) ^ (at + 1)
      return { ...signature, data }
    })
  const found = (count: number, more: readonly DnsRecord[] = []) => {
    let code: string | undefined
    const records = [...text, ...denials.slice(0, -1), ...bad(count), ...more]
    const sorts = sortsIn(() => {
      code = codeOf(find('a.b.shop.', records))
    })
    // Eighty are verified; the next ends it.
    return { code, isBounded: sorts <= 81 }
  }
  t.deepEqual(found(95), { code: 'too-much-work', isBounded: true })
  t.deepEqual(found(40), { code: 'not-proven', isBounded: true })
  t.deepEqual(found(40, [signature]), { code: 'ok', isBounded: true })
})

test('any bytes are read or refused', (t) => {
  const { zone, above, root } = tree()
  const chain = encodeRecords([...above, ...zone.signed('a.shop.', TYPE.txt, TEXT)])
  const codes = new Set<string>()
  for (let length = 0; length < chain.length; length++) {
    codes.add(codeOf(provenRecords(chain.subarray(0, length), 'a.shop.', TYPE.txt, [root.digest])))
  }
  t.deepEqual([...codes].sort(), ['malformed', 'not-proven'])
  for (const odd of [concat(chain, Uint8Array.of(0)), Uint8Array.of(0xc0, 0), new Uint8Array(300).fill(63)]) {
    t.is(codeOf(provenRecords(odd, 'a.shop.', TYPE.txt, [root.digest])), 'malformed')
  }
})
