import { readFile } from 'node:fs/promises'
import test from 'ava'
import * as ldk from 'lightningdevkit'
import {
  answered,
  issuer,
  MAINNET,
  messagePath,
  offered,
  payer,
  REGTEST,
  requested,
  rng,
  stranger,
} from '../../core/src/invoice/bolt12/fixtures/parties.ts'
import { encodeBolt12Invoice } from '../../core/src/invoice/bolt12/invoice.ts'
import { encodeInvoiceRequest } from '../../core/src/invoice/bolt12/invoice-request.ts'
import { encodeOffer } from '../../core/src/invoice/bolt12/offer.ts'
import { createRefund, encodeRefund } from '../../core/src/invoice/bolt12/request-invoice.ts'
import { blindedPath } from '../../core/src/onion/blinded-path.ts'
import { blindedHops } from '../../core/src/onion/blinded-payload.ts'
import { createMessagePath, createOnionMessage } from '../../core/src/onion/create-onion-message.ts'
import { readPaymentOnion } from '../../core/src/onion/payment-onion.ts'
import { createPaymentPath } from '../../core/src/onion/payment-path.ts'
import { readOnionMessage } from '../../core/src/onion/read-onion-message.ts'
import { withoutFirstHop } from '../../core/src/onion/route-blinding.ts'
import { createOnion } from '../../core/src/onion/sphinx.ts'
import { decodeWith, encodeWith } from '../../core/src/wire/codec/codec.ts'
import { type UpdateAddHtlc, updateAddHtlcCodec } from '../../core/src/wire/messages/channel-operation.ts'
import { type OnionMessage, onionMessageCodec } from '../../core/src/wire/messages/onion-message.ts'

// What the node does not use yet: LDK judges it as bytes.

await ldk.initializeWasmFromBinary(await readFile(new URL(import.meta.resolve('lightningdevkit/liblightningjs.wasm'))))

const request = requested(offered({ price: { amount: 5000n }, description: 'tea', quantityMax: 5n }), {
  quantity: 2n,
  payerNote: 'hi',
  bip353Name: { name: 'tea', domain: 'example.com' },
})

// LDK's bindings answer with a number.
const isRead = (result: { is_ok(): boolean }): boolean => Boolean(result.is_ok())

test('LDK — reads our offers, refunds, requests and invoices, and finds what was changed after it was signed', (t) => {
  const offers = [
    offered(),
    offered({ price: { amount: 5n }, description: 'tea', issuer: 'tea', absoluteExpiry: 1_900_000_000n }),
    offered({ paths: [messagePath([stranger], rng.bytes(32))], quantityMax: 'any' }),
    offered({ chainHash: REGTEST }),
  ]
  for (const offer of offers) t.true(isRead(ldk.Offer.constructor_from_str(encodeOffer(offer))))
  const refund = { chainHash: MAINNET, description: 'back', amountMsat: 500n }
  const paths = [messagePath([stranger], rng.bytes(32), payer)]
  for (const terms of [refund, { ...refund, chainHash: REGTEST, invreqPaths: paths }]) {
    t.true(isRead(ldk.Refund.constructor_from_str(encodeRefund(createRefund(payer, rng.bytes(16), terms)))))
  }
  const invoice = answered(request, {
    multiPart: 'optional',
    relativeExpirySeconds: 600,
    fallbacks: [{ version: 1, address: rng.bytes(32) }],
  })
  for (const [bytes, read] of [
    [encodeInvoiceRequest(request), (each: Uint8Array) => ldk.InvoiceRequest.constructor_read(each)],
    [encodeBolt12Invoice(invoice), (each: Uint8Array) => ldk.Bolt12Invoice.constructor_read(each)],
  ] as const) {
    t.true(isRead(read(bytes)))
    // The last byte of the signature.
    t.false(isRead(read(bytes.with(-1, (bytes.at(-1) as number) ^ 1))))
  }
})

const ldkNode = (seed: number) => {
  const keys = ldk.KeysManager.constructor_new(new Uint8Array(32).fill(seed), 1n, 1)
  const nodeId = keys.as_NodeSigner().get_node_id(ldk.Recipient.LDKRecipient_Node)
  if (!(nodeId instanceof ldk.Result_PublicKeyNoneZ_OK)) throw new Error('an LDK node without an id')
  return { keys, nodeId: nodeId.res }
}
const [alice, bob] = [ldkNode(1), ldkNode(2)]
const aliceKey = alice.keys.get_node_secret_key()
const logger = ldk.Logger.new_impl({ log: () => undefined })
const handler = ldk.CustomOnionMessageHandler.new_impl({
  handle_custom_message: () => ldk.Option_C2Tuple_OnionMessageContentsResponseInstructionZZ.constructor_none(),
  read_custom_message: () =>
    ldk.Result_COption_OnionMessageContentsZDecodeErrorZ.constructor_ok(
      ldk.Option_OnionMessageContentsZ.constructor_none(),
    ),
  release_pending_custom_messages: () => [],
})

const peel = ({ keys }: typeof alice, message: OnionMessage): ldk.PeeledOnion => {
  const read = ldk.OnionMessage.constructor_read(encodeWith(onionMessageCodec.body, message))
  if (!(read instanceof ldk.Result_OnionMessageDecodeErrorZ_OK)) throw new Error('no onion message')
  const peeled = ldk.UtilMethods.constructor_peel_onion_message(read.res, keys.as_NodeSigner(), logger, handler)
  if (!(peeled instanceof ldk.Result_PeeledOnionNoneZ_OK)) throw new Error('an onion message that LDK does not read')
  return peeled.res
}

/** The next node, and what it gets. */
const forwarded = (peeled: ldk.PeeledOnion) => {
  if (!(peeled instanceof ldk.PeeledOnion_Forward)) throw new Error('not to be forwarded')
  const { _0: next, _1: message } = peeled
  if (!(next instanceof ldk.NextMessageHop_NodeId)) throw new Error('not by its id')
  return { nodeId: next.node_id, message: ours(message) }
}

const ours = (message: ldk.OnionMessage): OnionMessage => {
  const decoded = decodeWith(onionMessageCodec.body, message.write())
  if (!decoded.ok) throw new Error(decoded.error.code)
  return decoded.value
}

test('LDK — forwards our onion messages, and reads a request in one', (t) => {
  const made = createOnionMessage({
    sessionKey: rng.bytes(32),
    pathSessionKey: rng.bytes(32),
    relays: [alice.nodeId],
    destination: { type: 'node', nodeId: bob.nodeId },
    content: {
      invoiceRequest: encodeInvoiceRequest(request),
      replyPath: createMessagePath(rng.bytes(32), [alice.nodeId], { nodeId: payer.nodeId, pathId: rng.bytes(32) }),
    },
  })
  if (!made.ok) return t.fail(made.error.code)
  const { nodeId, message } = forwarded(peel(alice, made.value.message))
  t.deepEqual(nodeId, bob.nodeId)
  const received = peel(bob, message)
  if (!(received instanceof ldk.PeeledOnion_Receive)) return t.fail()
  const content = received._0
  if (!(content instanceof ldk.ParsedOnionMessageContents_Offers)) return t.fail()
  t.true(content.offers instanceof ldk.OffersMessage_InvoiceRequest)
  t.deepEqual(content.offers.write(), encodeInvoiceRequest(request))
})

test('LDK — sends by a blinded path of ours, through itself as a relay', (t) => {
  const pathId = rng.bytes(32)
  const path = createMessagePath(rng.bytes(32), [alice.nodeId], { nodeId: issuer.nodeId, pathId })
  const read = ldk.BlindedMessagePath.constructor_read(encodeWith(blindedPath, path))
  if (!(read instanceof ldk.Result_BlindedMessagePathDecodeErrorZ_OK)) return t.fail()
  const body = encodeInvoiceRequest(request)
  const created = ldk.UtilMethods.constructor_create_onion_message(
    bob.keys.as_EntropySource(),
    bob.keys.as_NodeSigner(),
    ldk.NodeIdLookUp.new_impl({ next_node_id: () => new Uint8Array(0) }),
    ldk.OnionMessagePath.constructor_new(
      [],
      ldk.Destination.constructor_blinded_path(read.res),
      ldk.Option_CVec_SocketAddressZZ.constructor_none(),
    ),
    ldk.OnionMessageContents.new_impl({
      tlv_type: () => 64n,
      msg_type: () => 'invoice_request',
      write: () => body,
      debug_str: () => '',
    }),
    null,
  )
  if (!(created instanceof ldk.Result_C3Tuple_PublicKeyOnionMessageCOption_CVec_SocketAddressZZZSendErrorZ_OK)) {
    return t.fail()
  }
  t.deepEqual(created.res.get_a(), alice.nodeId)
  const { nodeId, message } = forwarded(peel(alice, ours(created.res.get_b())))
  t.deepEqual(nodeId, issuer.nodeId)
  t.deepEqual(readOnionMessage(issuer.nodeKey, message), {
    ok: true,
    value: { type: 'received', pathId, content: { invoiceRequest: body } },
  })
})

test('LDK — relays a payment along a blinded path of ours, by the terms that we gave it', (t) => {
  const relay = { cltvExpiryDelta: 80, feeProportionalMillionths: 5000, feeBaseMsat: 1000 }
  const pathId = rng.bytes(32)
  const made = createPaymentPath(
    rng.bytes(32),
    [
      {
        nodeId: alice.nodeId,
        next: { type: 'channel', shortChannelId: 5n },
        relay,
        htlcMinimumMsat: 1n,
        htlcMaximumMsat: 10n ** 9n,
      },
    ],
    {
      nodeId: issuer.nodeId,
      pathId,
      maxCltvExpiry: 900,
      minFinalCltvExpiryDelta: 30,
      htlcMinimumMsat: 1n,
      htlcMaximumMsat: 10n ** 9n,
    },
  )
  if (!made.ok) return t.fail()
  const paymentHash = rng.bytes(32)
  const part = { amtToForward: 1_000_000n, outgoingCltvValue: 830, totalAmountMsat: 1_000_000n }
  const onion = createOnion({
    sessionKey: rng.bytes(32),
    hops: blindedHops(made.value.path, alice.nodeId, part),
    associatedData: paymentHash,
  })
  if (!onion.ok) return t.fail()
  const add = updateAddHtlcCodec.body
  const htlc: UpdateAddHtlc = {
    type: 'update_add_htlc',
    channelId: rng.bytes(32),
    id: 0n,
    amountMsat: 1_006_000n,
    paymentHash,
    cltvExpiry: 910,
    onionRoutingPacket: onion.value.packet,
  }
  const read = ldk.UpdateAddHTLC.constructor_read(encodeWith(add, htlc))
  if (!(read instanceof ldk.Result_UpdateAddHTLCDecodeErrorZ_OK)) return t.fail()
  const peeled = ldk.UtilMethods.constructor_peel_payment_onion(
    read.res,
    alice.keys.as_NodeSigner(),
    logger,
    700,
    false,
  )
  if (!(peeled instanceof ldk.Result_PendingHTLCInfoInboundHTLCErrZ_OK)) return t.fail()
  const routing = peeled.res.get_routing()
  if (!(routing instanceof ldk.PendingHTLCRouting_Forward)) return t.fail()
  t.is(routing.short_channel_id, 5n)
  t.is(peeled.res.get_outgoing_amt_msat(), 1_000_000n)
  t.is(peeled.res.get_outgoing_cltv_value(), 830)
  // LDK finds the next path key as it forwards: we are given the one that follows from the path.
  const { rest } = withoutFirstHop(aliceKey, made.value.path) ?? {}
  const final = readPaymentOnion(
    routing.onion_packet.write(),
    paymentHash,
    { amountMsat: 1_000_000n, cltvExpiry: 830, pathKey: rest?.firstPathKey },
    issuer.nodeKey,
  )
  t.like(final, { ok: true, value: { payload: { type: 'blinded-final', pathId, totalMsat: 1_000_000n } } })
})
