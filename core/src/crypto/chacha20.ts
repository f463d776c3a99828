import { createCipheriv } from 'node:crypto'

/** The first `length` bytes of the ChaCha20 keystream (RFC 8439) with a counter of 0 and a nonce of 0: `key` is for one use. */
export const chacha20Keystream = (key: Uint8Array, length: number): Uint8Array => {
  // OpenSSL's 16-byte IV is the 4-byte block counter followed by the 12-byte nonce.
  const stream = createCipheriv('chacha20', key, new Uint8Array(16)).update(new Uint8Array(length))
  return new Uint8Array(stream.buffer, stream.byteOffset, stream.byteLength)
}

/** Writes `stream` into `target` by exclusive or, from `offset` on. `target` is changed. */
export const xorInto = (target: Uint8Array, stream: Uint8Array, offset = 0): void => {
  for (let i = 0; i < stream.length; i++) target[offset + i] = (target[offset + i] as number) ^ (stream[i] as number)
}
