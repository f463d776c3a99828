import test from 'ava'
import { createTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { encodeTrampolinePayload, type TrampolinePayload } from '../../onion/trampoline-payload.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { readEntry } from './read-entry.ts'

const us = testNode('us')
const next = testNode('next')
const hash = named('hash')
const AMOUNTS = { amtToForward: 1_000n, outgoingCltvValue: 600 }
const SECRET = { paymentSecret: named('secret'), totalMsat: 1_000n }
const RELAY: TrampolinePayload = { type: 'trampoline-relay', ...AMOUNTS, nextNodeId: next.nodeId }
const FINAL: TrampolinePayload = { type: 'trampoline-final', ...AMOUNTS, paymentData: SECRET }

const innerOnion = (payload: TrampolinePayload | Uint8Array, isFinal: boolean) => {
  const bytes = payload instanceof Uint8Array ? payload : encodeTrampolinePayload(payload)
  const rest = isFinal ? [] : [{ nodeId: next.nodeId, payload: encodeTrampolinePayload(FINAL) }]
  const hops = [{ nodeId: us.nodeId, payload: bytes }, ...rest]
  const onion = createTrampolineOnion({ sessionKey: named('session'), hops, paymentHash: hash })
  if (!onion.ok) throw new Error(onion.error.code)
  return onion.value
}

const entry = (trampolineOnion: Uint8Array, more: object = {}) => ({
  type: 'trampoline-entry' as const,
  amtToForward: 1_100n,
  outgoingCltvValue: 700,
  paymentData: { paymentSecret: named('outer secret'), totalMsat: 1_100n },
  trampolineOnion,
  ...more,
})

const read = (given: ReturnType<typeof entry>) => readEntry(given, hash, 700, us.privateKey)

test('BOLT 4, trampoline payments — the next trampoline node is given the rest of the inner onion', (t) => {
  const { packet, sharedSecrets } = innerOnion(RELAY, false)
  const opened = read(entry(packet))
  t.deepEqual(opened.innerSecret, sharedSecrets[0])
  t.true(opened.found.ok)
  if (!opened.found.ok || opened.found.value.type !== 'trampoline') return t.fail()
  const { outer, order } = opened.found.value
  t.deepEqual(outer, {
    amtToForward: 1_100n,
    outgoingCltvValue: 700,
    paymentSecret: named('outer secret'),
    totalMsat: 1_100n,
  })
  if (order.type !== 'node') return t.fail()
  t.like(order, { nextNodeId: next.nodeId, amountMsat: 1_000n, cltvExpiry: 600 })
  const theirs = readEntry(entry(order.nextOnion), hash, 700, next.privateKey)
  t.like(theirs.found, { ok: true, value: { type: 'final' } })
})

test('BOLT 4, trampoline payments — the payee takes nothing that expires earlier, or is less, than its sender meant', (t) => {
  const { packet } = innerOnion(FINAL, true)
  t.deepEqual(read(entry(packet)).found, {
    ok: true,
    value: { type: 'final', amtToForward: 1_100n, outgoingCltvValue: 700, paymentData: SECRET },
  })
  t.deepEqual(read(entry(packet, { outgoingCltvValue: 599 })).found, {
    ok: false,
    error: { type: 'final_incorrect_cltv_expiry', cltvExpiry: 700 },
  })
  const paymentData = { paymentSecret: named('outer secret'), totalMsat: 999n }
  t.deepEqual(read(entry(packet, { paymentData })).found, {
    ok: false,
    error: { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 999n },
  })
  // In one part, without a total.
  t.deepEqual(read(entry(packet, { paymentData: undefined, amtToForward: 999n })).found, {
    ok: false,
    error: { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 999n },
  })
  t.true(read(entry(packet, { paymentData: undefined, amtToForward: 1_000n, outgoingCltvValue: 600 })).found.ok)
})

test('an inner onion that cannot be read has no secret to answer by, and one with another payload has', (t) => {
  const { packet, sharedSecrets } = innerOnion(Uint8Array.of(2, 1, 1), true)
  t.deepEqual(read(entry(packet.slice(0, -1))), {
    found: { ok: false, error: { type: 'invalid_onion_payload', tlvType: 20n, offset: 0 } },
  })
  t.deepEqual(read(entry(packet)), {
    innerSecret: sharedSecrets[0],
    found: { ok: false, error: { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 } },
  })
})

test('within a blinded path of trampoline nodes this node takes no part', (t) => {
  const { packet } = innerOnion(FINAL, true)
  t.like(read(entry(packet, { currentPathKey: next.nodeId })).found, { error: { type: 'invalid_onion_blinding' } })
  const blinded = innerOnion(Uint8Array.of(10, 1, 1), true)
  t.like(read(entry(blinded.packet)).found, { error: { type: 'temporary_trampoline_failure' } })
})
