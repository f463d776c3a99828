import { chacha20Xor } from '../crypto/chacha20.ts'
import { equalConstantTime, hmacSha256 } from '../crypto/hashes.ts'
import { EMPTY, u32be } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../wire/messages/channel-operation.ts'
import { wrapFailureOnion } from './failure-onion.ts'
import { onionKey } from './onion-keys.ts'

// BOLT 4, initialization and update of `attribution_data`: who held an HTLC for how long, in 20 hold times and 210 HMACs. The node that
// handles the data comes first. Its hop x has the HMACs hmac_x_y for each distance y that it may have from the last hop, the largest y
// first: 20 of them for x = 0, 19 for x = 1, and so on. Counted within the HMACs of its hop, those that hmac_x_y covers are all at one place.

const MAX_HOPS = 20
const WORD = 4
const HOLD_TIMES_LENGTH = MAX_HOPS * WORD

/** BOLT 4: what a hold time counts. */
export const HOLD_TIME_UNIT_MS = 100

/** What a node adds on the way back of a failure or a fulfilment. */
export interface Held {
  /** Shared with the origin. */
  readonly sharedSecret: Uint8Array
  /** In units of 100 milliseconds; 0 if it is not known. */
  readonly holdTime: number
  /** The failure's packet before our stream goes over it; absent for a fulfilment, in which the HMACs cover no message. */
  readonly failurePacket?: Uint8Array
}

/**
 * The data as they go upstream: with our hold time and HMACs in front, under our stream. `downstream` is what came from there; absent if
 * we are the last hop, or if the next one sent none. BOLT 4: then all of it is zero.
 */
export const addAttribution = (
  { sharedSecret, holdTime, failurePacket = EMPTY }: Held,
  downstream: Uint8Array = new Uint8Array(ATTRIBUTION_DATA_LENGTH),
): Uint8Array => {
  invariant(downstream.length === ATTRIBUTION_DATA_LENGTH, 'attribution data are of another length')
  const data = shiftRight(downstream)
  data.set(u32be(holdTime))
  const um = onionKey('um', sharedSecret)
  for (let distance = 0; distance < MAX_HOPS; distance++) {
    data.set(hmacOf(um, failurePacket, data, distance), hmacAt(0, distance))
  }
  return chacha20Xor(onionKey('ammagext', sharedSecret), data)
}

/** What the origin learns from the way back. */
export interface Attribution {
  /** By hop, the first one first, up to the last one that could be checked; in units of 100 milliseconds. */
  readonly holdTimes: readonly number[]
  /**
   * The first hop whose HMAC does not match. It or the hop before it changed what came, or it knows nothing of attribution. Absent if all
   * match.
   */
  readonly brokenAt?: number
}

/**
 * Reads what came back to the origin. `sharedSecrets` are those of `createOnion`, in the order of the route. Of a failure, `failurePacket` is
 * what came with the data, and `originIndex` the hop that failed, if the packet tells.
 */
export const readAttribution = (
  sharedSecrets: readonly Uint8Array[],
  attributionData: Uint8Array,
  failure?: { readonly failurePacket: Uint8Array; readonly originIndex?: number | undefined },
): Attribution => {
  invariant(attributionData.length === ATTRIBUTION_DATA_LENGTH, 'attribution data are of another length')
  // What is behind the twentieth hop was pushed out on the way back.
  const hops = Math.min(sharedSecrets.length, MAX_HOPS)
  const last = Math.min(failure?.originIndex ?? hops - 1, hops - 1)
  const holdTimes: number[] = []
  let data = attributionData
  let packet = failure?.failurePacket ?? EMPTY
  for (const [hop, sharedSecret] of sharedSecrets.slice(0, last + 1).entries()) {
    packet = wrapFailureOnion(sharedSecret, packet)
    data = chacha20Xor(onionKey('ammagext', sharedSecret), data)
    // Every hop made an HMAC for every distance, over zeroes where nothing came from: the one for the whole route holds wherever it failed.
    const distance = hops - 1 - hop
    const at = hmacAt(0, distance)
    const expected = hmacOf(onionKey('um', sharedSecret), packet, data, distance)
    // BOLT 4, origin node: if the HMAC is invalid, the rest tells nothing.
    if (!equalConstantTime(expected, data.subarray(at, at + WORD))) return { holdTimes, brokenAt: hop }
    holdTimes.push(new DataView(data.buffer, data.byteOffset).getUint32(0))
    data = shiftLeft(data)
  }
  return { holdTimes }
}

/** Where hmac_`hop`_`distance` is. */
const hmacAt = (hop: number, distance: number): number => {
  const before = hop * MAX_HOPS - (hop * (hop - 1)) / 2
  return HOLD_TIMES_LENGTH + (before + (MAX_HOPS - 1 - hop - distance)) * WORD
}

/** hmac_0_`distance`: over the packet, the hold times up to the last hop, and the HMACs of the hops from the next to the last. */
const hmacOf = (um: Uint8Array, failurePacket: Uint8Array, data: Uint8Array, distance: number): Uint8Array => {
  const holdTimes = (distance + 1) * WORD
  const covered = new Uint8Array(holdTimes + distance * WORD)
  covered.set(data.subarray(0, holdTimes))
  for (let next = 0; next < distance; next++) {
    const at = hmacAt(next + 1, distance - next - 1)
    // Word by word: there are 190 of them for each node on the way.
    for (let byte = 0; byte < WORD; byte++) covered[holdTimes + next * WORD + byte] = data[at + byte] as number
  }
  return hmacSha256(um, failurePacket, covered).subarray(0, WORD)
}

/** Makes room for the node in front. The largest distance of each hop goes: with one more hop, it would be beyond the longest route. */
const shiftRight = (data: Uint8Array): Uint8Array => {
  const shifted = new Uint8Array(ATTRIBUTION_DATA_LENGTH)
  shifted.set(data.subarray(0, HOLD_TIMES_LENGTH - WORD), WORD)
  for (let hop = 0; hop < MAX_HOPS - 1; hop++) shifted.set(keptOf(data, hop), hmacAt(hop + 1, MAX_HOPS - 2 - hop))
  return shifted
}

/** Undoes `shiftRight`, but for what it took away. */
const shiftLeft = (data: Uint8Array): Uint8Array => {
  const shifted = new Uint8Array(ATTRIBUTION_DATA_LENGTH)
  shifted.set(data.subarray(WORD, HOLD_TIMES_LENGTH))
  for (let hop = 0; hop < MAX_HOPS - 1; hop++) {
    const from = hmacAt(hop + 1, MAX_HOPS - 2 - hop)
    shifted.set(data.subarray(from, from + (MAX_HOPS - 1 - hop) * WORD), hmacAt(hop, MAX_HOPS - 2 - hop))
  }
  return shifted
}

/** The HMACs of a hop, but for its largest distance. */
const keptOf = (data: Uint8Array, hop: number): Uint8Array =>
  data.subarray(hmacAt(hop, MAX_HOPS - 2 - hop), hmacAt(hop, 0) + WORD)
