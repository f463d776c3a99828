import type { ForwardEffect, HtlcRef } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { PaymentHash, PrivateKey } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { INVALID_ONION_BLINDING } from '../../onion/failure-codes.ts'
import { decodeHopPayload } from '../../onion/hop-payload.ts'
import { peelOnion } from '../../onion/sphinx.ts'
import { payloadFailure, refusalFailure } from '../../payment/receive/payload-failure.ts'
import type { FinalHtlc } from '../../payment/receive/receive-protocol.ts'
import type { RelayRequest } from '../../payment/relay/relay-protocol.ts'
import type { Upstream } from './upstream.ts'

export interface IncomingOptions {
  readonly nodeKey: PrivateKey
  readonly upstream: Upstream
  readonly height: () => BlockHeight
  /** We are the last node. */
  readonly receive: (htlc: FinalHtlc & { readonly paymentHash: PaymentHash }) => void
  /** We are to pass it on. */
  readonly relay: (request: RelayRequest) => void
}

/** Reads the onion of a received HTLC that is irrevocably committed, and hands the HTLC to the receiver or the relayer. */
export const acceptIncoming = (effect: ForwardEffect, options: IncomingOptions): void => {
  const { channelId, htlc } = effect
  const { upstream } = options
  const ref: HtlcRef = { channelId, htlcId: htlc.id }
  // BOLT 2, removing an HTLC: within a blinded route, whatever is wrong is told in one way. We offer no part in one (`option_route_blinding`).
  if (htlc.pathKey !== undefined) {
    upstream.failMalformed(ref, {
      sha256OfOnion: sha256(htlc.onionRoutingPacket),
      failureCode: INVALID_ONION_BLINDING,
    })
    return
  }
  // BOLT 2, update_add_htlc: the onion is bound to the payment's hash.
  const peeled = peelOnion({
    privateKey: options.nodeKey,
    packet: htlc.onionRoutingPacket,
    associatedData: htlc.paymentHash,
  })
  if (!peeled.ok) {
    if (peeled.error.code === 'invalid-onion-payload') {
      upstream.remember(ref, peeled.error.sharedSecret)
      upstream.fail(ref, { type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 } })
    } else upstream.failMalformed(ref, peeled.error)
    return
  }
  const { payload: bytes, isFinal, sharedSecret, nextPacket } = peeled.value
  upstream.remember(ref, sharedSecret)
  const incoming = { isFinal, amountMsat: htlc.amountMsat, height: options.height() }
  const payload = decodeHopPayload(bytes, isFinal)
  if (!payload.ok) {
    upstream.fail(ref, { type: 'own', failure: payloadFailure(payload.error, incoming) })
    return
  }
  const { amountMsat, cltvExpiry, paymentHash } = htlc
  // The channel wants such an HTLC back as it is now. It may have been decided on before that, so it is not for us to give it back: whoever
  // decides knows what is relayed or settled already.
  const refused = effect.refusal === undefined ? {} : { refusal: refusalFailure(effect.refusal, incoming) }
  const handed = { amountMsat, cltvExpiry, paymentHash, ...refused }
  if (payload.value.type === 'final') options.receive({ ...ref, ...handed, payload: payload.value })
  else if (nextPacket !== undefined) {
    options.relay({ ...handed, incoming: ref, payload: payload.value, nextOnion: nextPacket })
  }
}
