import type { PaymentHash, PrivateKey } from '../lib/ids.ts'
import { err, type Result } from '../lib/result.ts'
import { type CreateOnionFailure, createOnion, type OnionHop, OVERHEAD, type PeeledOnion, peelOnion } from './sphinx.ts'

// lightning/bolts 836, trampoline payments: an onion within an onion, of the same construction and of any length.

/** Room for the inner onion, besides the payloads of the outer route. Our own are padded to this, if they are not longer. */
const USUAL_PAYLOADS_LENGTH = 300

interface CreateOptions {
  /** Not the one of the outer onion. */
  readonly sessionKey: PrivateKey
  readonly hops: readonly OnionHop[]
  readonly paymentHash: PaymentHash
  /** Of all payloads together; as long as they need at least. */
  readonly payloadsLength?: number
}

/** The inner onion. Its shared secrets come after those of the outer route where a failure is read. */
export const createTrampolineOnion = ({
  sessionKey,
  hops,
  paymentHash: associatedData,
  payloadsLength = Math.max(USUAL_PAYLOADS_LENGTH, neededLength(hops)),
}: CreateOptions): Result<
  { readonly packet: Uint8Array; readonly sharedSecrets: readonly Uint8Array[] },
  CreateOnionFailure
> => createOnion({ sessionKey, hops, associatedData, payloadsLength })

/** What the payloads take up, each with its length and its HMAC. */
export const neededLength = (hops: readonly OnionHop[]): number =>
  hops.reduce((sum, { payload }) => sum + payload.length + (payload.length < 0xfd ? 1 : 3) + 32, 0)

/** Takes off our layer of an inner onion. `privateKey` is our node's, or that of our blinded id. */
export const peelTrampolineOnion = (
  packet: Uint8Array,
  paymentHash: PaymentHash,
  privateKey: PrivateKey,
): Result<PeeledOnion, { readonly code: 'unreadable-trampoline-onion' }> => {
  // It comes out of a payload: anything may be in it.
  if (packet.length <= OVERHEAD) return UNREADABLE
  const peeled = peelOnion({ privateKey, packet, associatedData: paymentHash })
  return peeled.ok ? peeled : UNREADABLE
}

const UNREADABLE = err({ code: 'unreadable-trampoline-onion' as const })
