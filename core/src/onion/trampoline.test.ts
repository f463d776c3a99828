import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import { encodeFailure } from './failure-message.ts'
import { createFailureOnion, decryptFailureOnion, unwrapFailureOnion, wrapFailureOnion } from './failure-onion.ts'
import { FAILURE, KEYS, ONIONS, OWN_FAILURE, PEELS, TO_BLINDED_PATHS } from './fixtures/trampoline-vectors.ts'
import { decodeHopPayload, encodeHopPayload } from './hop-payload.ts'
import { createOnion, OVERHEAD, peelOnion } from './sphinx.ts'
import { createTrampolineOnion, neededLength, peelTrampolineOnion } from './trampoline-onion.ts'
import { decodeTrampolinePayload, encodeTrampolinePayload, type TrampolinePayload } from './trampoline-payload.ts'

const HASH = fromHex('42'.repeat(32))

for (const { name, sessionKey, associatedData, hops, packet } of ONIONS) {
  test(`lightning/bolts 836 — ${name} is made to the byte`, (t) => {
    const made = createOnion({
      sessionKey: fromHex(sessionKey),
      associatedData: fromHex(associatedData),
      hops: hops.map(({ nodeId, payload }) => ({ nodeId: fromHex(nodeId), payload: fromHex(payload) })),
      payloadsLength: packet.length / 2 - OVERHEAD,
    })
    t.true(made.ok)
    if (made.ok) t.is(toHex(made.value.packet), packet)
  })
}

for (const { name, key, packet, associatedData, next } of PEELS) {
  test(`lightning/bolts 836 — ${name}: a layer is taken off`, (t) => {
    const options = { privateKey: fromHex(key), packet: fromHex(packet), associatedData: fromHex(associatedData) }
    const peeled = peelOnion(options)
    t.true(peeled.ok)
    if (peeled.ok) t.is(peeled.value.nextPacket && toHex(peeled.value.nextPacket), next)
  })
}

interface VectorOnion {
  readonly name: string
  readonly hops: readonly { readonly nodeId: string; readonly payload: string }[]
  readonly packet: string
}
const onionOf = (name: string) => (ONIONS as readonly VectorOnion[]).find((each) => each.name === name)
const NONE = { nodeId: '', payload: '' }
const INNER = onionOf('payment: Alice’s inner onion')
const OUTER = onionOf('payment: Alice’s onion to Carol')

test('lightning/bolts 836 — the payload of a trampoline node names the next one, and the recipient’s the secret', (t) => {
  const [carol = NONE, eve = NONE] = INNER?.hops ?? []
  const amounts = { amtToForward: 100_000_000n, outgoingCltvValue: 800_000 }
  const relay: TrampolinePayload = { type: 'trampoline-relay', ...amounts, nextNodeId: fromHex(eve.nodeId) }
  t.deepEqual(decodeTrampolinePayload(fromHex(carol.payload), false), { ok: true, value: relay })
  t.is(toHex(encodeTrampolinePayload(relay)), carol.payload)
  const paymentData = { paymentSecret: fromHex('2a'.repeat(32)), totalMsat: 100_000_000n }
  const final: TrampolinePayload = { type: 'trampoline-final', ...amounts, paymentData }
  t.deepEqual(decodeTrampolinePayload(fromHex(eve.payload), true), { ok: true, value: final })
  t.is(toHex(encodeTrampolinePayload(final)), eve.payload)
  // Each in the other's place.
  t.false(decodeTrampolinePayload(fromHex(carol.payload), true).ok)
  t.false(decodeTrampolinePayload(fromHex(eve.payload), false).ok)
})

test('lightning/bolts 836 — the outer payload has the inner onion in it', (t) => {
  const payload = OUTER?.hops[1]?.payload ?? ''
  const entry = {
    type: 'trampoline-entry',
    amtToForward: 100_005_000n,
    outgoingCltvValue: 800_250,
    paymentData: { paymentSecret: fromHex('2b'.repeat(32)), totalMsat: 100_005_000n },
    trampolineOnion: fromHex(INNER?.packet ?? ''),
  } as const
  t.deepEqual(decodeHopPayload(fromHex(payload), true), { ok: true, value: entry })
  t.is(toHex(encodeHopPayload(entry)), payload)
  // A hop that is not the last has no use for it, nor for a path key without it.
  t.deepEqual(decodeHopPayload(fromHex(payload), false), {
    ok: false,
    error: { code: 'invalid-onion-payload', tlvType: 20n, offset: 49 },
  })
})

test('lightning/bolts 836 — within a blinded path of trampoline nodes the path key is beside the inner onion', (t) => {
  const [eve] = onionOf('blinded trampoline nodes: Dave’s onion to Eve')?.hops ?? []
  const payload = fromHex(eve?.payload ?? '')
  const read = decodeHopPayload(payload, true)
  t.true(read.ok)
  if (!read.ok || read.value.type !== 'trampoline-entry') return t.fail()
  t.is(
    toHex(read.value.currentPathKey ?? new Uint8Array()),
    '02c952268f1501cf108839f4f5d0fbb41a97de778a6ead8caf161c569bd4df1ad7',
  )
  t.deepEqual(encodeHopPayload(read.value), payload)
  const { trampolineOnion: _, ...without } = read.value
  const bare = decodeHopPayload(encodeHopPayload({ ...without, type: 'final' }), true)
  t.like(bare, { ok: false, error: { tlvType: 12n } })
})

test('lightning/bolts 836 — the payload with the recipient’s blinded paths', (t) => {
  const { payload, amtToForward, outgoingCltvValue, features, firstNodeId, firstPathKey, path, payinfo } =
    TO_BLINDED_PATHS
  const value: TrampolinePayload = {
    type: 'to-blinded-paths',
    amtToForward,
    outgoingCltvValue,
    features: fromHex(features),
    paths: [
      {
        path: {
          firstNodeId: { type: 'pubkey', nodeId: fromHex(firstNodeId) },
          firstPathKey: fromHex(firstPathKey),
          path: path.map((hop) => ({
            blindedNodeId: fromHex(hop.blindedNodeId),
            encryptedRecipientData: fromHex(hop.encryptedRecipientData),
          })),
        },
        payinfo: { ...payinfo, features: new Uint8Array() },
      },
    ],
  }
  t.deepEqual(decodeTrampolinePayload(fromHex(payload), true), { ok: true, value })
  t.is(toHex(encodeTrampolinePayload(value)), payload)
  t.false(decodeTrampolinePayload(fromHex(payload), false).ok)
})

test('an inner onion of ours is as long as it has to be, and padded as a rule', (t) => {
  const hops = (INNER?.hops ?? []).map(({ nodeId, payload }) => ({
    nodeId: fromHex(nodeId),
    payload: fromHex(payload),
  }))
  const options = { sessionKey: fromHex('03'.repeat(32)), hops, paymentHash: HASH }
  t.is(neededLength(hops) + OVERHEAD, fromHex(INNER?.packet ?? '').length)
  const exact = createTrampolineOnion({ ...options, payloadsLength: neededLength(hops) })
  t.true(exact.ok && toHex(exact.value.packet) === INNER?.packet)
  const usual = createTrampolineOnion(options)
  t.true(usual.ok && usual.value.packet.length === 300 + OVERHEAD)
  if (!usual.ok) return
  const peeled = peelTrampolineOnion(usual.value.packet, HASH, fromHex(KEYS.Carol))
  t.true(peeled.ok && toHex(peeled.value.payload) === INNER?.hops[0]?.payload)
})

test('an inner onion that is too short, or for somebody else, is not read', (t) => {
  const packet = fromHex(INNER?.packet ?? '')
  for (const length of [0, 1, OVERHEAD, OVERHEAD + 1]) {
    t.false(peelTrampolineOnion(packet.slice(0, length), HASH, fromHex(KEYS.Carol)).ok)
  }
  t.false(peelTrampolineOnion(packet, HASH, fromHex(KEYS.Dave)).ok)
})

test('lightning/bolts 836 — a failure beyond a trampoline node: what is left of it is encrypted for the origin on top', (t) => {
  const { eve, dave, carol, bob, alice } = FAILURE
  const failure = { type: 'incorrect_or_unknown_payment_details', htlcMsat: 100_000_000n, height: 800_000 } as const
  const wrapped = (secret: string, packet: Uint8Array) => wrapFailureOnion(fromHex(secret), packet)
  const ofEve = wrapped(eve.outer, createFailureOnion(fromHex(eve.inner), failure))
  t.is(toHex(ofEve), eve.packet)
  const ofDave = wrapped(dave.outer, ofEve)
  t.is(toHex(ofDave), dave.packet)

  const downstream = carol.downstream.map(fromHex)
  t.deepEqual(decryptFailureOnion(downstream, ofDave), { ok: false, error: { code: 'unreadable-failure' } })
  const unwrapped = unwrapFailureOnion(downstream, ofDave)
  t.is(toHex(unwrapped), carol.unwrapped)
  const ofCarol = wrapped(carol.outer, wrapped(carol.inner, unwrapped))
  t.is(toHex(ofCarol), carol.packet)
  const ofBob = wrapped(bob.outer, ofCarol)
  t.is(toHex(ofBob), bob.packet)

  const outer = alice.outer.map(fromHex)
  t.is(toHex(unwrapFailureOnion(outer, ofBob)), alice.unwrapped)
  // The nodes of the outer route come first: Bob, Carol, then Carol and Eve as trampoline nodes.
  t.deepEqual(decryptFailureOnion([...outer, ...alice.inner.map(fromHex)], ofBob), {
    ok: true,
    value: { originIndex: 3, failure },
  })
})

test('lightning/bolts 836 — a failure of a trampoline node itself', (t) => {
  const { carol, bob, alice } = OWN_FAILURE
  const failure = { type: 'temporary_trampoline_failure' } as const
  const ofCarol = wrapFailureOnion(fromHex(carol.outer), createFailureOnion(fromHex(carol.inner), failure))
  t.is(toHex(ofCarol), carol.packet)
  const ofBob = wrapFailureOnion(fromHex(bob.outer), ofCarol)
  t.is(toHex(ofBob), bob.packet)
  t.deepEqual(decryptFailureOnion([...alice.outer, ...alice.inner].map(fromHex), ofBob), {
    ok: true,
    value: { originIndex: 2, failure },
  })
})

test('lightning/bolts 836, failure messages — the codes of trampoline nodes', (t) => {
  t.is(toHex(encodeFailure({ type: 'temporary_trampoline_failure' })), '2019')
  t.is(toHex(encodeFailure({ type: 'unknown_next_trampoline' })), '401b')
  const insufficient = { feeBaseMsat: 1_000, feeProportionalMillionths: 500, cltvExpiryDelta: 144 }
  t.is(
    toHex(encodeFailure({ type: 'trampoline_fee_or_expiry_insufficient', ...insufficient })),
    '201a000003e8000001f40090',
  )
})
