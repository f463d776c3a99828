import { err, ok, type Result } from '../lib/result.ts'
import { Reader } from './codec/reader.ts'

/** BOLT 7: where a node says that it can be reached. */
export interface NodeAddress {
  readonly type: 'ipv4' | 'ipv6' | 'tor-v3' | 'dns'
  /** In the form in which it is dialled: `192.0.2.1`, `2001:db8:0:0:0:0:0:1`, `….onion`, a host's name. */
  readonly host: string
  readonly port: number
}

export interface NodeAddresses {
  readonly addresses: readonly NodeAddress[]
  /** BOLT 7: with more than one, the announcement is not to be forwarded. */
  readonly hasManyHostnames: boolean
}

const TOR_V2_LENGTH = 12

/**
 * The addresses of a `node_announcement`. BOLT 7: Tor v2 and addresses without a port are left out, and so is everything from the first
 * descriptor of an unknown type on, because its length is unknown too. `err` when a descriptor is cut off: its sender may be warned.
 */
export const readAddresses = (descriptors: Uint8Array): Result<NodeAddresses, 'truncated-address'> => {
  const reader = new Reader(descriptors)
  const addresses: NodeAddress[] = []
  let hostnames = 0
  while (reader.remaining > 0) {
    const kind = reader.u8()
    if (kind === 3) {
      reader.take(TOR_V2_LENGTH)
      if (reader.failed) return err('truncated-address')
      continue
    }
    const type = TYPES[kind]
    if (type === undefined) break
    const host = hostOf[type](reader)
    const port = reader.u16()
    if (reader.failed) return err('truncated-address')
    if (type === 'dns' && ++hostnames > 1) continue
    if (host !== undefined && port !== 0) addresses.push({ type, host, port })
  }
  return ok({ addresses, hasManyHostnames: hostnames > 1 })
}

const TYPES: Readonly<Record<number, NodeAddress['type']>> = { 1: 'ipv4', 2: 'ipv6', 4: 'tor-v3', 5: 'dns' }

const hostOf: { readonly [Type in NodeAddress['type']]: (reader: Reader) => string | undefined } = {
  ipv4: (reader) => reader.take(4).join('.'),
  ipv6: (reader) => Array.from({ length: 8 }, () => reader.u16().toString(16)).join(':'),
  'tor-v3': (reader) => `${base32(reader.take(35))}.onion`,
  dns: (reader) => hostname(reader.take(reader.u8())),
}

/** BOLT 7: ASCII, other characters in Punycode. What has any other byte in it is no name that could be asked for. */
const hostname = (bytes: Uint8Array): string | undefined =>
  bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f) ? String.fromCharCode(...bytes) : undefined

export const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648, of a multiple of five bytes: there is no padding. */
const base32 = (bytes: Uint8Array): string => {
  let text = ''
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const at = bit >> 3
    const pair = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0)
    text += BASE32_ALPHABET[(pair >> (11 - (bit & 7))) & 31]
  }
  return text
}
