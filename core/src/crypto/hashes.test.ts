import test from 'ava'
import { fromHex, toHex, utf8Encode } from '../lib/bytes.ts'
import { chacha20Keystream, chacha20Xor } from './chacha20.ts'
import { open, seal } from './chacha20-poly1305.ts'
import { equalConstantTime, hash160, hmacSha256, ripemd160, sha256, sha256d } from './hashes.ts'
import { hkdfPair } from './hkdf.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('SHA-256 and its double, of nothing and of "abc"', (t) => {
  t.is(toHex(sha256(new Uint8Array(0))), EMPTY_SHA256)
  t.is(toHex(sha256(utf8Encode('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  t.deepEqual(sha256d(new Uint8Array(0)), sha256(fromHex(EMPTY_SHA256)))
})

test('RIPEMD-160 of "abc", and HASH160 of the generator as BIP 173 has it', (t) => {
  t.is(toHex(ripemd160(utf8Encode('abc'))), '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc')
  const generator = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
  t.is(toHex(hash160(generator)), '751e76e8199196d454941c45d1b3a323f1433bd6')
})

test('RFC 4231, test case 2 — HMAC-SHA256', (t) => {
  t.is(
    toHex(hmacSha256(utf8Encode('Jefe'), utf8Encode('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('hashes are plain byte arrays, not Buffers', (t) => {
  for (const bytes of [sha256, sha256d, ripemd160, hash160].map((hash) => hash(Uint8Array.of(1)))) {
    t.is(Object.getPrototypeOf(bytes), Uint8Array.prototype)
  }
})

test('the constant-time comparison is that of the bytes', (t) => {
  t.true(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
  t.false(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
  t.false(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)))
})

test('BOLT 8, handshake — the acts of appendix A are made and read, and its failures found: the key derivation of act one', (t) => {
  const [chainingKey, temporaryKey] = hkdfPair(
    fromHex('2640f52eebcd9e882958951c794250eedb28002c05d7dc2ea0f195406042caf1'),
    fromHex('1e2fb3c8fe8fb9f262f649f64d26ecf0f2c0a805a767cf02dc2d77a6ef1fdcc3'),
  )
  t.is(toHex(chainingKey), 'b61ec1191326fa240decc9564369dbb3ae2b34341d1e11ad64ed89f89180582f')
  t.is(toHex(temporaryKey), 'e68f69b7f096d7917245f5e5cf8ae1595febe4d4644333c99f9c4a1282031c9f')
})

test('BOLT 8, ciphers — ChaCha20 and Poly1305 are those of RFC 8439: 2.8.2, with associated data', (t) => {
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
  const nonce = fromHex('070000004041424344454647')
  const associatedData = fromHex('50515253c0c1c2c3c4c5c6c7')
  const plaintext = utf8Encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
  const sealed = seal(key, nonce, associatedData, plaintext)
  t.is(toHex(sealed.subarray(plaintext.length)), '1ae10b594f09e26a7e902ecbd0600691')
  t.is(toHex(sealed.subarray(0, 16)), 'd31a8d34648e60db7b86afbc53ef7ec2')
  t.deepEqual(open(key, nonce, associatedData, sealed), plaintext)
  t.is(open(key, nonce, Uint8Array.of(1), sealed), undefined)
  t.is(open(key, nonce, associatedData, sealed.subarray(0, 15)), undefined)
  t.is(open(key, nonce, associatedData, Uint8Array.from(sealed).fill(0, 0, 1)), undefined)
})

test('BOLT 8, ciphers — ChaCha20 and Poly1305 are those of RFC 8439: A.1, test vector 1', (t) => {
  const stream = chacha20Keystream(new Uint8Array(32), 64)
  t.is(
    toHex(stream),
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
  )
  const data = Uint8Array.of(1, 2, 3)
  t.deepEqual(chacha20Xor(new Uint8Array(32), data), Uint8Array.of(0x76 ^ 1, 0xb8 ^ 2, 0xe0 ^ 3))
  t.deepEqual(data, Uint8Array.of(1, 2, 3))
})
