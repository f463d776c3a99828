import { chacha20Keystream, chacha20Xor } from '../crypto/chacha20.ts'
import { equalConstantTime, hmacSha256, sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { concat, isAllZero } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { NodeId, PrivateKey, PublicKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { BADONION, PERM } from './failure-codes.ts'
import { onionKey } from './onion-keys.ts'

// BOLT 4: packet structure, construction, decryption, filler.

/** Bytes that hold the payloads of a payment's onion. */
const PAYMENT_PAYLOADS_LENGTH = 1300

const VERSION = 0
const POINT_LENGTH = 33
const HMAC_LENGTH = 32
/** Bytes of a packet that are not its payloads: version, point, HMAC. */
export const OVERHEAD = 1 + POINT_LENGTH + HMAC_LENGTH

export interface OnionHop {
  readonly nodeId: NodeId
  /** Without its length. */
  readonly payload: Uint8Array
}

export type CreateOnionFailure =
  | { readonly code: 'onion-too-long'; readonly length: number; readonly available: number }
  | { readonly code: 'invalid-node-id'; readonly hop: number }

/** BOLT 4: an onion that cannot be read; the peer that sent it is told so by `update_fail_malformed_htlc`. */
export interface BadOnion {
  readonly code: 'invalid-onion-version' | 'invalid-onion-hmac' | 'invalid-onion-key'
  readonly sha256OfOnion: Uint8Array
  /** As `update_fail_malformed_htlc` carries it. */
  readonly failureCode: number
}

/** The origin made an onion that is authentic, but without a whole payload in it: it is told `invalid_onion_payload`. */
interface MalformedPayload {
  readonly code: 'invalid-onion-payload'
  readonly sharedSecret: Uint8Array
}

export type PeelFailure = BadOnion | MalformedPayload

export interface PeeledOnion {
  /** Ours, without its length. */
  readonly payload: Uint8Array
  /** Shared with the origin; kept to answer with a failure. Secret. */
  readonly sharedSecret: Uint8Array
  readonly isFinal: boolean
  /** For the next hop; absent if we are the last. */
  readonly nextPacket?: Uint8Array
}

/** What the origin shares with every hop (each hop's ECDH, one after the other), and the point that the first one sees. */
const shareSecrets = (sessionKey: PrivateKey, hops: readonly OnionHop[]) => {
  const firstPoint = secp256k1.publicKey(sessionKey)
  const sharedSecrets: Uint8Array[] = []
  let ephemeralKey = sessionKey
  let ephemeralPoint = firstPoint
  for (const [index, { nodeId }] of hops.entries()) {
    const sharedSecret = secp256k1.ecdh(nodeId, ephemeralKey)
    sharedSecrets.push(sharedSecret)
    if (index === hops.length - 1) break
    ephemeralKey = secp256k1.scalarMultiply(ephemeralKey, blindingFactor(ephemeralPoint, sharedSecret))
    // A multiple of the base point, which costs half as much as multiplying the last ephemeral point.
    ephemeralPoint = secp256k1.publicKey(ephemeralKey)
  }
  return { firstPoint, sharedSecrets }
}

const blindingFactor = (ephemeralPoint: PublicKey, sharedSecret: Uint8Array): Uint8Array =>
  sha256(concat(ephemeralPoint, sharedSecret))

/** The payload behind its length as a bigsize. */
const withLength = (payload: Uint8Array): Uint8Array => {
  const { length } = payload
  const prefix = length < 0xfd ? Uint8Array.of(length) : Uint8Array.of(0xfd, length >>> 8, length & 0xff)
  return concat(prefix, payload)
}

/**
 * Builds an onion. `sessionKey` is fresh and random, `associatedData` is what the HMACs cover besides (a payment's hash). The
 * secrets shared with the hops are in the order of the route; they read the failure that may come back.
 */
export const createOnion = (options: {
  readonly sessionKey: PrivateKey
  readonly hops: readonly OnionHop[]
  readonly associatedData: Uint8Array
  readonly payloadsLength?: number
}): Result<{ readonly packet: Uint8Array; readonly sharedSecrets: readonly Uint8Array[] }, CreateOnionFailure> => {
  const { sessionKey, hops, associatedData, payloadsLength = PAYMENT_PAYLOADS_LENGTH } = options
  invariant(hops.length > 0, 'an onion has at least one hop')
  const wrong = hops.findIndex(({ nodeId }) => !secp256k1.isPublicKey(nodeId))
  if (wrong !== -1) return err({ code: 'invalid-node-id', hop: wrong })
  const payloads = hops.map(({ payload }) => withLength(payload))
  const length = payloads.reduce((sum, payload) => sum + payload.length + HMAC_LENGTH, 0)
  if (length > payloadsLength) return err({ code: 'onion-too-long', length, available: payloadsLength })

  const { firstPoint, sharedSecrets } = shareSecrets(sessionKey, hops)
  // Each hop sees its own payload's worth of zeroes, pushed in at the end, under the same stream as the rest.
  const streams = sharedSecrets.map((secret, hop) =>
    chacha20Keystream(onionKey('rho', secret), payloadsLength + (payloads[hop] as Uint8Array).length + HMAC_LENGTH),
  )
  const filler = makeFiller(streams, payloadsLength)

  let header = chacha20Keystream(onionKey('pad', sessionKey), payloadsLength)
  let hmac: Uint8Array = new Uint8Array(HMAC_LENGTH)
  for (let hop = hops.length - 1; hop >= 0; hop--) {
    const payload = payloads[hop] as Uint8Array
    const shift = payload.length + HMAC_LENGTH
    header = concat(payload, hmac, header.subarray(0, payloadsLength - shift))
    xorInto(header, streams[hop] as Uint8Array)
    if (hop === hops.length - 1) header.set(filler, payloadsLength - filler.length)
    hmac = hmacSha256(onionKey('mu', sharedSecrets[hop] as Uint8Array), header, associatedData)
  }
  return ok({ packet: concat(Uint8Array.of(VERSION), firstPoint, header, hmac), sharedSecrets })
}

/** BOLT 4, filler generation: what the hops before the last turn the zeroes into that each of them pushes in. */
const makeFiller = (streams: readonly Uint8Array[], payloadsLength: number): Uint8Array => {
  let filler: Uint8Array = new Uint8Array(0)
  for (const stream of streams.slice(0, -1)) {
    const start = payloadsLength - filler.length
    filler = concat(filler, new Uint8Array(stream.length - payloadsLength))
    xorInto(filler, stream.subarray(start))
  }
  return filler
}

/** Exclusive or over the whole of `target`, which is changed. */
const xorInto = (target: Uint8Array, stream: Uint8Array): void => {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) ^ (stream[i] as number)
}

/** Takes off our layer. The payloads' length is the packet's own. */
export const peelOnion = (options: {
  readonly privateKey: PrivateKey
  readonly packet: Uint8Array
  readonly associatedData: Uint8Array
}): Result<PeeledOnion, PeelFailure> => {
  const { privateKey, packet, associatedData } = options
  const payloadsLength = packet.length - OVERHEAD
  invariant(payloadsLength > 0, 'an onion packet is longer than its frame')
  // BOLT 4, onion decryption: version, then point, then HMAC.
  if (packet[0] !== VERSION) return err(badOnion('invalid-onion-version', packet))
  const point = packet.slice(1, 1 + POINT_LENGTH)
  if (!secp256k1.isPublicKey(point)) return err(badOnion('invalid-onion-key', packet))
  const sharedSecret = secp256k1.ecdh(point, privateKey)
  const payloads = packet.subarray(1 + POINT_LENGTH, 1 + POINT_LENGTH + payloadsLength)
  const hmac = packet.subarray(1 + POINT_LENGTH + payloadsLength)
  if (!equalConstantTime(hmacSha256(onionKey('mu', sharedSecret), payloads, associatedData), hmac)) {
    return err(badOnion('invalid-onion-hmac', packet))
  }

  const padded = new Uint8Array(2 * payloadsLength)
  padded.set(payloads)
  const unwrapped = chacha20Xor(onionKey('rho', sharedSecret), padded)
  const found = readLength(unwrapped)
  // BOLT 4: lengths 0 and 1 are reserved, and the payload must lie, with the next HMAC, within what was received.
  if (found === undefined || found.length < 2 || found.offset + found.length + HMAC_LENGTH > payloadsLength) {
    return err({ code: 'invalid-onion-payload', sharedSecret })
  }
  const end = found.offset + found.length
  const payload = unwrapped.slice(found.offset, end)
  const nextHmac = unwrapped.subarray(end, end + HMAC_LENGTH)
  if (isAllZero(nextHmac)) return ok({ payload, sharedSecret, isFinal: true })
  const nextPoint = secp256k1.pointMultiply(point, blindingFactor(point, sharedSecret))
  const shift = end + HMAC_LENGTH
  const nextPacket = concat(
    Uint8Array.of(VERSION),
    nextPoint,
    unwrapped.subarray(shift, shift + payloadsLength),
    nextHmac,
  )
  return ok({ payload, sharedSecret, isFinal: false, nextPacket })
}

const BAD_ONION_CODES = {
  'invalid-onion-version': BADONION | PERM | 4,
  'invalid-onion-hmac': BADONION | PERM | 5,
  'invalid-onion-key': BADONION | PERM | 6,
} as const

const badOnion = (code: BadOnion['code'], packet: Uint8Array): BadOnion => ({
  code,
  sha256OfOnion: sha256(packet),
  failureCode: BAD_ONION_CODES[code],
})

/** A canonical bigsize that can be a length here: one of 5 or 9 bytes is longer than any packet. */
const readLength = (bytes: Uint8Array): { readonly length: number; readonly offset: number } | undefined => {
  const first = bytes[0] as number
  if (first < 0xfd) return { length: first, offset: 1 }
  const length = ((bytes[1] as number) << 8) | (bytes[2] as number)
  return first === 0xfd && length >= 0xfd ? { length, offset: 3 } : undefined
}
