import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import type { HoldRecord } from '../../payment/receive/invoice-record.ts'
import { TABLE } from '../storage/tables.ts'
import { ReceiverRig } from './fixtures/receiver-rig.ts'
import { heldHashes } from './invoice-index.ts'
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
  await rig.clock.advance(60_000)
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

const pathId = Uint8Array.of(7)

/** A part of the payment for an invoice of an offer, of which nothing is kept before. */
const offeredPart = (htlcId: bigint, amountMsat: bigint, totalMsat = 1_000n) => ({
  ...part(htlcId, amountMsat),
  payload: { type: 'blinded-final' as const, amtToForward: amountMsat, outgoingCltvValue: 540, totalMsat, pathId },
})

const offering = (rig: ReceiverRig): void => {
  const createdAt = rig.clock.now()
  rig.recall = (hash, path) =>
    equalBytes(hash, paymentHash) && equalBytes(path, pathId)
      ? {
          type: 'bolt12',
          paymentHash,
          preimage,
          pathId,
          amountMsat: 1_000n,
          description: 'tea',
          invoice: 'lno1…',
          minFinalCltvExpiryDelta: 30,
          createdAt,
          expiresAt: createdAt + 3_600_000,
          state: { type: 'open' },
        }
      : undefined
}

const eventsOf = async ({ store, events }: ReceiverRig) =>
  (await store.scan(TABLE.eventOfClass)).map((row) => events.read(row)?.name)

test('an HTLC that does not pay an offer’s invoice leaves nothing on the disk, however often it comes', async (t) => {
  const unknown = 'incorrect_or_unknown_payment_details'
  const rig = await ReceiverRig.start(t)
  offering(rig)
  for (let i = 1n; i <= 3n; i++) rig.receiver.tell('htlc', offeredPart(i, 1n, 1n))
  t.deepEqual(await rig.told(), [`1 ${unknown}`, `2 ${unknown}`, `3 ${unknown}`])
  rig.receiver.tell('htlc', offeredPart(4n, 1n))
  t.deepEqual(await rig.told(), [])
  await rig.clock.advance(60_000)
  t.deepEqual(await rig.told(), ['4 mpp_timeout'])
  t.is(await readInvoice(rig.store, paymentHash), undefined)
  t.deepEqual(await rig.store.scan(TABLE.invoiceByStatus), [])
  t.deepEqual(await eventsOf(rig), [])
})

test('an offer’s invoice that is paid in parts has a row once all are here, over a restart', async (t) => {
  const rig = await ReceiverRig.start(t)
  offering(rig)
  rig.receiver.tell('htlc', offeredPart(1n, 400n))
  t.deepEqual(await rig.told(), [])
  t.is(await readInvoice(rig.store, paymentHash), undefined)
  await rig.restart()
  rig.receiver.tell('htlc', offeredPart(1n, 400n))
  rig.receiver.tell('htlc', offeredPart(2n, 600n))
  t.deepEqual(await rig.told(), ['1 fulfilled', '2 fulfilled'])
  t.like(await readInvoice(rig.store, paymentHash), { type: 'bolt12', state: { type: 'settled' } })
  t.deepEqual(await eventsOf(rig), ['invoice.created', 'payment.received'])
  await rig.restart()
  rig.receiver.tell('htlc', offeredPart(2n, 600n))
  rig.receiver.tell('htlc', offeredPart(3n, 1_000n))
  t.deepEqual(await rig.told(), ['2 fulfilled', '3 incorrect_or_unknown_payment_details'])
})

const toHold = ({ clock }: ReceiverRig, more: Partial<HoldRecord> = {}): HoldRecord => ({
  type: 'hold',
  paymentHash,
  paymentSecret: paymentData.paymentSecret,
  amountMsat: 1_000n,
  description: 'later',
  invoice: 'lnbcrt1…',
  minFinalCltvExpiryDelta: 30,
  createdAt: clock.now(),
  expiresAt: clock.now() + 3_600_000,
  state: { type: 'open' },
  ...more,
})

/** A node that holds a payment in two parts. */
const holding = async (rig: ReceiverRig, more: Partial<HoldRecord> = {}): Promise<void> => {
  await rig.receiver.ask('addHold', { invoice: toHold(rig, more) })
  for (const htlc of heldParts) rig.receiver.tell('htlc', htlc)
}
const heldParts = [part(1n, 400n, { paymentData }), part(2n, 600n, { paymentData })]

const operator = { paymentHash, owner: undefined }

test('a payment is held over a restart and the expiry of its invoice, and claimed in all its parts', async (t) => {
  const rig = await ReceiverRig.start(t)
  await holding(rig)
  t.deepEqual(await rig.told(), [])
  t.deepEqual((await heldHashes(rig.store)).map(toHex), [toHex(paymentHash)])
  await rig.clock.advance(4_000_000)
  await rig.restart()
  for (const htlc of heldParts) rig.receiver.tell('htlc', htlc)
  t.deepEqual(await rig.told(), [])
  t.like(await rig.receiver.ask('settle', { ...operator, preimage }), {
    value: { ok: true, value: { state: { type: 'settled' } } },
  })
  t.deepEqual(await rig.told(), ['1 fulfilled', '2 fulfilled'])
  t.deepEqual(await heldHashes(rig.store), [])
  t.like(await readInvoice(rig.store, paymentHash), { preimage, state: { type: 'settled' } })
  // Asked again, and asked to give back what is claimed.
  t.like(await rig.receiver.ask('settle', { ...operator, preimage }), { value: { ok: true } })
  t.like(await rig.receiver.ask('cancel', operator), { value: { ok: false, error: { code: 'paid' } } })
  t.deepEqual(await rig.told(), [])
})

test('a payment that is held is given back when somebody asks for it, or by the node at its deadline, also after a restart', async (t) => {
  const unknown = 'incorrect_or_unknown_payment_details'
  const back = [`1 ${unknown}`, `2 ${unknown}`]
  const asked = await ReceiverRig.start(t)
  await holding(asked)
  t.like(await asked.receiver.ask('cancel', operator), { value: { ok: true, value: { state: { type: 'cancelled' } } } })
  t.deepEqual(await asked.told(), back)
  t.like(await asked.receiver.ask('settle', { ...operator, preimage }), {
    value: { ok: false, error: { code: 'not-held' } },
  })

  const late = await ReceiverRig.start(t)
  await holding(late)
  late.height = 515
  late.receiver.tell('block', undefined)
  t.deepEqual(await late.told(), [])
  late.height = 516
  late.receiver.tell('block', undefined)
  t.deepEqual(await late.told(), back)

  const down = await ReceiverRig.start(t)
  await holding(down)
  t.deepEqual(await down.told(), [])
  down.height = 516
  await down.restart()
  for (const htlc of heldParts) down.receiver.tell('htlc', htlc)
  t.deepEqual(await down.told(), back)
})

test('what cannot be claimed now stays held, and its preimage is not revealed', async (t) => {
  const rig = await ReceiverRig.start(t)
  await holding(rig)
  await rig.told()
  rig.upstream.claimable = false
  t.like(await rig.receiver.ask('settle', { ...operator, preimage }), {
    value: { ok: false, error: { code: 'not-claimable' } },
  })
  // A stranger's HTLC of the same hash moves nothing of it.
  rig.receiver.tell('htlc', part(9n, 1_000n, { paymentData }))
  t.deepEqual(await rig.told(), ['9 incorrect_or_unknown_payment_details'])
  rig.upstream.claimable = true
  t.like(await rig.receiver.ask('settle', { ...operator, preimage }), { value: { ok: true } })
  t.deepEqual(await rig.told(), ['1 fulfilled', '2 fulfilled'])
})

test('a hash is held for once, a plugin decides about its own invoices alone, and so many are held for it', async (t) => {
  const rig = await ReceiverRig.start(t)
  t.like(await rig.receiver.ask('addHold', { invoice: toHold(rig, { owner: 'shop' }) }), { value: true })
  t.like(await rig.receiver.ask('addHold', { invoice: toHold(rig) }), { value: false })
  for (const htlc of heldParts) rig.receiver.tell('htlc', htlc)
  await rig.told()
  const stranger = { paymentHash, owner: 'thief' }
  t.like(await rig.receiver.ask('cancel', stranger), { value: { ok: false, error: { code: 'not-found' } } })
  t.like(await rig.receiver.ask('settle', { ...stranger, preimage }), {
    value: { ok: false, error: { code: 'not-found' } },
  })
  let last: readonly string[] = []
  for (let i = 0; i < 32; i++) {
    const hash = sha256(Uint8Array.of(i))
    await rig.receiver.ask('addHold', { invoice: toHold(rig, { paymentHash: hash, owner: 'shop' }) })
    rig.receiver.tell('htlc', { ...part(10n, 1_000n, { paymentData }), paymentHash: hash })
    last = await rig.told()
  }
  t.deepEqual(last, ['10 temporary_node_failure'])
  t.like(await rig.receiver.ask('settle', { paymentHash, owner: 'shop', preimage }), { value: { ok: true } })
})

test('what is held for a plugin is bounded by its HTLCs too: nobody fills the channels with the parts of a few payments', async (t) => {
  const rig = await ReceiverRig.start(t)
  const { paymentSecret } = paymentData
  const pay = async (which: number, parts: number): Promise<readonly string[]> => {
    const hash = sha256(Uint8Array.of(which))
    await rig.receiver.ask('addHold', { invoice: toHold(rig, { paymentHash: hash, owner: 'shop' }) })
    const payload = { paymentData: { paymentSecret, totalMsat: 1_000n } }
    for (let i = 0; i < parts; i++) {
      const amountMsat = i === 0 ? 1_001n - BigInt(parts) : 1n
      rig.receiver.tell('htlc', { ...part(BigInt(which * 1_000 + i), amountMsat, payload), paymentHash: hash })
    }
    return rig.told()
  }
  t.deepEqual(await pay(1, 100), [])
  t.is((await pay(2, 29)).length, 29)
  t.deepEqual(await pay(3, 28), [])
})
