import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import { ReceiverRig } from './fixtures/receiver-rig.ts'
import { readInvoice } from './receiver-actor.ts'

const preimage = sha256(utf8Encode('preimage'))
const paymentHash = sha256(preimage)
const paymentData = { paymentSecret: sha256(utf8Encode('secret')), totalMsat: 1_000n }

const part = (htlcId: bigint, amountMsat: bigint, payload: Partial<FinalPayload> = {}) => ({
  paymentHash,
  channelId: new Uint8Array(32),
  htlcId,
  amountMsat,
  cltvExpiry: 540,
  payload: {
    type: 'final' as const,
    amtToForward: amountMsat,
    outgoingCltvValue: 540,
    keysendPreimage: preimage,
    ...payload,
  },
})

test('a keysend in parts is taken whole or not at all, over a restart, and has a row only then', async (t) => {
  const rig = await ReceiverRig.start(t)
  rig.receiver.tell('htlc', part(1n, 400n, { paymentData }))
  t.deepEqual(await rig.told(), [])
  t.is(await readInvoice(rig.store, paymentHash), undefined)
  await rig.restart()
  // Channels hand on again what they hold.
  rig.receiver.tell('htlc', part(1n, 400n, { paymentData }))
  rig.receiver.tell('htlc', part(2n, 600n, { paymentData }))
  t.deepEqual(await rig.told(), ['1 fulfilled', '2 fulfilled'])
  t.like(await readInvoice(rig.store, paymentHash), { type: 'keysend', state: { type: 'settled' } })
  await rig.restart()
  rig.receiver.tell('htlc', part(2n, 600n, { paymentData }))
  rig.receiver.tell('htlc', part(3n, 600n, { paymentData }))
  t.deepEqual(await rig.told(), ['2 fulfilled', '3 incorrect_or_unknown_payment_details'])
})

test('of a keysend whose rest does not come nothing is left, and it may come anew, with another secret', async (t) => {
  const rig = await ReceiverRig.start(t)
  rig.receiver.tell('htlc', part(1n, 400n, { paymentData }))
  t.deepEqual(await rig.told(), [])
  rig.clock.advance(60_000)
  t.deepEqual(await rig.told(), ['1 mpp_timeout'])
  rig.receiver.tell('htlc', part(2n, 1_000n))
  t.deepEqual(await rig.told(), ['2 fulfilled'])
})

test('bLIP 3 — a node that takes no keysend, and one whose preimage is another’s, answer that they know no such payment', async (t) => {
  const unknown = 'incorrect_or_unknown_payment_details'
  const unwilling = await ReceiverRig.start(t, false)
  unwilling.receiver.tell('htlc', part(1n, 1_000n))
  t.deepEqual(await unwilling.told(), [`1 ${unknown}`])
  const rig = await ReceiverRig.start(t)
  rig.receiver.tell('htlc', part(1n, 1_000n, { keysendPreimage: paymentHash }))
  t.deepEqual(await rig.told(), [`1 ${unknown}`])
})
