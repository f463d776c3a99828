const POLYNOMIAL = 0x82f63b78

/** What a byte adds to the checksum when 0, 1, 2 or 3 bytes follow it in its word: 256 numbers each, one after another. */
const TABLE = new Int32Array(4 * 256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0)
  TABLE[byte] = value
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256] as number
  TABLE[at] = (TABLE[before & 0xff] as number) ^ (before >>> 8)
}

/** CRC32C (Castagnoli; RFC 3720, appendix B.4) of the bytes, which may go on from those that gave `before`. */
export const crc32c = (bytes: Uint8Array, before = 0): number => {
  let crc = ~before
  let at = 0
  for (const whole = bytes.length - 3; at < whole; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    crc =
      (TABLE[768 + (crc & 0xff)] as number) ^
      (TABLE[512 + ((crc >>> 8) & 0xff)] as number) ^
      (TABLE[256 + ((crc >>> 16) & 0xff)] as number) ^
      (TABLE[crc >>> 24] as number)
  }
  for (; at < bytes.length; at++) crc = (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
