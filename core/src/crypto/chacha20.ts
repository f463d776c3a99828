import { createCipheriv } from 'node:crypto'

/**
 * The data under exclusive or with the ChaCha20 keystream (RFC 8439) of a zero counter and a zero nonce: encrypts, and
 * decrypts. `key` is for one use.
 */
export const chacha20Xor = (key: Uint8Array, data: Uint8Array): Uint8Array => {
  // OpenSSL's 16-byte IV is the 4-byte block counter followed by the 12-byte nonce.
  const result = createCipheriv('chacha20', key, new Uint8Array(16)).update(data)
  return new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
}

/** The first `length` bytes of the ChaCha20 keystream. */
export const chacha20Keystream = (key: Uint8Array, length: number): Uint8Array =>
  chacha20Xor(key, new Uint8Array(length))
