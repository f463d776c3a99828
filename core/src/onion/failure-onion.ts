import { chacha20Xor } from '../crypto/chacha20.ts'
import { equalConstantTime, hmacSha256 } from '../crypto/hashes.ts'
import { concat, u16be } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { decodeFailure, encodeFailure, type FailureMessage } from './failure-message.ts'
import { onionKey } from './onion-keys.ts'

// BOLT 4, returning errors.

const HMAC_LENGTH = 32
/** BOLT 4: message and padding together are this long, or longer if the message is. */
const MESSAGE_AND_PADDING = 256
/** BOLT 4: the longest route, and so how often a failure is decrypted, however long our route is. */
const MAX_HOPS = 27

/** A failure as the node where it happened sends it back, encrypted for the origin: the `reason` of `update_fail_htlc`. */
export const createFailureOnion = (sharedSecret: Uint8Array, failure: FailureMessage): Uint8Array =>
  wrapFailureOnion(sharedSecret, failurePacket(sharedSecret, failure))

/** The same before the stream goes over it. */
export const failurePacket = (sharedSecret: Uint8Array, failure: FailureMessage): Uint8Array => {
  const message = encodeFailure(failure)
  const padding = new Uint8Array(Math.max(MESSAGE_AND_PADDING - message.length, 0))
  const content = concat(u16be(message.length), message, u16be(padding.length), padding)
  return concat(hmacSha256(onionKey('um', sharedSecret), content), content)
}

/** Adds our layer to a failure that came from downstream, before it goes upstream. */
export const wrapFailureOnion = (sharedSecret: Uint8Array, packet: Uint8Array): Uint8Array =>
  chacha20Xor(onionKey('ammag', sharedSecret), packet)

/** What is left once the layers of these hops are off: the failure of a node beyond them, still encrypted (lightning/bolts 836). */
export const unwrapFailureOnion = (sharedSecrets: readonly Uint8Array[], packet: Uint8Array): Uint8Array =>
  sharedSecrets.reduce((left, sharedSecret) => wrapFailureOnion(sharedSecret, left), packet)

export type FailureOnionError =
  /** No hop of the route made it, or some hop changed it. */
  | { readonly code: 'unreadable-failure' }
  /** The hop made it, but there is no failure in it. */
  | { readonly code: 'malformed-failure'; readonly originIndex: number }

/**
 * Reads a failure that came back to the origin. `sharedSecrets` are those of `createOnion`, in the order of the route;
 * `originIndex` is the hop that failed, 0 being the first. BOLT 4: takes the same number of steps wherever it failed.
 */
export const decryptFailureOnion = (
  sharedSecrets: readonly Uint8Array[],
  packet: Uint8Array,
): Result<{ readonly originIndex: number; readonly failure: FailureMessage }, FailureOnionError> => {
  let found: { readonly originIndex: number; readonly content: Uint8Array } | undefined
  let decrypted = packet
  for (let hop = 0; hop < Math.max(MAX_HOPS, sharedSecrets.length); hop++) {
    const sharedSecret = sharedSecrets[hop] ?? NO_SECRET
    decrypted = wrapFailureOnion(sharedSecret, decrypted)
    const content = decrypted.subarray(HMAC_LENGTH)
    const hmac = decrypted.subarray(0, HMAC_LENGTH)
    const matches = equalConstantTime(hmacSha256(onionKey('um', sharedSecret), content), hmac)
    if (matches && found === undefined && hop < sharedSecrets.length) found = { originIndex: hop, content }
  }
  if (found === undefined) return err({ code: 'unreadable-failure' })
  const { originIndex, content } = found
  const length = ((content[0] ?? 0) << 8) | (content[1] ?? 0)
  const failure = content.length < 2 + length ? undefined : decodeFailure(content.slice(2, 2 + length))
  return failure === undefined ? err({ code: 'malformed-failure', originIndex }) : ok({ originIndex, failure })
}

const NO_SECRET = new Uint8Array(32)
