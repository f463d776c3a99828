const ONION_BYTES = 1300
const LENGTH_AND_HMAC = 3 + 32
/** The payload of a relay at its longest: amount, expiry and channel with their types and lengths, its own length and the HMAC. */
const RELAY_BYTES = 10 + 6 + 10 + 1 + 32

/** How many channels a route may have up to a node that gets the first of these payloads, for all of it to be in one onion; 0 if they alone are too long. */
export const channelsBeforePayloads = (payloads: readonly Uint8Array[]): number => {
  const left = payloads.reduce((room, { length }) => room - length - LENGTH_AND_HMAC, ONION_BYTES)
  return left < 0 ? 0 : 1 + Math.floor(left / RELAY_BYTES)
}
