import { percentDecode, percentEncode, SET } from './percent.ts'
import { punycode } from './punycode.ts'

// URL standard, section 3: hosts. They are kept as they are written out.

const FORBIDDEN = /[\0\t\n\r #/:<>?@[\\\]^|]/
const FORBIDDEN_IN_DOMAIN = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/
const MAX_LABEL = 1_024

/** `undefined` if it cannot be a host. */
export const parseHost = (input: string, isOpaque: boolean): string | undefined => {
  if (input.startsWith('[')) return input.endsWith(']') ? parseIpv6(input.slice(1, -1)) : undefined
  if (isOpaque) return FORBIDDEN.test(input) ? undefined : percentEncode(input, SET.control)
  const domain = toAscii(percentDecode(input))
  if (domain === undefined || domain === '' || FORBIDDEN_IN_DOMAIN.test(domain)) return undefined
  return endsInNumber(domain) ? parseIpv4(domain) : domain
}

/**
 * UTS 46 without its table: case folded, compatibility forms composed, stops of other scripts as stops, and what is not shown
 * left out. What the table would refuse besides is not refused.
 */
const toAscii = (domain: string): string | undefined => {
  if (/^[\0-\x7f]*$/.test(domain)) return domain.toLowerCase()
  const mapped = domain
    .replaceAll(/\u00ad|\u200b|\u2060|\ufeff|[\ufe00-\ufe0f]/g, '')
    .toLowerCase()
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u3002\uff0e\uff61]/g, '.')
  if (/[\ufffd\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(mapped)) return undefined
  const labels = mapped.split('.')
  if (labels.some(({ length }) => length > MAX_LABEL)) return undefined
  return labels.map((label) => (/^[\0-\x7f]*$/.test(label) ? label : `xn--${punycode(label)}`)).join('.')
}

const partsOf = (domain: string): readonly string[] => {
  const parts = domain.split('.')
  return parts.at(-1) === '' && parts.length > 1 ? parts.slice(0, -1) : parts
}

const endsInNumber = (domain: string): boolean => {
  const last = partsOf(domain).at(-1) ?? ''
  return /^\d+$/.test(last) || /^0x[\da-f]*$/i.test(last)
}

const ipv4Number = (text: string): number | undefined => {
  if (/^0x[\da-f]*$/i.test(text)) return text.length === 2 ? 0 : Number.parseInt(text.slice(2), 16)
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined
}

const parseIpv4 = (domain: string): string | undefined => {
  const parts = partsOf(domain)
  const numbers = parts.map(ipv4Number)
  const [last = 0] = numbers.slice(-1)
  const leading = numbers.slice(0, -1)
  if (numbers.length > 4 || numbers.includes(undefined) || leading.some((part = 256) => part > 255)) return undefined
  if (last >= 256 ** (5 - numbers.length)) return undefined
  const address = leading.reduce<number>((sum, part = 0, i) => sum + part * 256 ** (3 - i), last)
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

const parseIpv6 = (text: string): string | undefined => {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0 || head.endsWith(':') || tail?.startsWith(':') === true) return undefined
  const first = ipv6Pieces(head, tail === undefined)
  const second = ipv6Pieces(tail ?? '', true)
  if (first === undefined || second === undefined) return undefined
  const missing = 8 - first.length - second.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return writeIpv6([...first, ...new Array<number>(missing).fill(0), ...second])
}

/** The pieces between colons; the last of an address may be written as IPv4. */
const ipv6Pieces = (text: string, isLast: boolean): readonly number[] | undefined => {
  if (text === '') return []
  const pieces: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) pieces.push(Number.parseInt(part, 16))
    else {
      const four = isLast && i === parts.length - 1 ? /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(part) : null
      const bytes = four?.slice(1) ?? []
      if (bytes.length !== 4 || bytes.some((byte) => Number(byte) > 255 || /^0\d/.test(byte))) return undefined
      const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number)
      pieces.push(a * 256 + b, c * 256 + d)
    }
  }
  return pieces
}

/** The first of the longest runs of zeros, of two at least, is left out. */
const writeIpv6 = (pieces: readonly number[]): string => {
  let [from, longest] = [-1, 1]
  for (let at = 0; at < 8; at++) {
    let run = 0
    while (pieces[at + run] === 0) run += 1
    if (run > longest) [from, longest] = [at, run]
  }
  const hex = (some: readonly number[]): string => some.map((piece) => piece.toString(16)).join(':')
  return from < 0 ? `[${hex(pieces)}]` : `[${hex(pieces.slice(0, from))}::${hex(pieces.slice(from + longest))}]`
}
