import test from 'ava'
import { decodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { decodeInvoiceError, encodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { refundId } from '../../invoice/bolt12/invoice-request.ts'
import { encodeRefund } from '../../invoice/bolt12/request-invoice.ts'
import { concat, equalBytes, toHex } from '../../lib/bytes.ts'
import type { RecipientPath } from '../../payment/send/blinded-recipient.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { describeRefund } from '../contract-mapping/describe-refund.ts'
import { restoredMark } from '../storage/restored-mark.ts'
import { TABLE } from '../storage/tables.ts'
import { threeNodes } from './fixtures/three-nodes.ts'
import { MAX_REFUNDS, type OwnRefund, OwnRefunds } from './own-refunds.ts'
import { RefundClaimer } from './refund-claimer.ts'
import { type PaymentEnd, RefundPayer, type RefundPayerOptions, type RefundWish } from './refund-payer.ts'

/** Some way to the payee. */
const PATH = {} as RecipientPath
const NEVER = new Promise<undefined>(() => {})

/** alice promises, and carol comes for it. */
const rig = async (isAnnounced = true) => {
  const { net, alice, carol, store, payerOwner, payeeOwner, shared, paymentPaths } = await threeNodes(isAnnounced)
  const refunds = await OwnRefunds.open(store, net.clock, () => {})
  const asked: PaymentRequest[] = []
  /** What the payer meets; a test changes it. */
  const world = {
    isBlind: false,
    paths: [PATH],
    found: undefined as 'settled' | 'failed' | 'in-flight' | undefined,
    end: (): Promise<PaymentEnd> => Promise.resolve('settled'),
  }
  const payerOf = (own: OwnRefunds, more: Partial<RefundPayerOptions> = {}) =>
    new RefundPayer({
      ...shared,
      owner: payerOwner,
      refunds: own,
      messages: alice.messages,
      recipientPaths: () => world.paths,
      isBlind: () => world.isBlind,
      find: async () => world.found,
      pay: (request) => {
        asked.push(request)
        return world.end()
      },
      ...more,
    })
  const payer = payerOf(refunds)
  alice.messages.onReceived((message) => payer.take(message))
  const claimer = new RefundClaimer({
    ...shared,
    owner: payeeOwner,
    messages: carol.messages,
    paymentPaths,
  })
  const create = async (wish: Partial<RefundWish> = {}) => {
    const terms = { amountMsat: 5_000n, maxFeeMsat: 50n, description: 'tea', expirySeconds: 86_400, blinded: false }
    const made = await payer.create({ ...terms, plugin: undefined, ...wish })
    if (!made.ok) throw new Error(made.error.code)
    return made.value
  }
  const invoiceFor = (text: string) => {
    const claim = claimer.make(text)
    if (!claim.ok) throw new Error(claim.error.code)
    return claim.value
  }
  /** What the payer says to an invoice, if anything. */
  const claim = async (made: ReturnType<typeof invoiceFor>) => {
    let stop = (): void => {}
    const quiet = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined)
    })
    const sent = claimer.send(made, quiet)
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    stop()
    const result = await sent
    return result.ok ? undefined : result.error
  }
  const stateOf = (id: Uint8Array) => refunds.get(id)?.state.type
  return {
    net,
    alice,
    carol,
    store,
    refunds,
    payer,
    payerOf,
    claimer,
    create,
    invoiceFor,
    claim,
    asked,
    world,
    stateOf,
    shared,
    payerOwner,
  }
}

for (const isAnnounced of [true, false]) {
  const way = isAnnounced ? 'to its payer' : 'by a path'
  test(`BOLT 12, requests read — the invoice for a refund goes by one of its paths, or to its payer: ${way}`, async (t) => {
    const { create, invoiceFor, claim, asked, stateOf, alice, store, refunds, net } = await rig(isAnnounced)
    const refund = await create({ payerNote: 'sorry' })
    t.is(refund.request.invreqPaths === undefined, isAnnounced)
    t.is(equalBytes(refund.request.invreqPayerId, alice.nodeId), isAnnounced)
    const made = invoiceFor(refund.text)
    t.like(made.record, { amountMsat: 5_000n, description: 'tea', invoice: toHex(refund.id) })
    t.is(await claim(made), undefined)
    t.like(asked, [{ maxFeeMsat: 50n, target: { amountMsat: 5_000n, paymentHash: made.record.paymentHash } }])
    t.is(stateOf(refund.id), 'paid')
    await store.flush()
    const again = await OwnRefunds.open(store, net.clock, () => {})
    t.deepEqual(again.get(refund.id), refunds.get(refund.id))
  })
}

test('a refund whose payment is told as failed and is under way all the same stays as it is', async (t) => {
  const { create, invoiceFor, claim, world, stateOf } = await rig()
  const refund = await create()
  world.end = async () => {
    world.found = 'in-flight'
    return 'failed'
  }
  // Nobody is told an end that is none.
  t.is(await claim(invoiceFor(refund.text)), undefined)
  t.is(stateOf(refund.id), 'paying')
})

test('a refund is paid once: what comes while it is paid, or afterwards, is refused, and the same invoice changes nothing', async (t) => {
  const { create, invoiceFor, claim, asked, world, stateOf, store, net } = await rig()
  const refund = await create()
  let settle: (end: PaymentEnd) => void = () => {}
  let onDisk: string | undefined
  world.end = async () => {
    await store.flush()
    onDisk = (await OwnRefunds.open(store, net.clock, () => {})).get(refund.id)?.state.type
    return new Promise((resolve) => {
      settle = resolve
    })
  }
  const [first, second] = [invoiceFor(refund.text), invoiceFor(refund.text)]
  t.is(await claim(first), undefined)
  t.like(await claim(second), { code: 'request-refused', text: 'the refund is being paid' })
  t.is(await claim(first), undefined)
  while (onDisk === undefined) await new Promise((resolve) => setImmediate(resolve))
  t.is(onDisk, 'paying')
  settle('settled')
  await new Promise((resolve) => setImmediate(resolve))
  t.is(stateOf(refund.id), 'paid')
  t.like(await claim(second), { text: 'the refund was paid' })
  t.is(asked.length, 1)
})

test('two invoices that come at once: one is paid', async (t) => {
  const { create, invoiceFor, asked, payer, world } = await rig()
  const refund = await create()
  world.end = () => NEVER as Promise<never>
  const invoices = [invoiceFor(refund.text), invoiceFor(refund.text)]
  for (const { invoice } of invoices) void payer.take({ content: { invoice } })
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  t.is(asked.length, 1)
})

test('a payment that fails for good leaves the refund open for another invoice', async (t) => {
  const { create, invoiceFor, claim, asked, world, stateOf } = await rig()
  const refund = await create()
  world.end = () => Promise.resolve('failed')
  t.like(await claim(invoiceFor(refund.text)), { text: 'the payment failed: send another invoice' })
  t.is(stateOf(refund.id), 'open')
  world.end = () => Promise.resolve('unknown')
  t.is(await claim(invoiceFor(refund.text)), undefined)
  // Nobody knows: it stays with that payment.
  t.is(stateOf(refund.id), 'paying')
  t.like(await claim(invoiceFor(refund.text)), { text: 'the refund is being paid' })
  t.is(asked.length, 2)
})

test('whoever has the text of a refund cannot have us pay without end: ten invoices at once, then one a minute', async (t) => {
  const { net, create, invoiceFor, claim, asked, world, stateOf } = await rig()
  const [refund, other] = [await create(), await create({ description: 'cake' })]
  world.end = () => Promise.resolve('failed')
  for (let i = 0; i < 10; i++) {
    t.like(await claim(invoiceFor(refund.text)), { text: 'the payment failed: send another invoice' })
  }
  const tooMany = { text: 'too many invoices for this refund' }
  t.like(await claim(invoiceFor(refund.text)), tooMany)
  await net.clock.advance(59_000)
  t.like(await claim(invoiceFor(refund.text)), tooMany)
  t.is(asked.length, 10)
  await net.clock.advance(1_000)
  world.end = () => Promise.resolve('settled')
  t.is(await claim(invoiceFor(refund.text)), undefined)
  t.is(stateOf(refund.id), 'paid')
  t.is(await claim(invoiceFor(other.text)), undefined)
  t.is(asked.length, 12)
})

test('copies of the invoice that is being paid are no more invoices', async (t) => {
  const { create, invoiceFor, claim, world, payer, stateOf } = await rig()
  const refund = await create()
  let fail = (): void => {}
  world.end = () =>
    new Promise((resolve) => {
      fail = () => resolve('failed')
    })
  const { invoice } = invoiceFor(refund.text)
  const first = payer.take({ content: { invoice } })
  while (stateOf(refund.id) !== 'paying') await new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 60; i++) await payer.take({ content: { invoice } })
  fail()
  await first
  world.end = () => Promise.resolve('settled')
  t.is(await claim(invoiceFor(refund.text)), undefined)
  t.is(stateOf(refund.id), 'paid')
})

test('the text of a refund that is over keeps nobody else from being paid, and no signature is looked at for it', async (t) => {
  const { net, create, invoiceFor, claim, payer, refunds, stateOf } = await rig()
  const [taken, paid, late] = [await create(), await create(), await create({ expirySeconds: 10_000 })]
  t.is(await claim(invoiceFor(paid.text)), undefined)
  refunds.cancel(taken)
  const invoices = [taken, paid, late].map(({ text }) => {
    const invoice = Uint8Array.from(invoiceFor(text).invoice)
    invoice[invoice.length - 1] = (invoice.at(-1) ?? 0) ^ 1
    return { made: invoiceFor(text), invoice }
  })
  await net.clock.advance(10_001_000)
  const said: unknown[] = []
  for (const { made, invoice } of invoices) said.push(await claim({ ...made, invoice }))
  t.like(said, [
    { text: 'the refund was taken back' },
    { text: 'the refund was paid' },
    { text: 'the refund has expired' },
  ])
  for (let i = 0; i < 60; i++) {
    for (const { invoice } of invoices) await payer.take({ content: { invoice } })
  }
  const open = await create({ description: 'cake' })
  t.is(await claim(invoiceFor(open.text)), undefined)
  t.is(stateOf(open.id), 'paid')
  // Nor are they answered without end: an answer costs more than the question.
  t.is(await claim(invoices[0]?.made as ReturnType<typeof invoiceFor>), undefined)
})

test('what is not to be paid is refused with the reason, and who names no refund of ours learns nothing', async (t) => {
  const { net, alice, carol, create, invoiceFor, claim, asked, world, refunds, payer } = await rig(false)
  const refund = await create({ expirySeconds: 10_000 })
  const made = invoiceFor(refund.text)
  world.isBlind = true
  t.like(await claim(made), { text: 'nothing can be paid now: send another invoice later' })
  world.isBlind = false
  world.found = 'settled'
  t.like(await claim(made), { text: 'the payment hash was used before' })
  world.found = undefined
  world.paths = []
  t.like(await claim(made), { text: 'no way to you is known' })
  world.paths = [PATH]
  // By no path, though the refund has one; and with another amount.
  const said: unknown[] = []
  carol.messages.onReceived(
    ({ content }) => void said.push(content.invoiceError && decodeInvoiceError(content.invoiceError)),
  )
  await payer.take({ content: { invoice: made.invoice } })
  await payer.take({ content: { invoice: Uint8Array.of(1, 2) } })
  await payer.take({ content: {} })
  const damaged = Uint8Array.from(made.invoice)
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  t.like(await claim({ ...made, invoice: damaged }), { text: 'the signature is not that of the node id' })
  await net.clock.advance(8_000_000)
  t.like(await claim(made), { text: 'the invoice has expired' })
  const late = invoiceFor(refund.text)
  await net.clock.advance(3_000_000)
  t.like(await claim(late), { text: 'the refund has expired' })
  const taken = await create()
  const forTaken = invoiceFor(taken.text)
  refunds.cancel(taken)
  t.like(await claim(forTaken), { text: 'the refund was taken back' })
  t.deepEqual([asked, said], [[], []])
  t.is(alice.received.length, 0)
  const [read] = [decodeBolt12Invoice(made.invoice)]
  t.true(read.ok)
})

test('the root over an invoice’s records is not made for a request that we have not made', async (t) => {
  const { create, invoiceFor, payer, refunds } = await rig()
  const { request } = await create()
  const sought: string[] = []
  Object.defineProperty(refunds, 'get', { value: (id: Uint8Array) => void sought.push(toHex(id)) })
  for (const refund of [request, { ...request, invreqPayerNote: 'more' }, { ...request, invreqAmount: 6_000n }]) {
    await payer.take({ content: { invoice: invoiceFor(encodeRefund(refund)).invoice } })
  }
  t.deepEqual(sought, [toHex(refundId(request))])
})

test('what was being paid when the node stopped is taken up: by the payment’s end, whenever that comes', async (t) => {
  const { create, invoiceFor, claim, asked, world, store, net, payerOf } = await rig()
  const refund = await create()
  world.end = () => NEVER as Promise<never>
  await claim(invoiceFor(refund.text))
  await store.flush()
  const endOf = async (found: typeof world.found, end: PaymentEnd = 'unknown') => {
    const own = await OwnRefunds.open(store, net.clock, () => {})
    await payerOf(own, {
      find: async () => found,
      pay: async (request) => {
        asked.push(request)
        return end
      },
    }).resume()
    const state = own.get(refund.id)?.state
    return state?.type
  }
  t.is(await endOf('in-flight'), 'paying')
  t.is(asked.length, 2)
  t.is(asked[1]?.key, asked[0]?.key)
  t.is(asked[1]?.key, `refund ${toHex(refund.id)}`)
  t.is(await endOf('in-flight', 'settled'), 'paid')
})

test('what was never begun is open again, and a database that was put back pays nobody', async (t) => {
  const { create, invoiceFor, claim, world, store, net, payerOf, refunds } = await rig()
  const [begun, open] = [await create(), await create({ description: 'cake' })]
  world.end = () => NEVER as Promise<never>
  const { record, invoice } = invoiceFor(begun.text)
  await claim(invoiceFor(begun.text))
  await store.flush()
  const own = await OwnRefunds.open(store, net.clock, () => {})
  await payerOf(own).resume()
  t.is(own.get(begun.id)?.state.type, 'open')
  const { paymentHash } = record
  refunds.become(begun, { type: 'paying', paymentHash, invoice })
  store.submit([restoredMark])
  await store.flush()
  // Which payment may have paid it is told, however often the database is put back.
  const [at, states] = [net.clock.now(), [begun, open]]
  for (let i = 0; i < 3; i++) {
    const restored = await OwnRefunds.open(store, net.clock, () => {})
    t.deepEqual(
      states.map(({ id }) => restored.get(id)?.state),
      [
        { type: 'cancelled', at, paymentHash },
        { type: 'cancelled', at },
      ],
    )
    t.is(describeRefund(restored.get(begun.id) as OwnRefund, at).paymentHash, toHex(paymentHash))
    await net.clock.advance(1_000)
    await store.flush()
  }
})

test('rows of refunds of the version before are read', async (t) => {
  const { create, store, net, refunds } = await rig()
  const refund = await create()
  refunds.cancel(refund)
  await store.flush()
  const value = (await store.get(TABLE.refund, refund.id)) as Uint8Array
  // It had no byte at its end that says whether a payment was known.
  store.submit([{ table: TABLE.refund, key: refund.id, value: concat(Uint8Array.of(1), value.slice(1, -1)) }])
  await store.flush()
  const again = await OwnRefunds.open(store, net.clock, () => {})
  t.deepEqual(again.get(refund.id), refunds.get(refund.id))
})

test('so many refunds are kept, plugins leave half of it, and those that ended long ago make room', async (t) => {
  const { payer, refunds, create, net, store } = await rig()
  const full = { ok: false, error: { code: 'too-many-refunds' } }
  const wish = { amountMsat: 1n, maxFeeMsat: 1n, description: 'x', expirySeconds: 60, blinded: false }
  const old = await create({ expirySeconds: 60 })
  await store.flush()
  await net.clock.advance(31 * 86_400_000)
  t.is((await OwnRefunds.open(store, net.clock, () => {})).count, 0)
  await create()
  t.is(refunds.get(old.id), undefined)
  Object.defineProperty(refunds, 'count', { value: MAX_REFUNDS / 2 })
  t.deepEqual(await payer.create({ ...wish, plugin: 'shop' }), full)
  t.true((await payer.create({ ...wish, plugin: undefined })).ok)
})

test('an invoice is sent again while nothing comes, and with a refusal it is told how often it was sent', async (t) => {
  const { net, alice, create, invoiceFor, claimer } = await rig()
  const { text } = await create()
  for (const heard of [1, 2]) {
    let copies = 0
    alice.messages.onReceived(({ content: { replyPath } }) => {
      copies += 1
      if (copies === heard && replyPath !== undefined) {
        alice.messages.answer(replyPath, { invoiceError: encodeInvoiceError({ error: 'no' }) })
      }
    })
    const sent = claimer.send(invoiceFor(text), NEVER)
    for (let i = 0; i < 15; i++) await net.clock.advance(1_000)
    t.deepEqual(await sent, { ok: false, error: { code: 'request-refused', text: 'no', copies: heard } })
  }
})

test('a refund of our own, an offer, or one that is over is not claimed', async (t) => {
  const { claimer, create, net, carol, shared, payerOwner } = await rig()
  const refund = await create({ expirySeconds: 60 })
  t.true(claimer.make(refund.text).ok)
  t.like(claimer.make('lno1pqqkz6fqxq'), { ok: false })
  const own = new RefundClaimer({ ...shared, owner: payerOwner, messages: carol.messages, paymentPaths: () => [] })
  t.deepEqual(own.make(refund.text), { ok: false, error: { code: 'own-refund' } })
  await net.clock.advance(61_000)
  t.deepEqual(claimer.make(refund.text), { ok: false, error: { code: 'expired' } })
})
