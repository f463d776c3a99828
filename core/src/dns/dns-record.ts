import type { DnsName } from './dns-name.ts'
import { encodeName, isLabel, nameOf } from './dns-name.ts'

/** The numbers of the types that proofs need. */
export const TYPE = { cname: 5, txt: 16, dname: 39, ds: 43, rrsig: 46, nsec: 47, dnskey: 48, nsec3: 50 } as const

/** A record as a signature covers it: names in its data are in lower case (RFC 4034, 6.2). */
export interface DnsRecord {
  readonly name: DnsName
  readonly type: number
  readonly data: Uint8Array
}

/** More than any proof has. */
const MAX_RECORDS = 300
const INTERNET = 1

/**
 * The records of an `AuthenticationChain` (RFC 9102): whole records one after another, without compressed names. `undefined` if it is none.
 */
export const readRecords = (bytes: Uint8Array): readonly DnsRecord[] | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const records: DnsRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const read = readName(bytes, at)
    if (read === undefined || read.end + 10 > bytes.length || records.length === MAX_RECORDS) return undefined
    const [type, kind] = [view.getUint16(read.end), view.getUint16(read.end + 2)]
    const start = read.end + 10
    at = start + view.getUint16(read.end + 8)
    const data = at > bytes.length || kind !== INTERNET ? undefined : canonical(type, bytes.slice(start, at))
    if (data === undefined) return undefined
    records.push({ name: read.name, type, data })
  }
  return records
}

/** A name in a record's data, and where it ends. */
export const readName = (
  bytes: Uint8Array,
  from: number,
): { readonly name: DnsName; readonly end: number } | undefined => {
  const labels: string[] = []
  for (let at = from; ; ) {
    const length = bytes[at]
    // RFC 1035: 255 bytes in all. Longer labels would be pointers, which have no place here.
    if (length === undefined || length > 63 || at + length - from > 254) return undefined
    at += 1 + length
    if (length === 0) return { name: nameOf(labels), end: at }
    const label = String.fromCharCode(...bytes.subarray(at - length, at)).toLowerCase()
    if (!isLabel(label)) return undefined
    labels.push(label)
  }
}

/** What `CNAME` and `DNAME` lead to. */
export const targetOf = ({ data }: DnsRecord): DnsName => readName(data, 0)?.name ?? '.'

const canonical = (type: number, data: Uint8Array): Uint8Array | undefined => {
  if (type !== TYPE.cname && type !== TYPE.dname) return data
  const target = readName(data, 0)
  return target === undefined || target.end !== data.length ? undefined : encodeName(target.name)
}
