import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { named } from '../fixtures/nodes.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from './invoice-codec.ts'
import type { HoldRecord } from './invoice-record.ts'
import { settleProblem, stepInvoice, waiting } from './receive-machine.ts'
import type { FinalHtlc, ReceiveEnv, ReceiveInput, ReceiveState } from './receive-protocol.ts'

const preimage = named('preimage')
const env: ReceiveEnv = { now: 1_000_000, height: 500, canClaim: () => true, mayHold: () => true }

const invoice: HoldRecord = {
  type: 'hold',
  paymentHash: sha256(preimage),
  paymentSecret: named('secret'),
  amountMsat: 1_000n,
  description: 'later',
  invoice: 'lnbcrt1…',
  minFinalCltvExpiryDelta: 48,
  createdAt: 900_000,
  expiresAt: 2_000_000,
  state: { type: 'open' },
}

const htlc = (htlcId: bigint, amountMsat: bigint, cltvExpiry = 560): FinalHtlc => ({
  channelId: named('channel'),
  htlcId,
  amountMsat,
  cltvExpiry,
  payload: {
    type: 'final',
    amtToForward: amountMsat,
    outgoingCltvValue: cltvExpiry,
    paymentData: { paymentSecret: named('secret'), totalMsat: 1_000n },
  },
})

const offer = (state: ReceiveState, part: FinalHtlc, world = env) =>
  stepInvoice(state, { type: 'htlc', htlc: part }, world)
const typesOf = ({ effects }: { readonly effects: readonly { readonly type: string }[] }) =>
  effects.map(({ type }) => type)

/** Held in two parts, of which the second expires first. */
const held = (): ReceiveState => offer(offer(waiting(invoice), htlc(1n, 400n, 560)).state, htlc(2n, 600n, 550)).state

test('a payment that is to be held waits whole, and its row says which HTLCs it is, and until when', (t) => {
  const first = offer(waiting(invoice), htlc(1n, 400n, 560))
  t.deepEqual(typesOf(first), ['schedule'])
  const { state, effects } = offer(first.state, htlc(2n, 600n, 550))
  t.deepEqual(effects, [{ type: 'unschedule' }, { type: 'held', invoice: state.invoice }])
  t.like(state.invoice.state, { type: 'held', at: 1_000_000, deadline: 526 })
  t.is(state.parts.length, 2)
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(state.invoice)), { ok: true, value: state.invoice })
  // A timer that ran off just then gives nothing back.
  t.deepEqual(stepInvoice(state, { type: 'mpp-timeout' }, env), { state, effects: [] })
})

test('its preimage claims all of it at once, and is in the row', (t) => {
  const state = held()
  t.is(settleProblem(state, env), undefined)
  const settled = stepInvoice(state, { type: 'settle', preimage }, env)
  t.deepEqual(typesOf(settled), ['fulfil', 'fulfil', 'unschedule', 'received'])
  t.like(settled.state.invoice, { preimage, state: { type: 'settled' } })
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(settled.state.invoice)), {
    ok: true,
    value: settled.state.invoice,
  })
})

test('while a part of it cannot be claimed its preimage is not revealed, nor before it is whole, nor from its deadline on', (t) => {
  const state = held()
  const settle: ReceiveInput = { type: 'settle', preimage }
  const lost = { ...env, canClaim: ({ htlcId }: { readonly htlcId: bigint }) => htlcId !== 2n }
  t.is(settleProblem(state, lost), 'not-claimable')
  t.deepEqual(stepInvoice(state, settle, lost), { state, effects: [] })
  const late = { ...env, height: 526 }
  t.is(settleProblem(state, late), 'not-held')
  t.deepEqual(stepInvoice(state, settle, late), { state, effects: [] })
  const begun = offer(waiting(invoice), htlc(1n, 400n)).state
  t.is(settleProblem(begun, env), 'not-held')
  t.deepEqual(stepInvoice(begun, settle, env), { state: begun, effects: [] })
})

test('at its deadline it is given back, and nobody can pay it again; before, a block changes nothing', (t) => {
  const state = held()
  t.deepEqual(stepInvoice(state, { type: 'block' }, { ...env, height: 525 }), { state, effects: [] })
  const late = { ...env, height: 526 }
  const given = stepInvoice(state, { type: 'block' }, late)
  t.deepEqual(typesOf(given), ['fail', 'fail', 'unschedule', 'cancelled'])
  t.like(given.effects.at(-1), { reason: 'deadline' })
  t.is(given.state.invoice.state.type, 'cancelled')
  t.deepEqual(typesOf(offer(given.state, htlc(1n, 1_000n, 600), late)), ['fail'])
})

test('after a restart its HTLCs are taken up as they come, whatever would be said of them now, and no other joins them', (t) => {
  const { invoice: row } = held()
  const late = { ...env, height: 525, now: 9_000_000, canClaim: () => false }
  const back = offer(waiting(row), htlc(1n, 400n, 560), late)
  t.deepEqual(back.effects, [])
  t.is(back.state.parts.length, 1)
  t.deepEqual(offer(back.state, htlc(1n, 400n, 560), late), { state: back.state, effects: [] })
  t.deepEqual(typesOf(offer(back.state, htlc(3n, 1_000n), late)), ['fail'])
  // Settled before the second is handed on, which is fulfilled when it is.
  const settled = stepInvoice(back.state, { type: 'settle', preimage }, { ...late, canClaim: () => true })
  t.deepEqual(typesOf(settled), ['fulfil', 'received'])
  t.deepEqual(typesOf(offer(settled.state, htlc(2n, 600n, 550), late)), ['fulfil'])
  // Given back before the second is handed on, which is given back when it is.
  const given = stepInvoice(back.state, { type: 'cancel' }, late)
  t.deepEqual(typesOf(given), ['fail', 'unschedule', 'cancelled'])
  t.deepEqual(typesOf(offer(given.state, htlc(2n, 600n, 550), late)), ['fail'])
})

test('nothing is held beyond what may be, and the payer may try again', (t) => {
  const full = { ...env, mayHold: () => false }
  const step = offer(waiting(invoice), htlc(1n, 1_000n), full)
  t.like(step.effects, [{ type: 'fail', failure: { type: 'own', failure: { type: 'temporary_node_failure' } } }])
  t.is(step.state.invoice, invoice)
})
