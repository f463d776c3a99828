import test, { type ExecutionContext } from 'ava'
import { answered, offered, requested } from '../../invoice/bolt12/fixtures/parties.ts'
import { encodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { toHex } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { testNode } from '../../payment/fixtures/nodes.ts'
import { payments as golden } from '../../payment/fixtures/rows-v5.ts'
import type { RecipientPath } from '../../payment/send/blinded-recipient.ts'
import type { PaymentRequest, PaymentTarget } from '../../payment/send/payment.ts'
import { encodeSentPayment } from '../../payment/send/payment-codec.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { OfferPayments } from '../offers/offer-payments.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import type { MappingContext } from './context.ts'
import { offerPaying } from './pay-offer.ts'

/** BOLT 12's shortest offer. */
const offer = 'lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese'
const payment = golden[1]?.value
const request = {
  offer,
  amountMsat: 1_000n,
  maxFeeMsat: 10n,
  quantity: 1,
  maxParts: 16,
  maxHops: 20,
  maxCltvExpiryDelta: 2_016,
}

const trampoline = testNode('trampoline').nodeId
const path: RecipientPath = {
  introductionNodeId: testNode('introduction').nodeId,
  firstPathKey: testNode('path key').nodeId,
  path: [{ blindedNodeId: testNode('blinded').nodeId, encryptedRecipientData: new Uint8Array(50) }],
  feeBaseMsat: 0,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: 1n,
  htlcMaximumMsat: 1_000_000n,
}

/** What is paid by an issuer whose invoice has this hash. */
const setUp = async (t: ExecutionContext, paymentHash: Uint8Array, blindAfterwards = false) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => store.close())
  let fetched = false
  const payments = new OfferPayments(store)
  const begun: string[] = []
  const targets: PaymentTarget[] = []
  const context = {
    options: { store, clock: { now: () => 5 }, rng: seededRng(1) },
    height: () => 500,
    peerDirectory: { get: () => ({ connection: { remoteFeatures: vectorOfBits([57]) } }) },
    chainHealth: {
      blindness: () =>
        blindAfterwards && fetched ? { code: 'backend-unreachable', cause: 'no-answer', silentMs: 1 } : undefined,
    },
    flow: {
      recipientPaths: () => [path],
      payments: {
        ask: async (_: string, { target }: PaymentRequest) => {
          begun.push(toHex(target.paymentHash))
          targets.push(target)
          return { ok: false, error: { code: 'mailbox-full' } }
        },
      },
    },
    offers: {
      owner: { secret: new Uint8Array(32).fill(1), nodeId: new Uint8Array(33).fill(2) },
      payments,
      payer: {
        fetch: async () => {
          fetched = true
          const { nodeId } = testNode('blinded')
          const invoice = { paymentHash, nodeId, amountMsat: 1_000n, multiPart: 'optional', expiresAt: 99, invoice: {} }
          return { ok: true, value: { invoice, bytes: Uint8Array.of(1) } }
        },
      },
    },
  } as unknown as MappingContext
  return { store, payments, begun, targets, pay: offerPaying(context) }
}

test('an invoice with the hash of another payment of ours is not kept: it shows nothing about that one', async (t) => {
  if (payment === undefined) return t.fail()
  const { paymentHash } = payment.target
  const { store, payments, begun, pay } = await setUp(t, paymentHash)
  store.submit([{ table: TABLE.payment, key: paymentHash, value: encodeSentPayment(payment) }])
  t.like(await pay(request, 'key'), { ok: false, error: { code: 'invoice-unsound' } })
  t.is(await payments.get(paymentHash), undefined)
  t.deepEqual(begun, [])
})

test('an invoice that was fetched under a key and never begun is paid for the same request, and for no other', async (t) => {
  const { store, payments, begun, pay } = await setUp(t, new Uint8Array(32).fill(9))
  const asked = requested(offered({ price: { amount: 5_000n }, description: 'tea' }), { amountMsat: 5_000n })
  const kept = answered(asked, { paymentHash: new Uint8Array(32).fill(8) })
  await payments.add('key', new Uint8Array(32).fill(8), { offer, invoice: encodeBolt12Invoice(kept) })
  await store.flush()
  await pay({ ...request, amountMsat: 5_000n }, 'key')
  t.deepEqual(begun, ['08'.repeat(32)])
  // It is for more than whoever asks now has said.
  await pay(request, 'key')
  t.deepEqual(begun, ['08'.repeat(32), '09'.repeat(32)])
})

test('of an invoice whose payment could not begin nothing is kept', async (t) => {
  const { payments, pay } = await setUp(t, new Uint8Array(32).fill(9))
  t.like(await pay(request, 'key'), { ok: false, error: { code: 'mailbox-full' } })
  t.is(await payments.get(new Uint8Array(32).fill(9)), undefined)
  t.is(await payments.hashOf('key'), undefined)
})

test('offers.pay — by a trampoline node, what the payer wants of the routes is wanted of those to that node', async (t) => {
  const { targets, pay } = await setUp(t, new Uint8Array(32).fill(9))
  await pay({ ...request, trampoline: toHex(trampoline), maxParts: 1, maxHops: 3 }, 'key')
  t.like(targets, [
    { recipient: { type: 'trampoline', nodeId: trampoline }, multiPart: false, wishes: { maxParts: 1, maxHops: 3 } },
  ])
})

test('nothing is begun if the chain has gone out of sight since the invoice was asked for', async (t) => {
  const { begun, pay } = await setUp(t, new Uint8Array(32).fill(9), true)
  t.like(await pay(request, 'key'), { ok: false, error: { code: 'chain-not-followed' } })
  t.deepEqual(begun, [])
})
