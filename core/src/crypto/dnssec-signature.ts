import { createPublicKey, type KeyObject, verify, type webcrypto } from 'node:crypto'

type Jwk = webcrypto.JsonWebKey

/** BIP 353: shorter keys are refused; longer ones than anybody publishes would only cost time. */
const RSA_BYTES = { least: 128, most: 512 }
/** Of the public exponent: with a long one a single signature takes seconds. */
const MAX_EXPONENT = 4

/**
 * Whether a zone's key has signed this, by the algorithm's number at IANA: RSA with SHA-256 (8) or SHA-512 (10, RFC 5702), ECDSA P-256 (13)
 * and P-384 (14, RFC 6605), Ed25519 (15, RFC 8080). `undefined` for any other: RSA with SHA-1 proves nothing any more. `publicKey` is as a
 * DNSKEY has it.
 */
export const verifyDnssec = (
  algorithm: number,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean | undefined => {
  switch (algorithm) {
    case 8:
      return check('sha256', rsaKey(publicKey), data, signature)
    case 10:
      return check('sha512', rsaKey(publicKey), data, signature)
    case 13:
      return check('sha256', ecKey('P-256', publicKey, 32), data, signature)
    case 14:
      return check('sha384', ecKey('P-384', publicKey, 48), data, signature)
    case 15:
      return check(null, { kty: 'OKP', crv: 'Ed25519', x: base64(publicKey) }, data, signature)
    default:
      return undefined
  }
}

/** RFC 3110: the length of the exponent in one byte, or in two behind a zero; the exponent; the modulus. */
const rsaKey = (key: Uint8Array): Jwk | undefined => {
  const isLong = key[0] === 0
  const length = isLong ? ((key[1] ?? 0) << 8) | (key[2] ?? 0) : (key[0] ?? 0)
  const start = isLong ? 3 : 1
  const modulus = key.subarray(start + length)
  if (length === 0 || length > MAX_EXPONENT || modulus[0] === 0) return undefined
  if (modulus.length < RSA_BYTES.least || modulus.length > RSA_BYTES.most) return undefined
  return { kty: 'RSA', e: base64(key.subarray(start, start + length)), n: base64(modulus) }
}

const ecKey = (crv: string, key: Uint8Array, length: number): Jwk | undefined =>
  key.length === 2 * length
    ? { kty: 'EC', crv, x: base64(key.subarray(0, length)), y: base64(key.subarray(length)) }
    : undefined

const check = (hash: string | null, jwk: Jwk | undefined, data: Uint8Array, signature: Uint8Array): boolean => {
  const key = jwk && keyOf(jwk)
  return key !== undefined && verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** The library throws at what is no key, such as a point that is not on its curve. */
const keyOf = (jwk: Jwk): KeyObject | undefined => {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
