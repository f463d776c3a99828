import test from 'ava'
import type { ForwardEffect } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { concat, fromHex } from '../../lib/bytes.ts'
import { createOnion } from '../../onion/sphinx.ts'
import { named, peelAlong, testNode } from '../../payment/fixtures/nodes.ts'
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
const accept = (effect: ForwardEffect, secrets: Uint8Array[] = []): readonly object[] => {
  const done: object[] = []
  acceptIncoming(effect, {
    nodeKey: us.privateKey,
    upstream: { remember: (_, sharedSecret) => void secrets.push(sharedSecret) },
    height: () => 500,
    receive: (htlc) => void done.push({ receive: htlc }),
    relay: (request) => void done.push({ relay: request }),
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
  t.like(accept(effectOf(onionTo(concat(RELAYED, fromHex('0a00')), false))), [
    { fail: { type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 10n } } },
  ])
})

test('BOLT 2, removing an HTLC — one that comes with a path key is failed as malformed, with invalid_onion_blinding, whatever is in it', (t) => {
  const onion = onionTo(AMOUNTS, true)
  const secrets: Uint8Array[] = []
  t.deepEqual(accept(effectOf(onion, { pathKey: next.nodeId }), secrets), [
    { malformed: 0xc018, sha256OfOnion: sha256(onion) },
  ])
  // It may be relayed already, by a version that took it: then a failure is encrypted by it.
  t.is(secrets.length, 1)
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
