import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../crypto/hashes.ts'
import type { BlindedFinalPayload } from '../../onion/blinded-payload.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import { named } from '../fixtures/nodes.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from './invoice-codec.ts'
import {
  type Bolt11Record,
  type Bolt12Record,
  type InvoiceRecord,
  invoiceStatus,
  receivedMsat,
} from './invoice-record.ts'
import { failUnknownPayment, stepInvoice, waiting } from './receive-machine.ts'
import type { FinalHtlc, ReceiveEffect, ReceiveEnv, ReceiveState } from './receive-protocol.ts'

const preimage = named('preimage')
const env: ReceiveEnv = { now: 1_000_000, height: 500, canClaim: () => true, mayHold: () => true }

const invoice: Bolt11Record = {
  type: 'bolt11',
  paymentHash: sha256(preimage),
  preimage,
  paymentSecret: named('secret'),
  amountMsat: 1_000_000n,
  description: 'coffee ☕',
  invoice: 'lnbcrt1…',
  minFinalCltvExpiryDelta: 18,
  createdAt: 900_000,
  expiresAt: 2_000_000,
  state: { type: 'open' },
}

const htlc = (
  htlcId: bigint,
  amount: bigint,
  payload: Partial<FinalPayload> = {},
  more: Partial<FinalHtlc> = {},
): FinalHtlc => ({
  channelId: named('channel'),
  htlcId,
  amountMsat: amount,
  cltvExpiry: 518,
  payload: {
    type: 'final',
    amtToForward: amount,
    outgoingCltvValue: 518,
    paymentData: { paymentSecret: named('secret'), totalMsat: 1_000_000n },
    ...payload,
  },
  ...more,
})

const refOf = ({ channelId, htlcId }: FinalHtlc) => ({ channelId, htlcId })
const failed = (part: FinalHtlc, failure: FailureMessage): ReceiveEffect => ({
  type: 'fail',
  htlc: refOf(part),
  failure: { type: 'own', failure },
})
const unknownDetails = (part: FinalHtlc): ReceiveEffect =>
  failed(part, { type: 'incorrect_or_unknown_payment_details', htlcMsat: part.amountMsat, height: 500 })
const fulfil = (part: FinalHtlc): ReceiveEffect => ({ type: 'fulfil', htlc: refOf(part), preimage })

const offer = (state: ReceiveState, part: FinalHtlc, world = env) =>
  stepInvoice(state, { type: 'htlc', htlc: part }, world)

test('an HTLC for the whole amount settles the invoice, the row saying which', (t) => {
  const part = htlc(7n, 1_000_000n)
  const { state, effects } = offer(waiting(invoice), part)
  t.deepEqual(state.invoice.state, {
    type: 'settled',
    at: 1_000_000,
    htlcs: [{ ...refOf(part), amountMsat: 1_000_000n }],
  })
  t.deepEqual(effects, [fulfil(part), { type: 'received', invoice: state.invoice }])
  t.is(receivedMsat(state.invoice), 1_000_000n)
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(state.invoice)), { ok: true, value: state.invoice })
})

test('BOLT 4, failure messages — the payee refuses as unknown what lacks the right secret, is too little or too near its expiry, or what nobody asked for: too little, and more than twice', (t) => {
  const paying = (amount: bigint) =>
    htlc(7n, amount, { paymentData: { paymentSecret: named('secret'), totalMsat: amount } })
  t.is(offer(waiting(invoice), paying(2_000_000n)).state.invoice.state.type, 'settled')
  for (const amount of [999_999n, 2_000_001n]) {
    const part = paying(amount)
    t.deepEqual(offer(waiting(invoice), part).effects, [unknownDetails(part)])
  }
})

test('an invoice that names no amount takes any', (t) => {
  const { amountMsat: _, ...free } = invoice
  const part = htlc(7n, 5n, { paymentData: { paymentSecret: named('secret'), totalMsat: 5n } })
  t.is(offer(waiting(free), part).state.invoice.state.type, 'settled')
})

test('BOLT 4, failure messages — the payee refuses as unknown what lacks the right secret, is too little or too near its expiry, or what nobody asked for: secret, metadata, expiry', (t) => {
  const bare: FinalPayload = { type: 'final', amtToForward: 1_000_000n, outgoingCltvValue: 518 }
  const wrong: readonly [InvoiceRecord, FinalHtlc, typeof env][] = [
    [invoice, htlc(7n, 1_000_000n, {}, { payload: bare }), env],
    [invoice, htlc(7n, 1_000_000n, { paymentData: { paymentSecret: named('x'), totalMsat: 1_000_000n } }), env],
    [{ ...invoice, paymentMetadata: named('meta') }, htlc(7n, 1_000_000n), env],
    [{ ...invoice, paymentMetadata: named('meta') }, htlc(7n, 1_000_000n, { paymentMetadata: named('x') }), env],
    [invoice, htlc(7n, 1_000_000n, {}, { cltvExpiry: 517 }), env],
    [invoice, htlc(7n, 1_000_000n), { ...env, now: 2_000_000 }],
    [{ ...invoice, state: { type: 'cancelled' } }, htlc(7n, 1_000_000n), env],
  ]
  for (const [record, part, world] of wrong) {
    const { state, effects } = offer(waiting(record), part, world)
    t.deepEqual(effects, [unknownDetails(part)])
    t.is(state.invoice, record)
  }
  const meta = htlc(7n, 1_000_000n, { paymentMetadata: named('meta') })
  t.is(offer(waiting({ ...invoice, paymentMetadata: named('meta') }), meta).state.invoice.state.type, 'settled')
})

test('BOLT 4, failure messages — the payee says of an HTLC that ends sooner or is less than its payload that it does', (t) => {
  const early = htlc(7n, 1_000_000n, { outgoingCltvValue: 519 })
  t.deepEqual(offer(waiting(invoice), early).effects, [
    failed(early, { type: 'final_incorrect_cltv_expiry', cltvExpiry: 518 }),
  ])
  const less = htlc(7n, 999_999n, { amtToForward: 1_000_000n })
  t.deepEqual(offer(waiting(invoice), less).effects, [
    failed(less, { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 999_999n }),
  ])
})

test('BOLT 4, payload format — the payee takes nothing that is less, or ends sooner, than its payload and its invoice say', (t) => {
  const near = fc.integer({ min: -2, max: 2 })
  fc.assert(
    fc.property(near, near, near, near, (more, late, later, total) => {
      const amtToForward = 1_000_000n + BigInt(total)
      const amountMsat = amtToForward + BigInt(more)
      const [cltvExpiry, outgoingCltvValue] = [518 + late, 518 + late - later]
      const paymentData = { paymentSecret: named('secret'), totalMsat: amtToForward }
      const part = htlc(7n, amountMsat, { amtToForward, outgoingCltvValue, paymentData }, { cltvExpiry })
      // At a height of 500 the invoice wants 18 blocks.
      const isTaken = more >= 0 && later >= 0 && late >= 0 && total >= 0
      t.is(offer(waiting(invoice), part).state.invoice.state.type, isTaken ? 'settled' : 'open')
    }),
    { seed: 32, numRuns: 400 },
  )
})

test('BOLT 4, multi-part payments — each part has to have the secret', (t) => {
  const { state } = offer(waiting(invoice), htlc(1n, 500_000n))
  const bare: FinalPayload = { type: 'final', amtToForward: 500_000n, outgoingCltvValue: 518 }
  const wrong = [
    htlc(2n, 500_000n, {}, { payload: bare }),
    htlc(2n, 500_000n, { paymentData: { paymentSecret: named('x'), totalMsat: 1_000_000n } }),
  ]
  for (const part of wrong) t.deepEqual(offer(state, part), { state, effects: [unknownDetails(part)] })
  t.is(offer(state, htlc(2n, 500_000n)).state.invoice.state.type, 'settled')
})

test('BOLT 4, failure messages — the payee refuses as unknown what lacks the right secret, is too little or too near its expiry, or what nobody asked for: an unknown hash', (t) => {
  const part = htlc(7n, 1_000_000n)
  t.deepEqual(failUnknownPayment(part, env), unknownDetails(part))
})

test('BOLT 4, multi-part payments — an HTLC joins those of its hash, none is fulfilled before their total is there, and then all are', (t) => {
  const parts = [htlc(1n, 400_000n), htlc(2n, 400_000n), htlc(3n, 200_000n)] as const
  const one = offer(waiting(invoice), parts[0])
  t.deepEqual(one.effects, [{ type: 'schedule', delayMs: 60_000 }])
  t.is(one.state.invoice, invoice)
  const two = offer(one.state, parts[1])
  t.deepEqual(two.effects, [])
  const three = offer(two.state, parts[2])
  t.deepEqual(three.effects, [
    ...parts.map(fulfil),
    { type: 'unschedule' },
    { type: 'received', invoice: three.state.invoice },
  ])
  t.is(receivedMsat(three.state.invoice), 1_000_000n)
})

test('BOLT 4, multi-part payments — parts that wait too long are given back with mpp_timeout, and the invoice stays open', (t) => {
  const { state } = offer(offer(waiting(invoice), htlc(1n, 400_000n)).state, htlc(2n, 400_000n))
  const timedOut = stepInvoice(state, { type: 'mpp-timeout' }, env)
  t.deepEqual(timedOut.effects, [
    failed(htlc(1n, 400_000n), { type: 'mpp_timeout' }),
    failed(htlc(2n, 400_000n), { type: 'mpp_timeout' }),
  ])
  t.is(timedOut.state.invoice, invoice)
  t.is(offer(timedOut.state, htlc(3n, 1_000_000n)).state.invoice.state.type, 'settled')
})

test('a part that could not be claimed now is not counted, and leaves the set when it cannot be any more', (t) => {
  const parts = [htlc(1n, 500_000n), htlc(2n, 500_000n), htlc(3n, 500_000n)] as const
  const without = (...lost: readonly bigint[]): ReceiveEnv => ({
    ...env,
    canClaim: ({ htlcId }) => !lost.includes(htlcId),
  })
  t.deepEqual(offer(waiting(invoice), parts[0], without(1n)), {
    state: waiting(invoice),
    effects: [unknownDetails(parts[0])],
  })
  // Counted, and then the chain decides its channel: the rest does not complete the payment.
  const one = offer(waiting(invoice), parts[0])
  const two = offer(one.state, parts[1], without(1n))
  t.is(two.state.invoice, invoice)
  t.deepEqual(two.effects, [unknownDetails(parts[0]), { type: 'unschedule' }, { type: 'schedule', delayMs: 60_000 }])
  const three = offer(two.state, parts[2], without(1n))
  t.deepEqual(three.effects.slice(0, 2), [fulfil(parts[1]), fulfil(parts[2])])
  t.is(receivedMsat(three.state.invoice), 1_000_000n)
})

test('BOLT 4, multi-part payments — parts that name different totals are all given back', (t) => {
  const first = htlc(1n, 400_000n)
  const second = htlc(2n, 700_000n, { paymentData: { paymentSecret: named('secret'), totalMsat: 1_100_000n } })
  const { state, effects } = offer(offer(waiting(invoice), first).state, second)
  t.deepEqual(effects, [unknownDetails(first), unknownDetails(second), { type: 'unschedule' }])
  t.deepEqual(state, waiting(invoice))
})

test('a payment begun in time may be completed after the expiry', (t) => {
  const { state } = offer(waiting(invoice), htlc(1n, 400_000n))
  const late = { ...env, now: 2_000_001 }
  t.is(offer(state, htlc(2n, 600_000n), late).state.invoice.state.type, 'settled')
})

test('the same HTLC told twice counts once', (t) => {
  const { state } = offer(waiting(invoice), htlc(1n, 600_000n))
  const again = offer(state, htlc(1n, 600_000n))
  t.is(again.state, state)
  t.deepEqual(again.effects, [])
})

test('once settled, the HTLCs of the list are fulfilled whenever they are met, and no other', (t) => {
  const part = htlc(1n, 1_000_000n)
  const { state } = offer(waiting(invoice), part)
  // After a restart, much later, and whatever the invoice would say now.
  const late = { now: 9_000_000, height: 517, canClaim: () => false, mayHold: () => true }
  const again = offer(waiting(state.invoice), part, late)
  t.is(again.state.invoice, state.invoice)
  t.deepEqual(again.effects, [fulfil(part)])
  const other = htlc(2n, 1_000_000n)
  t.deepEqual(offer(state, other).effects, [unknownDetails(other)])
  const elsewhere = htlc(1n, 1_000_000n, {}, { channelId: named('another channel') })
  t.deepEqual(offer(state, elsewhere).effects, [unknownDetails(elsewhere)])
})

test('an HTLC that its channel wants back is given back, unless it is held or fulfilled already', (t) => {
  const refusal = { type: 'temporary_channel_failure' } as const
  const refused = (htlcId: bigint, amountMsat: bigint) => ({ ...htlc(htlcId, amountMsat), refusal })
  t.like(offer(waiting(invoice), refused(1n, 1_000_000n)).effects, [
    { type: 'fail', failure: { type: 'own', failure: refusal } },
  ])
  const held = offer(waiting(invoice), htlc(1n, 600_000n)).state
  t.deepEqual(offer(held, refused(1n, 600_000n)), { state: held, effects: [] })
  const { state } = offer(waiting(invoice), htlc(1n, 1_000_000n))
  t.deepEqual(offer(state, refused(1n, 1_000_000n)).effects, [fulfil(htlc(1n, 1_000_000n))])
})

test('an HTLC that this version cannot read is given back, unless one that could has taken it', (t) => {
  const { channelId, htlcId } = htlc(1n, 1_000_000n)
  const answer = { type: 'malformed', sha256OfOnion: named('onion'), failureCode: 0xc018 } as const
  const refused = (state: ReceiveState, id = htlcId) =>
    stepInvoice(state, { type: 'refused', htlc: { channelId, htlcId: id, answer } }, env).effects
  const { state } = offer(waiting(invoice), htlc(1n, 1_000_000n))
  t.deepEqual(refused(waiting(state.invoice)), [fulfil(htlc(1n, 1_000_000n))])
  for (const effects of [refused(waiting(state.invoice), 2n), refused(waiting(invoice))]) {
    t.like(effects, [{ type: 'refuse', htlc: { answer } }])
  }
})

test('a cancelled invoice gives its parts back; a settled one cannot be cancelled', (t) => {
  const { state } = offer(waiting(invoice), htlc(1n, 400_000n))
  const cancelled = stepInvoice(state, { type: 'cancel' }, env)
  t.deepEqual(cancelled.effects, [
    unknownDetails(htlc(1n, 400_000n)),
    { type: 'unschedule' },
    { type: 'cancelled', reason: 'asked' },
  ])
  t.is(invoiceStatus(cancelled.state.invoice, 0), 'cancelled')
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(cancelled.state.invoice)), {
    ok: true,
    value: cancelled.state.invoice,
  })
  const settled = offer(waiting(invoice), htlc(1n, 1_000_000n)).state
  t.is(stepInvoice(settled, { type: 'cancel' }, env).state, settled)
})

const { paymentSecret: _, type: __, ...asked } = invoice
const byPaths: Bolt12Record = { ...asked, type: 'bolt12', invoice: 'lni1…', pathId: named('path id') }

const overPath = (htlcId: bigint, amount: bigint, payload: Partial<BlindedFinalPayload> = {}): FinalHtlc => ({
  ...htlc(htlcId, amount),
  payload: {
    type: 'blinded-final',
    amtToForward: amount,
    outgoingCltvValue: 500,
    totalMsat: 1_000_000n,
    pathId: named('path id'),
    ...payload,
  },
})

test('BOLT 4, receiving over blinded paths — what comes by the invoice’s paths pays it, in one part or in several', (t) => {
  const { state, effects } = offer(waiting(byPaths), overPath(7n, 1_000_000n))
  t.deepEqual(effects, [fulfil(overPath(7n, 1_000_000n)), { type: 'received', invoice: state.invoice }])
  const first = offer(waiting(byPaths), overPath(1n, 400_000n))
  t.deepEqual(first.effects, [{ type: 'schedule', delayMs: 60_000 }])
  const second = offer(first.state, overPath(2n, 600_000n))
  t.is(receivedMsat(second.state.invoice), 1_000_000n)
  t.deepEqual(decodeInvoiceRecord(encodeInvoiceRecord(second.state.invoice)), {
    ok: true,
    value: second.state.invoice,
  })
})

test('BOLT 4, receiving over blinded paths — what comes by no path, by another, for too little or too close to its expiry is refused', (t) => {
  const { pathId: _, ...without } = overPath(7n, 1_000_000n).payload as BlindedFinalPayload
  const wrong: readonly [InvoiceRecord, FinalHtlc][] = [
    [byPaths, { ...overPath(7n, 1_000_000n), payload: without }],
    [byPaths, overPath(7n, 1_000_000n, { pathId: named('another path') })],
    [byPaths, overPath(7n, 1_000_000n, { pathId: named('path id').subarray(1) })],
    [byPaths, overPath(7n, 999_999n, { totalMsat: 999_999n })],
    [byPaths, { ...overPath(7n, 1_000_000n), cltvExpiry: 517 }],
    // An invoice of one form is not paid in the way of the other, whatever secret is named.
    [byPaths, htlc(7n, 1_000_000n, { paymentData: { paymentSecret: named('path id'), totalMsat: 1_000_000n } })],
    [invoice, overPath(7n, 1_000_000n, { pathId: named('secret') })],
  ]
  for (const [record, part] of wrong) t.deepEqual(offer(waiting(record), part).effects, [unknownDetails(part)])
})

test('an open invoice looks expired once its time is over', (t) => {
  t.is(invoiceStatus(invoice, 1_999_999), 'open')
  t.is(invoiceStatus(invoice, 2_000_000), 'expired')
})

test('rows of another version, cut short or with bytes to spare are refused', (t) => {
  const row = encodeInvoiceRecord({ ...invoice, paymentMetadata: named('meta') })
  t.is(row[0], 4)
  t.true(decodeInvoiceRecord(row).ok)
  t.deepEqual(decodeInvoiceRecord(Uint8Array.of(5, ...row.subarray(1))), {
    ok: false,
    error: { code: 'invalid-value', path: '' },
  })
  t.false(decodeInvoiceRecord(row.subarray(0, -1)).ok)
  t.false(decodeInvoiceRecord(Uint8Array.of(...row, 0)).ok)
})

// However parts arrive, time out and are told again: nothing is fulfilled before the total is there, all of the list is
// fulfilled with it, and every HTLC gets one answer.
test('BOLT 4, multi-part payments — an HTLC joins those of its hash, none is fulfilled before their total is there, and then all are: in any order', (t) => {
  const arrival = fc.record({ id: fc.nat(8), share: fc.nat(4), kind: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 30 }), (arrivals) => {
      let state = waiting(invoice)
      const answered = new Map<bigint, string>()
      for (const { id, share, kind } of arrivals) {
        const part = htlc(BigInt(id), 100_000n + 200_000n * BigInt(share))
        if (kind > 0 && answered.has(part.htlcId) && answered.get(part.htlcId) === 'fail') continue
        const step = stepInvoice(state, kind === 0 ? { type: 'mpp-timeout' } : { type: 'htlc', htlc: part }, env)
        for (const effect of step.effects) {
          if (effect.type !== 'fulfil' && effect.type !== 'fail') continue
          const before = answered.get(effect.htlc.htlcId)
          t.true(before === undefined || before === effect.type)
          answered.set(effect.htlc.htlcId, effect.type)
        }
        ;({ state } = step)
      }
      const fulfilled = [...answered].filter(([, answer]) => answer === 'fulfil').map(([id]) => id)
      const listed = state.invoice.state.type === 'settled' ? state.invoice.state.htlcs : []
      t.deepEqual(fulfilled.toSorted(), listed.map(({ htlcId }) => htlcId).toSorted())
      if (listed.length > 0) t.true(receivedMsat(state.invoice) >= 1_000_000n)
    }),
    { seed: 31, numRuns: 500 },
  )
})
