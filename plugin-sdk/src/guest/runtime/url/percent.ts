import { TextDecoder, TextEncoder } from '../text-coding.ts'

// The sets of the URL standard: of ASCII, what is written as %XX. What is no printable ASCII always is.
const FRAGMENT = ' "<>`'
const QUERY = ' "#<>'
const PATH = `${QUERY}?^\`{}`
const USERINFO = `${PATH}/:;=@[\\]|`

export const SET = {
  control: '',
  fragment: FRAGMENT,
  query: QUERY,
  specialQuery: `${QUERY}'`,
  path: PATH,
  userinfo: USERINFO,
  form: `${USERINFO}$%&+,!'()~`,
} as const

export const percentEncode = (text: string, set: string): string => {
  let encoded = ''
  for (const character of text.toWellFormed()) {
    const isPlain = character >= ' ' && character <= '~' && !set.includes(character)
    encoded += isPlain ? character : bytesOf(character)
  }
  return encoded
}

const bytesOf = (character: string): string =>
  [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

export const percentDecode = (text: string): string => {
  if (!text.includes('%')) return text.toWellFormed()
  const bytes = new TextEncoder().encode(text)
  const decoded = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] === 0x25 ? hexByte(bytes, at + 1) : undefined
    decoded[length] = code ?? (bytes[at] as number)
    length += 1
    if (code !== undefined) at += 2
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(decoded.subarray(0, length))
}

const hexByte = (bytes: Uint8Array, at: number): number | undefined => {
  const digits = String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0)
  return /^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : undefined
}
