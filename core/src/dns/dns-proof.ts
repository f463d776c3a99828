import { verifyDnssec } from '../crypto/dnssec-signature.ts'
import { sha256, sha384 } from '../crypto/hashes.ts'
import { compareBytes, concat, equalBytes, u16be, u32be } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { TimestampMs } from '../lib/units.ts'
import { provesAbsence } from './absence.ts'
import { type DnsName, encodeName, isWithin, labelsOf, lastLabels, nameOf } from './dns-name.ts'
import { type DnsRecord, readRecords, TYPE, targetOf } from './dns-record.ts'
import {
  type KeyDigest,
  type RecordSignature,
  readDigest,
  readKey,
  readSignature,
  type ZoneKey,
} from './signed-records.ts'

export type DnsProofError = {
  readonly code: /** No records one after another. */
    | 'malformed'
    /** No chain of signatures leads from the root to the records, or to what they were made from. */
    | 'not-proven'
    /** It does, with signatures that hold at other times. */
    | 'expired'
    /** It leads round in circles, or takes more work than any name does. */
    | 'too-much-work'
}

export interface ProvenRecords {
  /** The data of each. */
  readonly records: readonly Uint8Array[]
  /** The first second at which it does not hold any more. */
  readonly expiresAt: TimestampMs
  /** BIP 353: for no longer may it be remembered, in seconds. */
  readonly ttl: number
}

/** Names lead to other names so often at most. */
const MAX_HOPS = 8
/**
 * A proof for a name of the usual depth has a dozen. Others would have us verify many signatures by many keys (CVE-2023-50387), or hash a
 * name again and again (CVE-2023-50868): with all rounds that are allowed, a hash for NSEC3 costs as much as a verification.
 */
const MAX_VERIFICATIONS = 80

/** The records of a type at a name, if the chain proves them: over aliases, and wildcards that nothing stands in the way of. */
export const provenRecords = (
  chain: Uint8Array,
  name: DnsName,
  type: number,
  anchors: readonly KeyDigest[],
  now?: TimestampMs,
): Result<ProvenRecords, DnsProofError> => {
  const records = readRecords(chain)
  return records === undefined ? err({ code: 'malformed' }) : new DnsProof(records, anchors, now).find(name, type)
}

class DnsProof {
  readonly #sets = new Map<string, DnsRecord[]>()
  readonly #signatures = new Map<string, RecordSignature[]>()
  readonly #denials: DnsRecord[] = []
  /** Whether a zone has signed what is denied at a place. */
  readonly #denied = new Map<string, boolean>()
  readonly #keys = new Map<DnsName, readonly ZoneKey[]>()
  readonly #anchors: readonly KeyDigest[]
  readonly #now: TimestampMs | undefined
  #verifications = 0
  #untimely = false
  #expiresAt = Number.MAX_SAFE_INTEGER
  #ttl = 0xffff_ffff

  constructor(records: readonly DnsRecord[], anchors: readonly KeyDigest[], now: TimestampMs | undefined) {
    this.#anchors = anchors
    this.#now = now
    for (const record of records) {
      const signature = readSignature(record)
      if (signature !== undefined) push(this.#signatures, placeOf(signature.name, signature.covers), signature)
      else push(this.#sets, placeOf(record.name, record.type), record)
      if (record.type === TYPE.nsec || record.type === TYPE.nsec3) this.#denials.push(record)
    }
  }

  find(name: DnsName, type: number): Result<ProvenRecords, DnsProofError> {
    for (let [hops, at] = [0, name]; hops <= MAX_HOPS; hops++) {
      const found = this.#proven(at, type)
      if (found !== undefined) {
        return ok({ records: found.map(({ data }) => data), expiresAt: this.#expiresAt, ttl: this.#ttl })
      }
      const next = this.#alias(at)
      if (this.#verifications > MAX_VERIFICATIONS) break
      if (next === undefined) return err({ code: this.#untimely ? 'expired' : 'not-proven' })
      at = next
    }
    return err({ code: 'too-much-work' })
  }

  /** The name that this one stands for (RFC 1034, CNAME), or is below (RFC 6672, DNAME). */
  #alias(name: DnsName): DnsName | undefined {
    const [cname] = this.#proven(name, TYPE.cname) ?? []
    if (cname !== undefined) return targetOf(cname)
    const labels = labelsOf(name)
    for (let count = labels.length - 1; count > 0; count--) {
      const above = lastLabels(name, count)
      const [dname] = this.#proven(above, TYPE.dname) ?? []
      if (dname === undefined) continue
      const moved = nameOf([...labels.slice(0, labels.length - count), ...labelsOf(targetOf(dname))])
      return encodeName(moved).length > 255 ? undefined : moved
    }
    return undefined
  }

  /** The records of a set that a zone has signed, if nothing closer stands before the wildcard that they may come from. */
  #proven(name: DnsName, type: number): readonly DnsRecord[] | undefined {
    const set = this.#sets.get(placeOf(name, type))
    if (set === undefined) return undefined
    for (const signature of this.#signatures.get(placeOf(name, type)) ?? []) {
      // RFC 4035, 2.4: what is said of the keys of a zone is in the zone above.
      if (type === TYPE.ds && signature.signer === name) continue
      const { labels } = signature
      const depth = depthOf(name)
      if (labels > depth || !this.#holds(signature, set, this.#keysOf(signature.signer))) continue
      if (labels === depth || this.#isAbsent(lastLabels(name, labels + 1), signature.signer)) return set
    }
    return undefined
  }

  /** RFC 4035, 5.3.4, and RFC 5155, 8.8: a wildcard speaks for names that do not exist. */
  #isAbsent(name: DnsName, zone: DnsName): boolean {
    return this.#denials.some((denial) => {
      if (!isWithin(denial.name, zone)) return false
      if (denial.type === TYPE.nsec3 && ++this.#verifications > MAX_VERIFICATIONS) return false
      return provesAbsence(denial, zone, name) && this.#isDenied(denial, zone)
    })
  }

  /** Whether the zone has signed the set that a denial is of: all at one place share it, and its signatures are looked at once. */
  #isDenied({ name, type }: DnsRecord, zone: DnsName): boolean {
    const place = placeOf(name, type)
    const key = `${place} ${zone}`
    const known = this.#denied.get(key)
    if (known !== undefined) return known
    const set = this.#sets.get(place) ?? []
    const isSigned = (this.#signatures.get(place) ?? []).some(
      (signature) =>
        signature.signer === zone &&
        // One that was itself made from a wildcard says nothing of this place.
        signature.labels === depthOf(name) &&
        this.#holds(signature, set, this.#keysOf(zone)),
    )
    this.#denied.set(key, isSigned)
    return isSigned
  }

  /** The keys that a zone signs with, as the zones above it say. */
  #keysOf(zone: DnsName): readonly ZoneKey[] {
    const known = this.#keys.get(zone)
    if (known !== undefined) return known
    // Whoever asks for it again on the way there gets none.
    this.#keys.set(zone, [])
    const digests =
      zone === '.' ? this.#anchors : (this.#proven(zone, TYPE.ds) ?? []).flatMap((record) => readDigest(record) ?? [])
    const set = this.#sets.get(placeOf(zone, TYPE.dnskey)) ?? []
    const keys = set.flatMap((record) => readKey(record) ?? [])
    const entrances = keys.filter((key) => digests.some((digest) => isDigestOf(digest, zone, key)))
    const signatures = this.#signatures.get(placeOf(zone, TYPE.dnskey)) ?? []
    const isSigned = signatures.some(
      (signature) =>
        signature.signer === zone && signature.labels === depthOf(zone) && this.#holds(signature, set, entrances),
    )
    if (isSigned) this.#keys.set(zone, keys)
    return isSigned ? keys : []
  }

  #holds(signature: RecordSignature, set: readonly DnsRecord[], keys: readonly ZoneKey[]): boolean {
    const candidates = keys.filter(
      ({ tag, algorithm }) => tag === signature.keyTag && algorithm === signature.algorithm,
    )
    // Before the set is sorted: that, too, takes its time.
    if (candidates.length === 0 || this.#verifications > MAX_VERIFICATIONS) return false
    const data = signedData(signature, set)
    const isValid = candidates.some(
      ({ algorithm, publicKey }) =>
        ++this.#verifications <= MAX_VERIFICATIONS &&
        verifyDnssec(algorithm, publicKey, data, signature.signature) === true,
    )
    return isValid && this.#isTimely(signature)
  }

  #isTimely({ inception, expiration, ttl }: RecordSignature): boolean {
    const now = this.#now
    if (now !== undefined) {
      const seconds = Math.floor(now / 1_000)
      // RFC 1982: times go round; the one meant is the nearest.
      if (ahead(inception, seconds) > 0 || ahead(expiration, seconds) < 0) {
        this.#untimely = true
        return false
      }
      this.#expiresAt = Math.min(this.#expiresAt, (seconds + ahead(expiration, seconds) + 1) * 1_000)
    }
    this.#ttl = Math.min(this.#ttl, ttl)
    return true
  }
}

/** How far a time lies ahead of another, both modulo 2^32. */
const ahead = (time: number, of: number): number => (time - of) | 0

const placeOf = (name: DnsName, type: number): string => `${type} ${name}`

const push = <Value>(map: Map<string, Value[]>, key: string, value: Value): void => {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

/** RFC 4034, 3.1.3: the asterisk of a wildcard is not counted. */
const depthOf = (name: DnsName): number => labelsOf(name).filter((label, at) => at > 0 || label !== '*').length

/** RFC 4034, 3.1.8.1: in their canonical order, each once, under the name as it was signed. */
const signedData = ({ signed, labels, name, covers, ttl }: RecordSignature, set: readonly DnsRecord[]): Uint8Array => {
  const isExpanded = labels < depthOf(name)
  const owner = isExpanded ? nameOf(['*', ...labelsOf(lastLabels(name, labels))]) : name
  const head = concat(encodeName(owner), u16be(covers), u16be(1), u32be(ttl))
  const sorted = set.map(({ data }) => data).toSorted(compareBytes)
  const once = sorted.filter((data, at) => at === 0 || !equalBytes(data, sorted[at - 1] ?? data))
  return concat(signed, ...once.flatMap((data) => [head, u16be(data.length), data]))
}

const isDigestOf = ({ keyTag, algorithm, digestType, digest }: KeyDigest, zone: DnsName, key: ZoneKey): boolean => {
  if (keyTag !== key.tag || algorithm !== key.algorithm) return false
  const said = concat(encodeName(zone), key.data)
  // SHA-1 (1) proves nothing any more.
  if (digestType === 2) return equalBytes(sha256(said), digest)
  return digestType === 4 && equalBytes(sha384(said), digest)
}
