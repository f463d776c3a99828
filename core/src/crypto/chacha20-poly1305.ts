import { createCipheriv, createDecipheriv } from 'node:crypto'

/** Length of the authentication tag, in bytes. */
export const TAG_LENGTH = 16

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: TAG_LENGTH } as const

/**
 * ChaCha20-Poly1305 (RFC 8439). Writes the ciphertext and its tag, `plaintext.length + 16` bytes, into `target` at `offset`.
 * `nonce` is 12 bytes and never used twice with one key.
 */
export const sealInto = (
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): void => {
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS)
  if (associatedData.length > 0) cipher.setAAD(associatedData, { plaintextLength: plaintext.length })
  target.set(cipher.update(plaintext), offset)
  cipher.final()
  target.set(cipher.getAuthTag(), offset + plaintext.length)
}

/** As `sealInto`, into fresh bytes. */
export const seal = (
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => {
  const sealed = new Uint8Array(plaintext.length + TAG_LENGTH)
  sealInto(sealed, 0, key, nonce, associatedData, plaintext)
  return sealed
}

/** The plaintext, or `undefined` when the tag does not match. */
export const open = (
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined => {
  if (sealed.length < TAG_LENGTH) return undefined
  const body = sealed.subarray(0, sealed.length - TAG_LENGTH)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS)
  if (associatedData.length > 0) decipher.setAAD(associatedData, { plaintextLength: body.length })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_LENGTH))
  const plaintext = decipher.update(body)
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
}
