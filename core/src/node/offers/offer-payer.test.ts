import test from 'ava'
import { answerRequest } from '../../invoice/bolt12/answer-request.ts'
import type { Offer } from '../../invoice/bolt12/fields.ts'
import { invoiceTerms } from '../../invoice/bolt12/fixtures/parties.ts'
import { encodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { encodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { decodeInvoiceRequest } from '../../invoice/bolt12/invoice-request.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { threeNodes } from './fixtures/three-nodes.ts'
import { OfferIssuer, type OfferWish } from './offer-issuer.ts'
import { type OfferOrder, OfferPayer } from './offer-payer.ts'
import { OwnOffers } from './own-offers.ts'

const _CHAIN = new Uint8Array(32).fill(6)
const ORDER: OfferOrder = { amountMsat: 5_000n, quantity: undefined, payerNote: undefined }

/** carol issues. */
const rig = async (isAnnounced = true) => {
  const { net, alice, carol, store, payerOwner, payeeOwner, shared, paymentPaths } = await threeNodes(isAnnounced)
  const own = await OwnOffers.open(store, net.clock, () => {})
  const issuer = new OfferIssuer({
    ...shared,
    owner: payeeOwner,
    nodeKey: new Uint8Array(32).fill(3),
    offers: own,
    messages: carol.messages,
    paymentPaths,
  })
  carol.messages.onReceived((message) => issuer.take(message))
  const payer = new OfferPayer({ ...shared, owner: payerOwner, messages: alice.messages })
  const create = async (wish: Partial<OfferWish> = {}): Promise<Offer> => {
    const made = await issuer.create({ blinded: false, price: { amount: 5_000n }, description: 'tea', ...wish })
    if (!made.ok) throw new Error(made.error.code)
    return made.value.offer
  }
  /** Lets time pass until it is settled. */
  const inTime = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false
    void promise.then(() => {
      done = true
    })
    for (let i = 0; i < 60 && !done; i++) await net.clock.advance(1_000)
    return promise
  }
  return { net, alice, carol, own, issuer, payer, create, inTime }
}

test('BOLT 12, offers — no invoice is paid for another amount than the offer let expect', async (t) => {
  const { payer, create, carol } = await rig()
  const offer = await create({ quantityMax: 9n })
  const fetched = await payer.fetch(offer, { amountMsat: 15_000n, quantity: 3n, payerNote: 'hot' })
  if (!fetched.ok) return t.fail(JSON.stringify(fetched.error))
  const { invoice } = fetched.value
  t.is(invoice.amountMsat, 15_000n)
  t.is(invoice.invoice.invreqAmount, 15_000n)
  t.true(equalBytes(invoice.nodeId, carol.nodeId))
  t.like(invoice.invoice, { invreqQuantity: 3n, invreqPayerNote: 'hot' })
})

test('BOLT 12, offers — a request goes by a path of the offer, or to its issuer', async (t) => {
  const { payer, create, carol, net } = await rig(false)
  // carol is found by nobody: bob leads to her, without her id.
  const offer = await create()
  t.is(offer.offerPaths?.length, 1)
  t.true((await payer.fetch(offer, ORDER)).ok)
  t.deepEqual(net.get('bob').received, [])
  const known = await rig(true)
  const open = await known.create()
  t.is(open.offerPaths, undefined)
  t.true((await known.payer.fetch(open, ORDER)).ok)
  t.is(carol.received.length, 0)
})

test('what comes in place of the invoice is told apart: nothing, an error, an invoice for something else', async (t) => {
  const { payer, create, carol, inTime, own, issuer } = await rig()
  const offer = await create()
  carol.messages.onReceived(() => {})
  t.deepEqual(await inTime(payer.fetch(offer, ORDER)), { ok: false, error: { code: 'no-answer' } })
  let requests = 0
  carol.messages.onReceived(({ content: { replyPath: path } }) => {
    requests++
    const invoiceError = encodeInvoiceError({
      error: 'sold out',
      erroneousField: 86n,
      suggestedValue: Uint8Array.of(1),
    })
    if (path !== undefined) void carol.messages.send({ type: 'path', path }, { invoiceError }, 'answer')
  })
  t.deepEqual(await inTime(payer.fetch(offer, ORDER)), {
    ok: false,
    error: { code: 'request-refused', text: 'sold out', erroneousField: 86n, suggestedValue: Uint8Array.of(1) },
  })
  t.is(requests, 1)
  // The invoice of another request, or bytes that are none.
  const other = await create({ description: 'coffee' })
  let stale: Uint8Array | undefined
  carol.messages.onReceived((message) => {
    const { replyPath: path } = message.content
    if (path !== undefined) {
      void carol.messages.send({ type: 'path', path }, { invoice: stale ?? Uint8Array.of(1, 2) }, 'answer')
    }
  })
  t.like(await inTime(payer.fetch(offer, ORDER)), { error: { code: 'invoice-unsound', reason: 'malformed' } })
  carol.messages.onReceived((message) => issuer.take(message))
  const wrong = await payer.fetch(other, ORDER)
  stale = wrong.ok ? wrong.value.bytes : undefined
  carol.messages.onReceived(({ content: { replyPath: path } }) => {
    if (path !== undefined) void carol.messages.send({ type: 'path', path }, { invoice: stale as Uint8Array }, 'answer')
  })
  t.like(await inTime(payer.fetch(offer, ORDER)), {
    error: { code: 'invoice-unsound', reason: 'not-what-was-asked-for' },
  })
  t.is(own.count, 2)
})

test('a request that was lost is sent again, and the answer to any of them counts', async (t) => {
  const { payer, create, carol, inTime, issuer } = await rig()
  const offer = await create()
  let heard = 0
  carol.messages.onReceived((message) => {
    if (++heard === 2) issuer.take(message)
  })
  const fetched = await inTime(payer.fetch(offer, ORDER))
  t.true(fetched.ok)
  t.is(heard, 2)
})

test('an offer of many paths has us send no more requests than there is time for', async (t) => {
  const { payer, create, carol, inTime } = await rig(false)
  const offer = await create()
  const [path] = offer.offerPaths ?? []
  if (path === undefined) return t.fail('no path')
  let heard = 0
  carol.messages.onReceived(() => {
    heard++
  })
  const many = { ...offer, offerPaths: Array.from({ length: 100 }, () => path) }
  t.deepEqual(await inTime(payer.fetch(many, ORDER)), { ok: false, error: { code: 'no-answer' } })
  t.is(heard, 3)
})

test('a request that cannot leave says why at once', async (t) => {
  const { payer, create, net, alice } = await rig()
  const offer = await create()
  alice.messages.lines.get(net.get('bob').nodeId)?.connection.close('test')
  t.deepEqual(await payer.fetch(offer, ORDER), { ok: false, error: { code: 'no-way-to-node' } })
  t.like(await payer.fetch(offer, { ...ORDER, amountMsat: 4_999n }), { error: { code: 'invalid-field' } })
})

test('BOLT 12, offers — no invoice is paid for another amount than the offer let expect: nor for more than one in another currency may come to', async (t) => {
  const { payer, create, carol, inTime, net } = await rig()
  const offer = await create({ price: { amount: 300n, currency: 'EUR' } })
  const nodeKey = new Uint8Array(32).fill(3)
  carol.messages.onReceived(({ content: { invoiceRequest, replyPath } }) => {
    const request = invoiceRequest && decodeInvoiceRequest(invoiceRequest)
    if (request?.ok !== true || replyPath === undefined) return
    t.is(request.value.invreqAmount, undefined)
    const invoice = answerRequest(
      request.value,
      invoiceTerms({ amountMsat: 7_000n, now: net.clock.now() }),
      nodeKey,
      nodeKey,
    )
    carol.messages.answer(replyPath, { invoice: encodeBolt12Invoice(invoice) })
  })
  const most = (amountMsat: bigint) => inTime(payer.fetch(offer, { ...ORDER, amountMsat }))
  t.like(await most(7_000n), { ok: true, value: { invoice: { amountMsat: 7_000n } } })
  t.deepEqual(await most(6_999n), { ok: false, error: { code: 'amount-too-high', amountMsat: 7_000n } })
})

test('BOLT 12, requests written — the name by which the offer was found goes along: as the payer was told it', async (t) => {
  const { payer, create } = await rig()
  const bip353Name = { name: 'tea', domain: 'shop.example' }
  const fetched = await payer.fetch(await create(), { ...ORDER, bip353Name })
  t.like(fetched, { ok: true, value: { invoice: { invoice: { invreqBip353Name: bip353Name } } } })
})
