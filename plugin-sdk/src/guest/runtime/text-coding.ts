// UTF-8 and base64 as the web has them, for packages that expect them. UTF-8 alone: other encodings are refused.

const REPLACEMENT = 0xfffd
const CHUNK = 4_096

/** As the web's. */
export class TextEncoder {
  get encoding(): string {
    return 'utf-8'
  }

  encode(input = ''): Uint8Array {
    const text = String(input)
    const bytes = new Uint8Array(3 * text.length)
    return bytes.slice(0, this.encodeInto(text, bytes).written)
  }

  encodeInto(source: string, target: Uint8Array): { read: number; written: number } {
    let [read, written] = [0, 0]
    for (const character of String(source).toWellFormed()) {
      const code = character.codePointAt(0) as number
      const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
      if (written + length > target.length) break
      if (length === 1) target[written] = code
      else {
        // The first byte says how many follow; each of those carries six bits.
        target[written] = ((0xf00 >> length) & 0xff) | (code >> (6 * (length - 1)))
        for (let i = 1; i < length; i++) target[written + i] = 0x80 | ((code >> (6 * (length - 1 - i))) & 0x3f)
      }
      written += length
      read += character.length
    }
    return { read, written }
  }
}

/** As the web's, without streaming. */
export class TextDecoder {
  readonly fatal: boolean
  readonly ignoreBOM: boolean

  constructor(label = 'utf-8', options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean } = {}) {
    if (!['utf-8', 'utf8', 'unicode-1-1-utf-8'].includes(String(label).trim().toLowerCase()))
      throw new RangeError(`there is no encoding '${label}' here`)
    this.fatal = options.fatal === true
    this.ignoreBOM = options.ignoreBOM === true
  }

  get encoding(): string {
    return 'utf-8'
  }

  decode(input?: ArrayBuffer | ArrayBufferView, options?: { readonly stream?: boolean }): string {
    if (options?.stream === true) throw new TypeError('decoding in pieces is not offered here')
    const bytes = bytesOf(input)
    const units: string[] = []
    let codes: number[] = []
    let at = !this.ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
    while (at < bytes.length) {
      const [code, length] = this.#next(bytes, at)
      codes.push(code)
      at += length
      if (codes.length === CHUNK) {
        units.push(String.fromCodePoint(...codes))
        codes = []
      }
    }
    units.push(String.fromCodePoint(...codes))
    return units.join('')
  }

  // The table of well-formed sequences of Unicode; of a broken one as much is taken as could have begun one.
  #next(bytes: Uint8Array, at: number): readonly [code: number, length: number] {
    const first = bytes[at] as number
    if (first < 0x80) return [first, 1]
    const length =
      first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
    let code = first & (0xff >> (length + 1))
    let taken = 1
    for (; taken < length; taken++) {
      const byte = bytes[at + taken]
      const lowest = taken > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
      const highest = taken > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
      if (byte === undefined || byte < lowest || byte > highest) break
      code = (code << 6) | (byte & 0x3f)
    }
    if (length > 0 && taken === length) return [code, length]
    if (this.fatal) throw new TypeError('the bytes are not UTF-8')
    return [REPLACEMENT, taken]
  }
}

const bytesOf = (input: ArrayBuffer | ArrayBufferView | undefined): Uint8Array => {
  if (input === undefined) return new Uint8Array(0)
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  return new Uint8Array(input)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** As the web's: a text of bytes to base64. */
export const btoa = (input: unknown): string => {
  const text = String(input)
  let encoded = ''
  for (let at = 0; at < text.length; at += 3) {
    const codes = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)]
    if (codes.some((code) => code > 0xff)) throw new RangeError('the text holds more than bytes')
    const [a = 0, b = 0, c = 0] = codes.map((code) => (Number.isNaN(code) ? 0 : code))
    const bits = (a << 16) | (b << 8) | c
    const left = text.length - at
    for (let i = 0; i < 4; i++) encoded += i > left ? '=' : ALPHABET[(bits >> (18 - 6 * i)) & 0x3f]
  }
  return encoded
}

/** As the web's: base64 to a text of bytes. */
export const atob = (input: unknown): string => {
  const spaceless = String(input).replaceAll(/[\t\n\f\r ]/g, '')
  const text = spaceless.length % 4 === 0 ? spaceless.replace(/={1,2}$/, '') : spaceless
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw new SyntaxError('the text is not base64')
  let [decoded, bits, held] = ['', 0, 0]
  for (const character of text) {
    bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffffff
    held += 6
    if (held >= 8) {
      held -= 8
      decoded += String.fromCharCode((bits >> held) & 0xff)
    }
  }
  return decoded
}
