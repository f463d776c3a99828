import { sha1 } from '../crypto/hashes.ts'
import { compareBytes, concat, equalBytes } from '../lib/bytes.ts'
import { compareNames, type DnsName, encodeName, isWithin, labelsOf, nameOf } from './dns-name.ts'
import { type DnsRecord, readName, TYPE } from './dns-record.ts'

/** RFC 9276: who asks for more rounds of hashing proves nothing. */
const MAX_ITERATIONS = 150
const SHA1 = 1

/** Whether a record of a zone that is signed proves that neither a name nor anything below it exists there. */
export const provesAbsence = (record: DnsRecord, zone: DnsName, name: DnsName): boolean => {
  if (record.type === TYPE.nsec) return coveredByName(record, name)
  return record.type === TYPE.nsec3 && coveredByHash(record, zone, name)
}

/** RFC 4034, 4: the name lies between the owner and the next name, the last of which leads back to the zone's first. */
const coveredByName = ({ name: owner, data }: DnsRecord, name: DnsName): boolean => {
  const next = readName(data, 0)?.name
  // Where the next name is below it, the name itself exists without records.
  if (next === undefined || isWithin(next, name)) return false
  const isLast = compareNames(next, owner) <= 0
  return compareNames(owner, name) < 0 && (isLast || compareNames(name, next) < 0)
}

/** RFC 5155, 3 and 8.3: the same of hashes. */
const coveredByHash = ({ name: owner, data }: DnsRecord, zone: DnsName, name: DnsName): boolean => {
  const [label = '', ...rest] = labelsOf(owner)
  const [algorithm, flags, high = 0, low = 0, saltLength = 0] = data
  const iterations = (high << 8) | low
  const salt = data.subarray(5, 5 + saltLength)
  const hashLength = data[5 + saltLength] ?? 0
  const next = data.subarray(6 + saltLength, 6 + saltLength + hashLength)
  const start = fromBase32Hex(label)
  // RFC 5155, 6: where names may be left out (Opt-Out), what lies between may exist all the same; and 8.2: of other flags nothing is known.
  if (flags !== 0) return false
  if (nameOf(rest) !== zone || algorithm !== SHA1 || iterations > MAX_ITERATIONS) return false
  if (start?.length !== 20 || next.length !== 20) return false
  const hash = hashOf(name, salt, iterations)
  const [afterStart, beforeNext] = [compareBytes(start, hash) < 0, compareBytes(hash, next) < 0]
  return compareBytes(start, next) < 0
    ? afterStart && beforeNext
    : (afterStart || beforeNext) && !equalBytes(hash, next)
}

const hashOf = (name: DnsName, salt: Uint8Array, iterations: number): Uint8Array => {
  let hash = sha1(concat(encodeName(name), salt))
  for (let round = 0; round < iterations; round++) hash = sha1(concat(hash, salt))
  return hash
}

const DIGITS = '0123456789abcdefghijklmnopqrstuv'

/** RFC 4648, base32hex, of 20 bytes: 32 digits of 5 bits. */
const fromBase32Hex = (text: string): Uint8Array | undefined => {
  const values = [...text].map((digit) => DIGITS.indexOf(digit))
  if (values.length !== 32 || values.includes(-1)) return undefined
  const whole = values.reduce((sum, value) => (sum << 5n) | BigInt(value), 0n)
  return Uint8Array.from({ length: 20 }, (_, at) => Number((whole >> BigInt(8 * (19 - at))) & 0xffn))
}
