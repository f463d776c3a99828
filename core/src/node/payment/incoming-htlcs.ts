import type { ForwardEffect, HtlcRef } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { PaymentHash, PrivateKey } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { type PaymentOnion, type PaymentOnionFault, readPaymentOnion } from '../../onion/payment-onion.ts'
import { payloadFailure, refusalFailure } from '../../payment/receive/payload-failure.ts'
import type { FinalHtlc, RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { RelayRequest } from '../../payment/relay/relay-protocol.ts'
import { readEntry } from '../../payment/trampoline/read-entry.ts'
import type { TrampolinePart } from '../../payment/trampoline/trampoline-protocol.ts'
import type { UpstreamPlace } from '../../payment/upstream-failure.ts'
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
  /** We are to find the way on. */
  readonly trampoline: (part: TrampolinePart) => void
  /** This version takes no such HTLC. One before it may have. */
  readonly refuse: (htlc: RefusedHtlc & { readonly paymentHash: PaymentHash }) => void
}

/** Reads the onion of a received HTLC that is irrevocably committed, and hands the HTLC to the receiver or the relayer. */
export const acceptIncoming = (effect: ForwardEffect, options: IncomingOptions): void => {
  const { channelId, htlc } = effect
  const { amountMsat, cltvExpiry, paymentHash } = htlc
  const ref: HtlcRef = { channelId, htlcId: htlc.id }
  const read = recallIncoming(effect, options)
  const height = options.height()
  if (!read.ok) {
    options.refuse({ ...ref, paymentHash, answer: answerTo(read.error, { amountMsat, height }) })
    return
  }
  const { payload, isFinal, nextPacket } = read.value
  // The channel wants such an HTLC back as it is now. It may have been decided on before that, so it is not for us to give it back: whoever
  // decides knows what is relayed or settled already.
  const refused =
    effect.refusal === undefined ? {} : { refusal: refusalFailure(effect.refusal, { isFinal, amountMsat, height }) }
  const handed = { amountMsat, cltvExpiry, paymentHash, ...refused }
  if (payload.type === 'trampoline-entry') {
    const { innerSecret, found } = readEntry(payload, paymentHash, cltvExpiry, options.nodeKey)
    const { sharedSecret } = read.value
    if (innerSecret !== undefined)
      options.upstream.remember(ref, { type: 'trampoline', sharedSecret, innerSecret }, effect)
    if (!found.ok) options.refuse({ ...ref, paymentHash, answer: { type: 'own', failure: found.error } })
    else if (found.value.type === 'final') options.receive({ ...ref, ...handed, payload: found.value })
    else options.trampoline({ ...ref, ...handed, ...found.value })
  } else if (payload.type === 'final' || payload.type === 'blinded-final')
    options.receive({ ...ref, ...handed, payload })
  else if (nextPacket !== undefined) options.relay({ ...handed, incoming: ref, payload, nextOnion: nextPacket })
}

/** Reads the onion of an HTLC, whatever becomes of it, and remembers our place on its way, by which a failure is told. */
export const recallIncoming = (effect: ForwardEffect, { nodeKey, upstream }: Reader) => {
  const { channelId, htlc } = effect
  // BOLT 2, update_add_htlc: the onion is bound to the payment's hash, and read with the path key.
  const { onionRoutingPacket, paymentHash } = htlc
  const read = readPaymentOnion(onionRoutingPacket, paymentHash, htlc, nodeKey)
  const place = placeOf(htlc, read)
  if (place !== undefined) upstream.remember({ channelId, htlcId: htlc.id }, place, effect)
  return read
}

const placeOf = (
  { pathKey, onionRoutingPacket }: ForwardEffect['htlc'],
  read: Result<PaymentOnion, PaymentOnionFault>,
): UpstreamPlace | undefined => {
  if (pathKey !== undefined) return { type: 'within-path', sha256OfOnion: sha256(onionRoutingPacket) }
  const opened = read.ok ? read.value : read.error
  if (!('sharedSecret' in opened)) return undefined
  const { sharedSecret } = opened
  return isIntroduction(read)
    ? { type: 'introduction', sharedSecret, sha256OfOnion: sha256(onionRoutingPacket) }
    : { type: 'open', sharedSecret }
}

/** BOLT 4, failure messages: a node that is also the end of its path answers like any other payee. */
const isIntroduction = (read: Result<PaymentOnion, PaymentOnionFault>): boolean => {
  if (read.ok) return read.value.payload.type === 'blinded-relay'
  return read.error.type === 'own' && read.error.reason !== undefined && !read.error.isFinal
}

const answerTo = (
  fault: PaymentOnionFault,
  htlc: Pick<FinalHtlc, 'amountMsat'> & { readonly height: BlockHeight },
): RefusedHtlc['answer'] => {
  if (fault.type === 'malformed') return fault
  const { failure, isFinal } = fault
  if (failure.type !== 'invalid_onion_payload') return { type: 'own', failure }
  const { tlvType, offset } = failure
  const unread = { code: 'invalid-onion-payload', tlvType, offset } as const
  return { type: 'own', failure: payloadFailure(unread, { isFinal, ...htlc }) }
}
