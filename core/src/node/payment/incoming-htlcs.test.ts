import test from 'ava'
import type { ForwardEffect } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { concat, EMPTY, fromHex } from '../../lib/bytes.ts'
import { curvePoint } from '../../onion/blinded-path.ts'
import type { EncryptedData } from '../../onion/encrypted-data.ts'
import { blindPath } from '../../onion/route-blinding.ts'
import { createOnion } from '../../onion/sphinx.ts'
import { named, peelAlong, testNode } from '../../payment/fixtures/nodes.ts'
import type { UpstreamPlace } from '../../payment/upstream-failure.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { restBytes, tu32, tu64 } from '../../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../../wire/codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../../wire/tlv-record.ts'
import { acceptIncoming } from './incoming-htlcs.ts'

const us = testNode('us')
const next = testNode('next')
const hash = named('hash')

// amt_to_forward and outgoing_cltv_value.
const AMOUNTS = fromHex('020101040101')
const RELAYED = concat(AMOUNTS, fromHex('06080000000000000064'))

const onionTo = (payload: Uint8Array, isFinal: boolean): Uint8Array => {
  const hops = [{ nodeId: us.nodeId, payload }, ...(isFinal ? [] : [{ nodeId: next.nodeId, payload: AMOUNTS }])]
  const onion = createOnion({ sessionKey: named('session'), hops, associatedData: hash })
  if (!onion.ok) throw new Error(onion.error.code)
  return onion.value.packet
}

const effectOf = (onionRoutingPacket: Uint8Array, more: Partial<ForwardEffect['htlc']> = {}): ForwardEffect => ({
  type: 'forward',
  channelId: named('channel'),
  htlc: {
    type: 'update_add_htlc',
    channelId: named('channel'),
    id: 5n,
    amountMsat: 1000n,
    paymentHash: hash,
    cltvExpiry: 640,
    onionRoutingPacket,
    ...more,
  },
})

/** What becomes of an HTLC, in the order in which it does. */
const accept = (effect: ForwardEffect, places: UpstreamPlace[] = []): readonly object[] => {
  const done: object[] = []
  acceptIncoming(effect, {
    nodeKey: us.privateKey,
    upstream: { remember: (_, place) => void places.push(place) },
    height: () => 500,
    receive: (htlc) => void done.push({ receive: htlc }),
    relay: (request) => void done.push({ relay: request }),
    trampoline: (part) => void done.push({ trampoline: part }),
    refuse: ({ answer }) =>
      void done.push(
        answer.type === 'own'
          ? { fail: answer }
          : { malformed: answer.failureCode, sha256OfOnion: answer.sha256OfOnion },
      ),
  })
  return done
}

test('BOLT 2, update_add_htlc — its onion is read with the payment’s hash, and its payload followed: to the next node, or to us', (t) => {
  const [relayed] = accept(effectOf(onionTo(RELAYED, false))) as { relay: { nextOnion: Uint8Array; payload: object } }[]
  t.like(relayed?.relay.payload, {
    type: 'relay',
    amtToForward: 1n,
    outgoingCltvValue: 1,
    next: { shortChannelId: 100n },
  })
  t.is(peelAlong(relayed?.relay.nextOnion ?? new Uint8Array(), hash, [next]).payloads.length, 1)
  t.like(accept(effectOf(onionTo(AMOUNTS, true))), [{ receive: { htlcId: 5n, payload: { type: 'final' } } }])
})

test('BOLT 2, update_add_htlc — an onion that cannot be read, of another hash for one, and a payload with unknown even records are answered by an error', (t) => {
  const onion = onionTo(AMOUNTS, true)
  const sha256OfOnion = sha256(onion)
  t.deepEqual(accept(effectOf(onion, { paymentHash: named('another') })), [{ malformed: 0xc005, sha256OfOnion }])
  const other = Uint8Array.from(onion).fill(1, 0, 1)
  t.deepEqual(accept(effectOf(other)), [{ malformed: 0xc004, sha256OfOnion: sha256(other) }])
  t.like(accept(effectOf(onionTo(concat(RELAYED, fromHex('1400')), false))), [
    { fail: { type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 20n } } },
  ])
})

test('BOLT 2, removing an HTLC — one that comes with a path key is failed as malformed, with invalid_onion_blinding, whatever is in it', (t) => {
  const onion = onionTo(AMOUNTS, true)
  const places: UpstreamPlace[] = []
  t.deepEqual(accept(effectOf(onion, { pathKey: next.nodeId }), places), [
    { malformed: 0xc018, sha256OfOnion: sha256(onion) },
  ])
  // It may be relayed already, by a version that took it: then a failure is told in the same way.
  t.deepEqual(places, [{ type: 'within-path', sha256OfOnion: sha256(onion) }])
})

interface Written extends WithUnknownTlvs {
  readonly amount?: bigint | undefined
  readonly expiry?: number | undefined
  readonly data: Uint8Array
  readonly pathKey?: Uint8Array | undefined
  readonly total?: bigint | undefined
}

const written = tlvStream<Written>({
  amount: tlv(2, tu64),
  expiry: tlv(4, tu32),
  data: tlv(10, restBytes),
  pathKey: tlv(12, curvePoint),
  total: tlv(18, tu64),
})

const RELAYED_DATA: EncryptedData = {
  shortChannelId: 100n,
  paymentRelay: { cltvExpiryDelta: 40, feeProportionalMillionths: 0, feeBaseMsat: 100 },
}

/** The HTLC that reaches us as the first node of a path with these data for us, or with `within` as a later one. */
const blinded = (data: EncryptedData, { isFinal = false, within = false } = {}) => {
  const { firstPathKey, path } = blindPath(named('path'), [{ nodeId: us.nodeId, data }])
  const [{ blindedNodeId, encryptedRecipientData } = { blindedNodeId: us.nodeId, encryptedRecipientData: EMPTY }] = path
  const payload = encodeWith(written, {
    ...(isFinal ? { amount: 900n, expiry: 600, total: 900n } : {}),
    data: encryptedRecipientData,
    ...(within ? {} : { pathKey: firstPathKey }),
  })
  const hops = [
    { nodeId: within ? blindedNodeId : us.nodeId, payload },
    ...(isFinal ? [] : [{ nodeId: next.nodeId, payload: AMOUNTS }]),
  ]
  const onion = createOnion({ sessionKey: named('session'), hops, associatedData: hash })
  if (!onion.ok) throw new Error(onion.error.code)
  return { onion: onion.value.packet, effect: effectOf(onion.value.packet, within ? { pathKey: firstPathKey } : {}) }
}

test('BOLT 2, update_add_htlc — its onion is read with its path key, if it has one', (t) => {
  for (const within of [false, true]) {
    const { onion, effect } = blinded(RELAYED_DATA, { within })
    const places: UpstreamPlace[] = []
    const [taken] = accept(effect, places) as { relay: { payload: object; nextOnion: Uint8Array } }[]
    t.like(taken?.relay.payload, {
      type: 'blinded-relay',
      amtToForward: 900n,
      outgoingCltvValue: 600,
      next: { type: 'channel', shortChannelId: 100n },
    })
    t.is(taken?.relay.nextOnion.length, 1366)
    t.like(places, [{ type: within ? 'within-path' : 'introduction', sha256OfOnion: sha256(onion) }])
  }
  const end = { pathId: named('path id') }
  const payload = { type: 'blinded-final', amtToForward: 900n, totalMsat: 900n, pathId: named('path id') }
  t.like(accept(blinded(end, { isFinal: true, within: true }).effect), [{ receive: { htlcId: 5n, payload } }])
  // Both ends of a path: failures are those of any payee.
  const places: UpstreamPlace[] = []
  t.like(accept(blinded(end, { isFinal: true }).effect, places), [{ receive: { htlcId: 5n, payload } }])
  t.like(places, [{ type: 'open' }])
})

test('BOLT 4, failures within a blinded route — what is wrong with a payload is told as invalid_onion_blinding, where the path begins and further on', (t) => {
  const late: EncryptedData = { ...RELAYED_DATA, paymentConstraints: { maxCltvExpiry: 639, htlcMinimumMsat: 0n } }
  const { onion, effect } = blinded(late)
  const places: UpstreamPlace[] = []
  t.deepEqual(accept(effect, places), [
    { fail: { type: 'own', failure: { type: 'invalid_onion_blinding', sha256OfOnion: sha256(onion) } } },
  ])
  t.like(places, [{ type: 'introduction', sha256OfOnion: sha256(onion) }])
  const within = blinded(late, { within: true })
  t.deepEqual(accept(within.effect), [{ malformed: 0xc018, sha256OfOnion: sha256(within.onion) }])
})

test('BOLT 4, packets — one of an unknown version, without a valid key or with a wrong HMAC is given back, and says which: to the peer, and is followed no further', (t) => {
  const onion = onionTo(RELAYED, false)
  const forged = (at: number, value: number) => Uint8Array.from(onion).fill(value, at, at + 1)
  for (const [packet, code] of [
    [forged(0, 1), 0xc004],
    [forged(1, 4), 0xc006],
    [forged(1365, (onion[1365] as number) ^ 1), 0xc005],
  ] as const) {
    t.deepEqual(accept(effectOf(packet)), [{ malformed: code, sha256OfOnion: sha256(packet) }])
  }
})

test('an HTLC that its channel wants back — is not given back here, but handed on with the reason: it may be relayed or held already', (t) => {
  const refused = { ...effectOf(onionTo(RELAYED, false)), refusal: 'funding-undone' } as const
  t.like(accept(refused), [{ relay: { refusal: { type: 'temporary_channel_failure' } } }])
  const received = { ...effectOf(onionTo(AMOUNTS, true)), refusal: 'exceeds-dust-exposure' } as const
  t.like(accept(received), [{ receive: { refusal: { type: 'temporary_node_failure' } } }])
})
