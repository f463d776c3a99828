import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'
import { named } from '../fixtures/nodes.ts'
import { customRecords } from './custom-records.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from './invoice-codec.ts'
import { keysendPayment } from './keysend.ts'
import { stepInvoice, waiting } from './receive-machine.ts'
import type { FinalHtlc, ReceiveEnv, ReceiveState } from './receive-protocol.ts'

const preimage = named('preimage')
const paymentHash = sha256(preimage)
const env: ReceiveEnv = { now: 1_000_000, height: 500, canClaim: () => true, mayHold: () => true }

const htlc = (
  htlcId: bigint,
  amountMsat: bigint,
  payload: Partial<FinalPayload> = {},
  more: Partial<Omit<FinalHtlc, 'payload'>> = {},
): FinalHtlc & { readonly payload: FinalPayload } => ({
  channelId: named('channel'),
  htlcId,
  amountMsat,
  cltvExpiry: 520,
  payload: { type: 'final', amtToForward: amountMsat, outgoingCltvValue: 520, keysendPreimage: preimage, ...payload },
  ...more,
})

const whole = { paymentSecret: named('secret'), totalMsat: 1_000n }

const begin = (first: FinalHtlc): ReceiveState => {
  const payment = keysendPayment(paymentHash, first, env.now)
  if (payment === undefined) throw new Error('no payment')
  return waiting(payment)
}

const offer = (state: ReceiveState, part: FinalHtlc) => stepInvoice(state, { type: 'htlc', htlc: part }, env)
const typesOf = ({ effects }: ReturnType<typeof offer>) => effects.map(({ type }) => type)

test('bLIP 3 — an HTLC with the preimage of its hash is a payment, whatever its amount', (t) => {
  const part = htlc(7n, 1n)
  const { state, effects } = offer(begin(part), part)
  const ref = { channelId: named('channel'), htlcId: 7n }
  t.deepEqual(effects, [
    { type: 'fulfil', htlc: ref, preimage },
    { type: 'received', invoice: state.invoice },
  ])
  t.deepEqual(state.invoice.state, { type: 'settled', at: 1_000_000, htlcs: [{ ...ref, amountMsat: 1n }] })
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(state.invoice)), { ok: true, value: state.invoice })
})

test('BOLT 4, payload format — without a total the HTLC is all there is', (t) => {
  for (const amountMsat of [1n, 1_000n, 5_000_000n]) {
    const part = htlc(7n, amountMsat)
    t.deepEqual(typesOf(offer(begin(part), part)), ['fulfil', 'received'])
  }
  const withTotal = htlc(7n, 999n, { paymentData: whole })
  t.deepEqual(typesOf(offer(begin(withTotal), withTotal)), ['schedule'])
})

test('bLIP 3 — without a preimage, or with that of another hash, nothing is begun', (t) => {
  t.is(keysendPayment(paymentHash, htlc(7n, 1n, { keysendPreimage: named('other') }), env.now), undefined)
  const { keysendPreimage: _, ...bare } = htlc(7n, 1n).payload
  t.is(keysendPayment(paymentHash, { ...htlc(7n, 1n), payload: bare }, env.now), undefined)
})

test('bLIP 3 — parts with one secret are one payment, and nothing is fulfilled before all are here', (t) => {
  const [one, two] = [htlc(1n, 400n, { paymentData: whole }), htlc(2n, 600n, { paymentData: whole })]
  const first = offer(begin(one), one)
  t.deepEqual(typesOf(first), ['schedule'])
  t.is(first.state.invoice.state.type, 'open')
  t.deepEqual(typesOf(offer(first.state, two)), ['fulfil', 'fulfil', 'unschedule', 'received'])
})

test('bLIP 3 — a part with another secret, without one or without the preimage is given back, and the others wait on', (t) => {
  const one = htlc(1n, 400n, { paymentData: whole })
  const { state } = offer(begin(one), one)
  const { keysendPreimage: _, ...bare } = one.payload
  const wrong = [
    htlc(2n, 600n, { paymentData: { ...whole, paymentSecret: named('x') } }),
    htlc(2n, 600n),
    { ...htlc(2n, 600n), payload: bare },
  ]
  for (const part of wrong) {
    const step = offer(state, part)
    t.deepEqual(typesOf(step), ['fail'])
    t.deepEqual(step.state.parts, [one])
  }
  // One that came without a secret was whole: no other joins it.
  const alone = htlc(1n, 400n)
  const begun = waiting(begin(alone).invoice)
  t.deepEqual(typesOf(offer(begun, htlc(2n, 600n, { paymentData: whole }))), ['fail'])
})

test('what has come once does not come again under its hash, and what was decided is fulfilled over a restart', (t) => {
  const part = htlc(7n, 1_000n)
  const settled = waiting(offer(begin(part), part).state.invoice)
  t.deepEqual(typesOf(offer(settled, part)), ['fulfil'])
  t.deepEqual(typesOf(offer(settled, htlc(8n, 1_000n))), ['fail'])
})

test('an HTLC without the blocks to fulfil it in, or that our channel wants back, is given back', (t) => {
  const near = htlc(7n, 1_000n, {}, { cltvExpiry: 519 })
  t.deepEqual(typesOf(offer(begin(near), near)), ['fail'])
  const refused = htlc(7n, 1_000n, {}, { refusal: { type: 'temporary_node_failure' } })
  t.deepEqual(typesOf(offer(begin(refused), refused)), ['fail'])
})

test('bLIP 2 — what a payer says besides is what every part says, and no record of the protocol', (t) => {
  const said = (...unknownTlvs: TlvRecord[]): FinalPayload => ({ ...htlc(1n, 1n).payload, unknownTlvs })
  const [low, a, b] = [13n, 65_537n, 7_629_169n].map((type) => ({ type, value: named(`${type}`) })) as [
    TlvRecord,
    TlvRecord,
    TlvRecord,
  ]
  t.deepEqual(customRecords([said(low, a, b)]), [a, b])
  t.deepEqual(customRecords([said(a, b), said({ ...a, value: named('x') }, b)]), [b])
  t.deepEqual(customRecords([said(a), said()]), [])
  const part = htlc(7n, 1_000n, { unknownTlvs: [b] })
  const { state } = offer(begin(part), part)
  t.like(state.invoice.state, { type: 'settled', customRecords: [b] })
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(state.invoice)), { ok: true, value: state.invoice })
})
