import { compareBytes, concat, utf8Encode } from '../lib/bytes.ts'

/** A domain name in lower case with a dot behind each label, such as `example.com.`; the root is `.`. */
export type DnsName = string

// Other names cannot be written so that nobody is misled, and no payment instructions are under them.
const LABEL = /^[!#-,\-/-~]{1,63}$/

export const isLabel = (label: string): boolean => LABEL.test(label)

/** The labels, the leftmost first; none of the root. */
export const labelsOf = (name: DnsName): readonly string[] => (name === '.' ? [] : name.slice(0, -1).split('.'))

export const nameOf = (labels: readonly string[]): DnsName => `${labels.join('.')}.`

/** The name made of the last so many labels. */
export const lastLabels = (name: DnsName, count: number): DnsName => {
  const labels = labelsOf(name)
  return nameOf(labels.slice(labels.length - count))
}

/** Whether a name is another, or below it. */
export const isWithin = (name: DnsName, zone: DnsName): boolean =>
  zone === '.' || name === zone || name.endsWith(`.${zone}`)

/** As signatures cover it (RFC 4034, 6.2). */
export const encodeName = (name: DnsName): Uint8Array =>
  concat(...labelsOf(name).flatMap((label) => [Uint8Array.of(label.length), utf8Encode(label)]), Uint8Array.of(0))

/** RFC 4034, 6.1: by labels from the right. */
export const compareNames = (a: DnsName, b: DnsName): number => {
  const [left, right] = [labelsOf(a).toReversed(), labelsOf(b).toReversed()]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compareBytes(utf8Encode(left[at] ?? ''), utf8Encode(right[at] ?? ''))
    if (order !== 0) return order
  }
  return left.length - right.length
}
