import type { Signature } from '../lib/ids.ts'

const INTEGER = 0x02
const SEQUENCE = 0x30

/** Strict DER (BIP 66) of a 64-byte compact signature, 8 to 72 bytes, without a sighash byte. */
export const toDer = (signature: Signature): Uint8Array => {
  const r = integer(signature.subarray(0, 32))
  const s = integer(signature.subarray(32, 64))
  const der = new Uint8Array(6 + r.length + s.length)
  der[0] = SEQUENCE
  der[1] = der.length - 2
  der[2] = INTEGER
  der[3] = r.length
  der.set(r, 4)
  der[4 + r.length] = INTEGER
  der[5 + r.length] = s.length
  der.set(s, 6 + r.length)
  return der
}

/** The 64-byte compact form of a strict DER signature (BIP 66) without sighash byte; `undefined` for any other bytes. */
export const fromDer = (der: Uint8Array): Signature | undefined => {
  if (der.length < 8 || der.length > 72 || der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined
  const r = readInteger(der, 2)
  if (r === undefined) return undefined
  const s = readInteger(der, 4 + r.length)
  if (s === undefined || 6 + r.length + s.length !== der.length) return undefined
  const signature = new Uint8Array(64)
  if (!putInteger(signature, 32, r) || !putInteger(signature, 64, s)) return undefined
  return signature
}

/** The shortest two's complement form of an unsigned number. */
const integer = (number: Uint8Array): Uint8Array => {
  let start = 0
  while (start < number.length - 1 && number[start] === 0) start++
  const digits = number.subarray(start)
  if ((digits[0] as number) < 0x80) return digits
  const padded = new Uint8Array(digits.length + 1)
  padded.set(digits, 1)
  return padded
}

const readInteger = (der: Uint8Array, offset: number): Uint8Array | undefined => {
  const length = der[offset + 1] ?? 0
  if (der[offset] !== INTEGER || length === 0 || offset + 2 + length > der.length) return undefined
  const value = der.subarray(offset + 2, offset + 2 + length)
  const first = value[0] as number
  // Negative, or with a zero in front that the sign does not need.
  if (first >= 0x80 || (first === 0 && length > 1 && (value[1] as number) < 0x80)) return undefined
  return value
}

const putInteger = (target: Uint8Array, end: number, value: Uint8Array): boolean => {
  const digits = value.length === 33 && value[0] === 0 ? value.subarray(1) : value
  if (digits.length > 32) return false
  target.set(digits, end - digits.length)
  return true
}
