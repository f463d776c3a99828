import { EMPTY, utf8Encode } from '../lib/bytes.ts'
import { Writer } from './codec/writer.ts'
import { BASE32_ALPHABET, type NodeAddress } from './node-address.ts'

/** The reverse of what `readAddresses` does for Tor: RFC 4648 without padding. */
const unbase32 = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array((text.length * 5) >> 3)
  for (const [at, letter] of [...text].entries()) {
    const value = BASE32_ALPHABET.indexOf(letter)
    if (value < 0) return undefined
    for (let bit = 0; bit < 5; bit++) {
      const place = at * 5 + bit
      if ((value & (16 >> bit)) !== 0) bytes[place >> 3] = (bytes[place >> 3] as number) | (128 >> (place & 7))
    }
  }
  return bytes
}

const NUMBERS: Readonly<Record<NodeAddress['type'], number>> = { ipv4: 1, ipv6: 2, 'tor-v3': 4, dns: 5 }
const ONION = /^([a-z2-7]{56})\.onion$/
const ONION_VERSION = 3
const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** What kind of address a host is; `undefined` if no announcement can carry it. */
export const typeOfHost = (host: string): NodeAddress['type'] | undefined => {
  if (isIPv4(host)) return 'ipv4'
  if (ipv6Groups(host) !== undefined) return 'ipv6'
  const onion = ONION.exec(host)?.[1]
  if (onion !== undefined) return unbase32(onion)?.at(-1) === ONION_VERSION ? 'tor-v3' : undefined
  if (host.endsWith('.onion')) return undefined
  return HOSTNAME.test(host) && /[a-z][^.]*$/i.test(host) ? 'dns' : undefined
}

const isIPv4 = (host: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(host) && host.split('.').every((part) => Number(part) <= 255)

/** The eight numbers of an IPv6 address; `::` stands for as many zeroes as are missing. */
const ipv6Groups = (host: string): readonly number[] | undefined => {
  const [left = '', right, ...more] = host.split('::')
  if (!host.includes(':') || more.length > 0) return undefined
  const numbers = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').map((part) => (/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : NaN))
  const [before, after] = [numbers(left), numbers(right ?? '')]
  const missing = 8 - before.length - after.length
  if (right === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after]
  return groups.some(Number.isNaN) ? undefined : groups
}

/** Addresses as descriptors. BOLT 7: in ascending order of their types. What `typeOfHost` does not know is left out. */
export const writeAddresses = (places: readonly Pick<NodeAddress, 'host' | 'port'>[]): Uint8Array => {
  const known = places.flatMap(({ host, port }): readonly NodeAddress[] => {
    const type = typeOfHost(host)
    return type === undefined ? [] : [{ type, host, port }]
  })
  const writer = new Writer(64)
  for (const { type, host, port } of known.toSorted((a, b) => NUMBERS[a.type] - NUMBERS[b.type])) {
    writer.u8(NUMBERS[type])
    writeHost[type](writer, host)
    writer.u16(port)
  }
  return writer.cut(0)
}

const writeHost: { readonly [Type in NodeAddress['type']]: (writer: Writer, host: string) => void } = {
  ipv4: (writer, host) => writer.bytes(Uint8Array.from(host.split('.'), Number)),
  ipv6: (writer, host) => {
    for (const group of ipv6Groups(host) ?? []) writer.u16(group)
  },
  'tor-v3': (writer, host) => writer.bytes(unbase32(host.slice(0, -'.onion'.length)) ?? EMPTY),
  dns: (writer, host) => {
    writer.u8(host.length)
    writer.bytes(utf8Encode(host))
  },
}
