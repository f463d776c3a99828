import type { ForwardEffect, HtlcRef } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { PaymentHash, PrivateKey } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { INVALID_ONION_BLINDING } from '../../onion/failure-codes.ts'
import { decodeHopPayload } from '../../onion/hop-payload.ts'
import { peelOnion } from '../../onion/sphinx.ts'
import { payloadFailure, refusalFailure } from '../../payment/receive/payload-failure.ts'
import type { FinalHtlc, RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { RelayRequest } from '../../payment/relay/relay-protocol.ts'
import type { Upstream } from './upstream.ts'

interface Reader {
  readonly nodeKey: PrivateKey
  readonly upstream: Pick<Upstream, 'remember'>
}

export interface IncomingOptions extends Reader {
  readonly height: () => BlockHeight
  /** We are the last node. */
  readonly receive: (htlc: FinalHtlc & { readonly paymentHash: PaymentHash }) => void
  /** We are to pass it on. */
  readonly relay: (request: RelayRequest) => void
  /** This version takes no such HTLC. One before it may have. */
  readonly refuse: (htlc: RefusedHtlc & { readonly paymentHash: PaymentHash }) => void
}

/** Reads the onion of a received HTLC that is irrevocably committed, and hands the HTLC to the receiver or the relayer. */
export const acceptIncoming = (effect: ForwardEffect, options: IncomingOptions): void => {
  const { channelId, htlc } = effect
  const { amountMsat, cltvExpiry, paymentHash } = htlc
  const ref: HtlcRef = { channelId, htlcId: htlc.id }
  const refuse = (answer: RefusedHtlc['answer']): void => options.refuse({ ...ref, paymentHash, answer })
  const peeled = recallIncoming(effect, options)
  // BOLT 2, removing an HTLC: within a blinded route, whatever is wrong is told in one way. We offer no part in one (`option_route_blinding`).
  if (htlc.pathKey !== undefined) {
    const sha256OfOnion = sha256(htlc.onionRoutingPacket)
    refuse({ type: 'malformed', sha256OfOnion, failureCode: INVALID_ONION_BLINDING })
    return
  }
  if (!peeled.ok) {
    const { error } = peeled
    if (error.code !== 'invalid-onion-payload') refuse({ type: 'malformed', ...error })
    else refuse({ type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 } })
    return
  }
  const { payload: bytes, isFinal, nextPacket } = peeled.value
  const incoming = { isFinal, amountMsat, height: options.height() }
  const payload = decodeHopPayload(bytes, isFinal)
  if (!payload.ok) {
    refuse({ type: 'own', failure: payloadFailure(payload.error, incoming) })
    return
  }
  // lightning/bolts 836: this node is no trampoline node, and the record is one that it does not know.
  if (payload.value.type === 'trampoline-entry') {
    refuse({ type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 20n, offset: 0 } })
    return
  }
  // The channel wants such an HTLC back as it is now. It may have been decided on before that, so it is not for us to give it back: whoever
  // decides knows what is relayed or settled already.
  const refused = effect.refusal === undefined ? {} : { refusal: refusalFailure(effect.refusal, incoming) }
  const handed = { amountMsat, cltvExpiry, paymentHash, ...refused }
  if (payload.value.type === 'final') options.receive({ ...ref, ...handed, payload: payload.value })
  else if (nextPacket !== undefined) {
    options.relay({ ...handed, incoming: ref, payload: payload.value, nextOnion: nextPacket })
  }
}

/** Reads the onion of an HTLC, whatever becomes of it, and remembers its secret, by which a failure is encrypted. */
export const recallIncoming = ({ channelId, htlc }: ForwardEffect, { nodeKey, upstream }: Reader) => {
  // BOLT 2, update_add_htlc: the onion is bound to the payment's hash.
  const peeled = peelOnion({
    privateKey: nodeKey,
    packet: htlc.onionRoutingPacket,
    associatedData: htlc.paymentHash,
  })
  const sharedSecret = peeled.ok
    ? peeled.value.sharedSecret
    : peeled.error.code === 'invalid-onion-payload'
      ? peeled.error.sharedSecret
      : undefined
  if (sharedSecret !== undefined) upstream.remember({ channelId, htlcId: htlc.id }, sharedSecret)
  return peeled
}
