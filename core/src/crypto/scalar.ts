/** The order of the secp256k1 group. */
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const bytesOf = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let word = 0; word < 4; word++) view.setBigUint64(24 - word * 8, BigInt.asUintN(64, value >> BigInt(word * 64)))
  return bytes
}

const ORDER_BYTES = bytesOf(GROUP_ORDER)

/** Whether the 32 bytes are a number below the order. Zero is one. */
export const isScalar = (bytes: Uint8Array): boolean => {
  if (bytes.length !== 32) return false
  for (let i = 0; i < 32; i++) {
    const difference = (bytes[i] as number) - (ORDER_BYTES[i] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Whether the 32 bytes are a number from 1 to the order less 1: a private key, or what a point may be multiplied by. */
export const isNonZeroScalar = (bytes: Uint8Array): boolean => isScalar(bytes) && bytes.some((byte) => byte !== 0)

const toNumber = (bytes: Uint8Array): bigint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  let value = 0n
  for (let offset = 0; offset < 32; offset += 8) value = (value << 64n) | view.getBigUint64(offset)
  return value
}

// For the engines that lack them. Arithmetic on bigint takes a time that depends on the values.
export const addScalars = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  bytesOf((toNumber(a) + toNumber(b)) % GROUP_ORDER)

export const multiplyScalars = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  bytesOf((toNumber(a) * toNumber(b)) % GROUP_ORDER)
