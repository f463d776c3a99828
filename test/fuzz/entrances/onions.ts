import { validOffers } from '../../../core/src/invoice/bolt12/fixtures/offers.ts'
import {
  answered,
  issuer,
  offered,
  payer,
  REGTEST,
  requested,
  stranger,
} from '../../../core/src/invoice/bolt12/fixtures/parties.ts'
import { decodeBolt12Invoice, encodeBolt12Invoice } from '../../../core/src/invoice/bolt12/invoice.ts'
import { decodeInvoiceError } from '../../../core/src/invoice/bolt12/invoice-error.ts'
import {
  decodeInvoiceRequest,
  decodeRefund,
  encodeInvoiceRequest,
} from '../../../core/src/invoice/bolt12/invoice-request.ts'
import { decodeOffer, encodeOffer } from '../../../core/src/invoice/bolt12/offer.ts'
import { createRefund, encodeRefund } from '../../../core/src/invoice/bolt12/request-invoice.ts'
import { bech32Characters } from '../../../core/src/lib/base32.ts'
import { concat, equalBytes } from '../../../core/src/lib/bytes.ts'
import { readPaymentOnion } from '../../../core/src/onion/payment-onion.ts'
import { readOnionMessage } from '../../../core/src/onion/read-onion-message.ts'
import { blindPath } from '../../../core/src/onion/route-blinding.ts'
import { createOnion } from '../../../core/src/onion/sphinx.ts'
import { createTrampolineOnion, peelTrampolineOnion } from '../../../core/src/onion/trampoline-onion.ts'
import { decodeTrampolinePayload, encodeTrampolinePayload } from '../../../core/src/onion/trampoline-payload.ts'
import { must, pureEntrance } from '../support/entrance.ts'
import { oddText } from '../support/odd-values.ts'
import { spoilt } from '../support/spoilt.ts'

const offerStreams = validOffers.map(({ text }) => bech32Characters.decode(text.slice(4)) ?? new Uint8Array(0))

const offers = pureEntrance('bolt12-offer', 25, (random, note) => {
  const text = random.oneIn(4)
    ? `lno1${oddText(random).slice(0, 200)}`
    : `lno1${bech32Characters.encode(spoilt(random.pick(offerStreams), random))}`
  note(text)
  const read = decodeOffer(text)
  if (read.ok) must(encodeOffer(read.value) === text.toLowerCase(), 'what is read is written the same')
  else must(typeof read.error.code === 'string', 'an error of ours')
})

const request = requested(offered({ price: { amount: 5000n }, description: 'tea' }), { payerNote: 'hi' })
const requestBytes = encodeInvoiceRequest(request)
const invoiceBytes = encodeBolt12Invoice(answered(request))
const refundStream = encodeInvoiceRequest(
  createRefund(payer, new Uint8Array(16), {
    chainHash: REGTEST,
    description: 'a broken cup',
    amountMsat: 5_000n,
    offerAbsoluteExpiry: 2_000_000_000n,
    invreqPayerNote: 'sorry',
  }),
)

const refunds = pureEntrance('bolt12-refund', 15, (random, note) => {
  const text = random.oneIn(4)
    ? `lnr1${oddText(random).slice(0, 200)}`
    : `lnr1${bech32Characters.encode(spoilt(random.pick([refundStream, refundStream, requestBytes]), random))}`
  note(text)
  const read = decodeRefund(text)
  if (read.ok) must(encodeRefund(read.value) === text.toLowerCase(), 'what is read is written the same')
  else must(typeof read.error.code === 'string', 'an error of ours')
})

const streams = pureEntrance('bolt12-stream', 25, (random, note) => {
  const stream = random.oneIn(5)
    ? random.bytes(random.below(random.pick([10, 100, 600])))
    : spoilt(random.pick([requestBytes, invoiceBytes]), random)
  note(Buffer.from(stream).toString('hex'))
  const asRequest = decodeInvoiceRequest(stream)
  if (asRequest.ok) must(equalBytes(encodeInvoiceRequest(asRequest.value), stream), 'a request is written the same')
  const asInvoice = decodeBolt12Invoice(stream)
  if (asInvoice.ok) must(equalBytes(encodeBolt12Invoice(asInvoice.value.invoice), stream), 'so is an invoice')
  decodeInvoiceError(stream)
})

const PATH = blindPath(payer.secret, [{ nodeId: issuer.nodeId, data: { nextNodeId: stranger.nodeId } }])
const NONE = new Uint8Array(0)
const PAYINFO = {
  feeBaseMsat: 1,
  feeProportionalMillionths: 2,
  cltvExpiryDelta: 3,
  htlcMinimumMsat: 4n,
  htlcMaximumMsat: 5n,
  features: NONE,
}

/** An authentic onion for the issuer, or one that was changed, with anything in it. */
const onions = pureEntrance('onion', 10, (random, note) => {
  const payload = spoilt(
    concat(Uint8Array.of(random.pick([4, 10]), 86), PATH.path[0]?.encryptedRecipientData ?? NONE),
    random,
  )
  const isBlinded = random.oneIn(2)
  const nodeId = isBlinded ? (PATH.path[0]?.blindedNodeId ?? issuer.nodeId) : issuer.nodeId
  const hops = [{ nodeId, payload }, ...(random.oneIn(2) ? [{ nodeId: stranger.nodeId, payload }] : [])]
  const onion = createOnion({ sessionKey: stranger.secret, hops, associatedData: NONE })
  must(onion.ok, 'the onion is made')
  if (!onion.ok) return
  const { packet } = onion.value
  const changed = random.oneIn(3) ? spoilt(packet, random) : packet
  const pathKey = random.oneIn(4) ? concat(Uint8Array.of(2), random.bytes(32)) : PATH.firstPathKey
  note([Buffer.from(payload).toString('hex'), Buffer.from(changed).toString('hex')])
  readOnionMessage(issuer.nodeKey, { pathKey, onionMessagePacket: changed })
  // The wire lets no payment's onion of another length through.
  if (changed.length !== packet.length) return
  const htlc = { amountMsat: BigInt(random.below(1e6)), cltvExpiry: random.below(1000) }
  readPaymentOnion(changed, NONE, isBlinded ? { ...htlc, pathKey } : htlc, issuer.nodeKey)
})

/** An inner onion for the issuer, or one that was changed, of any length and with anything in it. */
const trampolines = pureEntrance('trampoline-onion', 10, (random, note) => {
  const amounts = { amtToForward: BigInt(random.below(1e6)), outgoingCltvValue: random.below(1000) }
  const path = { ...PATH, firstNodeId: { type: 'pubkey', nodeId: issuer.nodeId } } as const
  const payload = encodeTrampolinePayload(
    random.pick([
      { type: 'trampoline-relay', ...amounts, nextNodeId: stranger.nodeId },
      { type: 'trampoline-final', ...amounts, paymentMetadata: random.bytes(random.below(20)) },
      { type: 'to-blinded-paths', ...amounts, paths: [{ path, payinfo: PAYINFO }], features: random.bytes(2) },
    ]),
  )
  const hops = [{ nodeId: issuer.nodeId, payload: spoilt(payload, random) }]
  const onion = createTrampolineOnion({ sessionKey: stranger.secret, hops, paymentHash: NONE })
  must(onion.ok, 'the onion is made')
  if (!onion.ok) return
  const packet = random.oneIn(3) ? spoilt(onion.value.packet, random) : onion.value.packet
  note(Buffer.from(packet).toString('hex'))
  const peeled = peelTrampolineOnion(packet, NONE, issuer.nodeKey)
  if (!peeled.ok) return
  const read = decodeTrampolinePayload(peeled.value.payload, random.oneIn(2))
  if (read.ok) must(equalBytes(encodeTrampolinePayload(read.value), peeled.value.payload), 'it is written the same')
})

export const onionEntrances = [offers, refunds, streams, onions, trampolines]
