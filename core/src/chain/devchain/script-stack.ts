import { encodeScriptNumber } from '../../bitcoin/script.ts'

export const TRUE = Uint8Array.of(1)
export const FALSE = new Uint8Array(0)

/** Any byte but zero makes an item true, except a lone sign bit at the end. */
export const isTrue = (item: Uint8Array): boolean =>
  item.some((byte, i) => byte !== 0 && !(i === item.length - 1 && byte === 0x80))

/** A number in its shortest form, of at most `maxLength` bytes; `undefined` for any other item. */
export const readNumber = (item: Uint8Array, maxLength: number): number | undefined => {
  if (item.length > maxLength) return undefined
  const top = item.at(-1)
  if (top === undefined) return 0
  // The last byte may hold the sign alone only when the byte before it needs its own top bit.
  if ((top & 0x7f) === 0 && (item.length === 1 || ((item.at(-2) as number) & 0x80) === 0)) return undefined
  let magnitude = 0
  for (let i = item.length - 1; i >= 0; i--) {
    const byte = item[i] as number
    magnitude = magnitude * 256 + (i === item.length - 1 ? byte & 0x7f : byte)
  }
  return (top & 0x80) === 0 ? magnitude : -magnitude
}

export const numberItem = (value: number): Uint8Array => encodeScriptNumber(value)
