import { concat } from '../lib/bytes.ts'
import { type DnsName, isWithin } from './dns-name.ts'
import { type DnsRecord, readName, TYPE } from './dns-record.ts'

/** RFC 4034, 3: a signature over all records of a name and type. */
export interface RecordSignature {
  readonly name: DnsName
  readonly covers: number
  readonly algorithm: number
  /** Of the name as it was signed: fewer than it has if it was made from a wildcard. */
  readonly labels: number
  /** Seconds. */
  readonly ttl: number
  /** Seconds since the Unix epoch, modulo 2^32. */
  readonly expiration: number
  readonly inception: number
  readonly keyTag: number
  readonly signer: DnsName
  readonly signature: Uint8Array
  /** All of its data but the signature. */
  readonly signed: Uint8Array
}

export const readSignature = ({ name, type, data }: DnsRecord): RecordSignature | undefined => {
  const signer = type === TYPE.rrsig ? readName(data, 18) : undefined
  if (signer === undefined || !isWithin(name, signer.name)) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return {
    name,
    covers: view.getUint16(0),
    algorithm: view.getUint8(2),
    labels: view.getUint8(3),
    ttl: view.getUint32(4),
    expiration: view.getUint32(8),
    inception: view.getUint32(12),
    keyTag: view.getUint16(16),
    signer: signer.name,
    signature: data.slice(signer.end),
    signed: concat(data.subarray(0, 18), lowered(data.subarray(18, signer.end))),
  }
}

/** RFC 4034, 2: a key that zones sign with. */
export interface ZoneKey {
  readonly algorithm: number
  readonly publicKey: Uint8Array
  readonly tag: number
  readonly data: Uint8Array
}

const ZONE_FLAG = 0x0100
/** RFC 5011. */
const REVOKED_FLAG = 0x0080
const DNSSEC = 3

export const readKey = ({ type, data }: DnsRecord): ZoneKey | undefined => {
  if (type !== TYPE.dnskey || data.length < 5) return undefined
  const flags = ((data[0] ?? 0) << 8) | (data[1] ?? 0)
  if ((flags & ZONE_FLAG) === 0 || (flags & REVOKED_FLAG) !== 0 || data[2] !== DNSSEC) return undefined
  return { algorithm: data[3] ?? 0, publicKey: data.subarray(4), tag: keyTag(data), data }
}

/** RFC 4034, appendix B: it only makes the right key likely. */
const keyTag = (data: Uint8Array): number => {
  let sum = 0
  for (const [at, byte] of data.entries()) sum += at % 2 === 0 ? byte << 8 : byte
  return (sum + (sum >> 16)) & 0xffff
}

/** RFC 4034, 5: which key of a zone its parent knows. */
export interface KeyDigest {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

export const readDigest = ({ type, data }: DnsRecord): KeyDigest | undefined =>
  type !== TYPE.ds || data.length < 5
    ? undefined
    : {
        keyTag: ((data[0] ?? 0) << 8) | (data[1] ?? 0),
        algorithm: data[2] ?? 0,
        digestType: data[3] ?? 0,
        digest: data.subarray(4),
      }

const lowered = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))
