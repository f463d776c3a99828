import test from 'ava'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import type { InvoiceRequest } from '../../invoice/bolt12/fields.ts'
import { signedRequest } from '../../invoice/bolt12/fixtures/parties.ts'
import { decodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { decodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { encodeInvoiceRequest } from '../../invoice/bolt12/invoice-request.ts'
import { offerId } from '../../invoice/bolt12/offer.ts'
import { ownPathId } from '../../invoice/bolt12/own-keys.ts'
import { type RequestTerms, requestInvoice } from '../../invoice/bolt12/request-invoice.ts'
import { concat, equalBytes, toHex, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { createMessagePath } from '../../onion/create-onion-message.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import { createPaymentPaths } from '../../payment/receive/payment-paths.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { tu64 } from '../../wire/codec/primitives.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { OfferIssuer, type OfferWish } from './offer-issuer.ts'
import { MAX_OFFERS, type OwnOffer, OwnOffers } from './own-offers.ts'
import { recallInvoice } from './recall-invoice.ts'

const CHAIN = new Uint8Array(32).fill(6)
const nodeKey = new Uint8Array(32).fill(1)
const peerKey = new Uint8Array(32).fill(2)
const nodeId = secp256k1.publicKey(nodeKey)
const peerId = secp256k1.publicKey(peerKey)
const owner = { secret: new Uint8Array(32).fill(3), nodeId }
const payer = { secret: new Uint8Array(32).fill(4), nodeId: peerId }

const openStore = (): Promise<Store> =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const rig = async (isAnnounced = true, store?: Store) => {
  const clock = virtualClock()
  const rng = seededRng(5)
  const sent: { readonly path: BlindedPath; readonly content: OnionMessageContent }[] = []
  const own = await OwnOffers.open(store ?? (await openStore()), clock, () => {})
  const issuer = new OfferIssuer({
    clock,
    rng,
    chainHash: CHAIN,
    owner,
    nodeKey,
    offers: own,
    messages: {
      isAnnounced,
      pathsToUs: (pathId) => [createMessagePath(rng.bytes(32), [peerId], { nodeId, pathId })],
      answer: (path, content) => void sent.push({ path, content }),
    },
    paymentPaths: (asked) =>
      createPaymentPaths({ ...asked, nodeId, channels: [], height: 500, sessionKey: () => rng.bytes(32) }),
  })
  const create = async (wish: Partial<OfferWish> = {}): Promise<OwnOffer> => {
    const made = await issuer.create({ blinded: false, price: { amount: 5_000n }, description: 'tea', ...wish })
    if (!made.ok) throw new Error(made.error.code)
    return made.value
  }
  const replyPath = createMessagePath(rng.bytes(32), [], { nodeId: peerId, pathId: rng.bytes(32) })
  const requestOf = ({ offer }: OwnOffer, terms: Partial<RequestTerms> = {}) => {
    const randomness = { nonce: rng.bytes(16), auxiliary: rng.bytes(32) }
    const made = requestInvoice(payer, offer, { chainHash: CHAIN, ...terms }, randomness, clock.now())
    if (!made.ok) throw new Error(made.error.code)
    return made.value
  }
  /** What a request is answered with. */
  const ask = (bytes: Uint8Array, pathId?: Uint8Array) => {
    sent.length = 0
    issuer.take({ content: { invoiceRequest: bytes, replyPath }, ...(pathId && { pathId }) })
    const [answer] = sent
    const { invoice, invoiceError } = answer?.content ?? {}
    return {
      answer,
      bytes: invoice,
      invoice: invoice && decodeBolt12Invoice(invoice),
      error: invoiceError && decodeInvoiceError(invoiceError)?.error,
      said: invoiceError && decodeInvoiceError(invoiceError),
    }
  }
  return { clock, own, issuer, sent, create, requestOf, ask, replyPath, rng }
}

test('an offer is asked for by anybody, and answered with an invoice of which nothing is kept', async (t) => {
  const { own, create, requestOf, ask, replyPath } = await rig()
  const offer = await create({ quantityMax: 5n })
  const request = requestOf(offer, { quantity: 2n, payerNote: 'with milk' })
  const { answer, invoice } = ask(encodeInvoiceRequest(request))
  t.deepEqual(answer?.path, replyPath)
  t.is(answer?.content.replyPath, undefined)
  if (invoice?.ok !== true) return t.fail('no invoice')
  const { amountMsat, nodeId: signer, multiPart, paths, paymentHash } = invoice.value
  t.is(amountMsat, 10_000n)
  t.deepEqual(signer, nodeId)
  t.is(multiPart, 'optional')
  t.is(paths.length, 1)
  t.is(own.count, 1)
  // Another one for another request.
  const second = ask(encodeInvoiceRequest(requestOf(offer, { quantity: 2n }))).invoice
  t.true(second?.ok === true && !equalBytes(second.value.paymentHash, paymentHash))
  t.is(recallInvoice(owner.secret, own)(paymentHash, new Uint8Array(32)), undefined)
})

test('of a note that takes many bytes, what fits into a payment is kept', async (t) => {
  const { create, requestOf, ask } = await rig()
  const offer = await create({})
  const lengthOf = (payerNote: string): number => {
    const { invoice } = ask(encodeInvoiceRequest(requestOf(offer, { payerNote })))
    const [hop] = invoice?.ok === true ? (invoice.value.paths[0]?.path.path ?? []) : []
    return hop?.encryptedRecipientData.length ?? 0
  }
  t.is(lengthOf('€'.repeat(500)), lengthOf('€'.repeat(53)))
  t.is(lengthOf('€'.repeat(53)), lengthOf('x'.repeat(159)))
  t.true(lengthOf('€'.repeat(500)) < 350)
})

test('BOLT 12, requests read — no request is answered with the invoice of another', async (t) => {
  const { clock, create, requestOf, ask } = await rig()
  const offer = await create()
  const [one, two] = [requestOf(offer), requestOf(offer)].map(encodeInvoiceRequest) as [Uint8Array, Uint8Array]
  const first = ask(one)
  t.deepEqual(ask(one).bytes, first.bytes)
  t.notDeepEqual(ask(two).bytes, first.bytes)
  await clock.advance(600_000)
  t.notDeepEqual(ask(one).bytes, first.bytes)
})

test('a request that an offer does not allow is told why; one for no offer of ours, or by another way, is not answered', async (t) => {
  const { clock, own, create, requestOf, ask, sent, issuer } = await rig()
  const offer = await create({ absoluteExpiry: BigInt(Math.floor(clock.now() / 1_000) + 100) })
  const bytes = encodeInvoiceRequest(requestOf(offer))
  t.is(ask(bytes).invoice?.ok, true)
  t.is(ask(bytes, new Uint8Array(32)).answer, undefined)
  const other = await (await rig()).create({ description: 'coffee' })
  const foreign = { ...other, offer: { ...other.offer, offerDescription: 'water' } }
  t.is(ask(encodeInvoiceRequest(requestOf(foreign))).answer, undefined)
  sent.length = 0
  issuer.take({ content: { invoiceRequest: bytes } })
  issuer.take({ content: { invoice: bytes } })
  t.is(sent.length, 0)
  await clock.advance(101_000)
  t.is(ask(bytes).error, 'the offer has expired')
  const lasting = await create()
  await own.disable(lasting.id)
  t.is(ask(encodeInvoiceRequest(requestOf(lasting))).error, 'the offer was taken back')
})

test('BOLT 12, offers — a node with private channels alone includes paths', async (t) => {
  const { create, requestOf, ask, issuer, rng } = await rig(false)
  const offer = await create()
  t.is(offer.offer.offerPaths?.length, 1)
  t.notDeepEqual(offer.offer.offerIssuerId, nodeId)
  const bytes = encodeInvoiceRequest(requestOf(offer))
  const pathId = ownPathId(owner, 'offer', offer.offer.offerMetadata as Uint8Array)
  t.is(ask(bytes).answer, undefined)
  const { invoice } = ask(bytes, pathId)
  t.true(invoice?.ok === true && equalBytes(invoice.value.nodeId, offer.offer.offerIssuerId as Uint8Array))
  t.is(ask(bytes, rng.bytes(32)).answer, undefined)
  // A node that the network knows hides behind its peers only where that is asked for.
  const known = await rig(true)
  t.deepEqual((await known.create()).offer.offerPaths, undefined)
  t.is((await known.create({ blinded: true })).offer.offerPaths?.length, 1)
  t.like(await issuer.create({ blinded: false, price: { amount: 1n } }), { error: { code: 'missing-field' } })
})

test('an offer stays taken back over a restart, and one whose row is lost is answered again', async (t) => {
  const store = await openStore()
  const first = await rig(true, store)
  const [kept, taken] = [await first.create({ description: 'kept' }), await first.create({ description: 'taken' })]
  await first.own.disable(taken.id)
  const again = await rig(true, store)
  t.deepEqual(
    again.own
      .all()
      .map(({ id }) => toHex(id))
      .toSorted(),
    [kept, taken].map(({ id }) => toHex(id)).toSorted(),
  )
  t.is(again.ask(encodeInvoiceRequest(again.requestOf(taken))).error, 'the offer was taken back')
  t.deepEqual(again.own.get(kept.id), kept)
  const lost = await rig()
  t.is(lost.ask(encodeInvoiceRequest(lost.requestOf(kept))).invoice?.ok, true)
  t.deepEqual(lost.own.get(offerId(kept.offer))?.text, kept.text)
})

test('so many offers are kept, and no more; plugins leave room for those of the operator', async (t) => {
  const { issuer, own } = await rig()
  const full = { ok: false, error: { code: 'too-many-offers' } }
  const countIs = (value: number): void => void Object.defineProperty(own, 'count', { value, configurable: true })
  countIs(MAX_OFFERS)
  t.deepEqual(await issuer.create({ blinded: false }), full)
  countIs(MAX_OFFERS / 2)
  t.deepEqual(await issuer.create({ blinded: false, plugin: 'shop' }), full)
  t.true((await issuer.create({ blinded: false })).ok)
  countIs(MAX_OFFERS / 2 - 1)
  t.true((await issuer.create({ blinded: false, plugin: 'shop' })).ok)
})

test('a request that is wrong is told which record is at fault, and what it might be', async (t) => {
  const { create, requestOf, ask, rng } = await rig()
  const offer = await create({ quantityMax: 5n })
  const request = requestOf(offer, { quantity: 2n })
  const saidOf = (changed: Partial<InvoiceRequest>) => ask(encodeInvoiceRequest({ ...request, ...changed })).said
  t.deepEqual(saidOf({ signature: new Uint8Array(64) }), {
    error: 'the signature is not that of the payer id',
    erroneousField: 240n,
  })
  t.like(saidOf({ invreqFeatures: Uint8Array.of(1) }), { erroneousField: 84n })
  t.like(saidOf({ unknownTlvs: [{ type: 201n, value: Uint8Array.of(1) }] }), { erroneousField: 201n })
  const { invreqPayerId: _, ...nameless } = request
  t.like(ask(encodeInvoiceRequest(nameless)).said, { error: 'a record is missing', erroneousField: 88n })
  // Records that cannot be read: whoever came by no path knows who we are anyway.
  const cut = encodeInvoiceRequest(request).subarray(1)
  t.deepEqual(ask(cut).said, { error: 'the request cannot be read' })
  t.is(ask(cut, rng.bytes(32)).answer, undefined)
})

test('BOLT 12, invoice errors — what is suggested is a valid value of the field', async (t) => {
  const { create, requestOf, ask } = await rig()
  const offer = await create({ quantityMax: 5n })
  const signed = (terms: Partial<RequestTerms>, price = 5_000n, max = 5n) => {
    const other = { ...offer, offer: { ...offer.offer, offerAmount: price, offerQuantityMax: max } }
    const request = requestOf(other, terms)
    const asked = { ...request, offerAmount: 5_000n, offerQuantityMax: 5n, invreqPayerId: peerId }
    return encodeInvoiceRequest(signedRequest(asked, peerKey))
  }
  const amount = ask(signed({ quantity: 2n, amountMsat: 9_999n }, 1n)).said
  t.deepEqual([amount?.erroneousField, amount?.suggestedValue], [82n, encodeWith(tu64, 10_000n)])
  const items = ask(signed({ quantity: 6n }, 5_000n, 9n)).said
  t.deepEqual([items?.erroneousField, items?.suggestedValue], [86n, encodeWith(tu64, 5n)])
})

test('a plugin takes back its own offers, the operator any, and a row of before is the operator’s', async (t) => {
  const store = await openStore()
  const { own, create } = await rig(true, store)
  const [ours, shops] = [await create(), await create({ plugin: 'shop', description: 'cake' })]
  t.is(await own.disable(ours.id, 'shop'), undefined)
  t.is(await own.disable(shops.id, 'till'), undefined)
  t.is(own.get(shops.id)?.disabledAt, undefined)
  const text = utf8Encode(ours.text)
  const length = Uint8Array.of(text.length >> 8, text.length & 255)
  const before = concat(Uint8Array.of(1), length, text, new Uint8Array(8), Uint8Array.of(0))
  store.submit([{ table: TABLE.offer, key: ours.id, value: before }])
  await store.flush()
  const again = (await rig(true, store)).own
  t.deepEqual([again.get(ours.id)?.owner, again.get(shops.id)?.owner], [undefined, 'shop'])
  t.is(again.get(ours.id)?.text, ours.text)
  t.truthy((await again.disable(shops.id, 'shop'))?.disabledAt)
  t.truthy((await again.disable(ours.id))?.disabledAt)
})

test('so many requests are answered and no more, and a repeated one costs nothing', async (t) => {
  const { clock, create, requestOf, ask } = await rig()
  const offer = await create()
  const requests = Array.from({ length: 60 }, () => encodeInvoiceRequest(requestOf(offer)))
  t.is(requests.filter((bytes) => ask(bytes).invoice?.ok === true).length, 50)
  t.true(ask(requests[0] as Uint8Array).invoice?.ok)
  await clock.advance(1_000)
  t.is(requests.slice(50).filter((bytes) => ask(bytes).invoice?.ok === true).length, 10)
})

test('requests that are refused are answered no more often than others', async (t) => {
  const { own, create, requestOf, ask } = await rig()
  const offer = await create()
  await own.disable(offer.id)
  const bytes = encodeInvoiceRequest(requestOf(offer))
  t.is(Array.from({ length: 60 }, () => ask(bytes)).filter(({ error }) => error !== undefined).length, 50)
})
