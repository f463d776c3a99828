import test from 'ava'
import { utf8Encode } from '../lib/bytes.ts'
import { crc32c } from './crc32c.ts'

// RFC 3720, appendix B.4, where the checksums stand with their lowest byte first; the last one is the usual check value.
const rising = Uint8Array.from({ length: 32 }, (_, at) => at)
for (const [name, bytes, expected] of [
  ['32 zeroes', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 rising bytes', rising, 0x46dd794e],
  ['32 falling bytes', rising.toReversed(), 0x113fdb5c],
  ['nine digits', utf8Encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
] as const) {
  test(`crc32c — of ${name}`, (t) => {
    t.is(crc32c(bytes), expected)
    for (const cut of [1, 3, 4, 5]) t.is(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), expected)
  })
}
