import test from 'ava'
import { diamond } from './support/diamond.ts'
import { World } from './support/world.ts'

const MESSAGE = { type: 7_629_169, value: '7b7d' }

test('a payment without an invoice is told with what its payer says, listed, and made once for each key', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)

  const request = { destination: bob.id, amountMsat: 20_000_000n, customRecords: [MESSAGE] }
  const [first, again] = [
    await alice.tryAsk('payments', 'keysend', request, 'one'),
    await alice.tryAsk('payments', 'keysend', request, 'one'),
  ]
  t.like(first, { ok: true, value: { payment: { status: 'settled', keysend: true, destination: bob.id } } })
  t.deepEqual(again, first)
  await alice.ask('payments', 'keysend', { destination: bob.id, amountMsat: 1_000n })

  await bob.until(async () => bob.payloads('payment.received').length === 2)
  const [received, bare] = bob.payloads('payment.received')
  t.like(received, { amountMsat: '20000000', keysend: true, customRecords: [MESSAGE] })
  t.like(bare, { amountMsat: '1000', keysend: true, customRecords: undefined })

  t.is((await bob.pay(await alice.invoice(1_000_000n))).status, 'settled')
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  const { items } = await bob.ask('payments', 'received', {})
  t.deepEqual(
    items.map(({ amountMsat, keysend, invoice }) => [amountMsat, keysend, invoice !== undefined]),
    [
      [1_000_000n, false, true],
      [1_000n, true, false],
      [20_000_000n, true, false],
    ],
  )
  t.is(items[2]?.paymentHash, received?.paymentHash as string)
  // Nobody made an invoice for them.
  t.is((await bob.ask('invoices', 'list', {})).items.length, 1)
  t.like(await bob.tryAsk('invoices', 'get', { paymentHash: received?.paymentHash }), {
    ok: false,
    error: { code: 'invoice-not-found' },
  })
  const { items: sent } = await alice.ask('payments', 'list', {})
  t.is(sent.filter(({ keysend }) => keysend === true).length, 2)
})

test('payments.keysend — a node that takes none answers that it knows no such payment; what cannot be sent is refused', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { choices: { acceptKeysend: false } })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const refused = (request: object) =>
    alice.tryAsk('payments', 'keysend', { destination: bob.id, amountMsat: 20_000_000n, ...request })
  t.like(await refused({}), {
    ok: false,
    error: { code: 'payment-failed', details: { failure: { code: 'incorrect-or-unknown-payment-details' } } },
  })
  t.like(await refused({ destination: alice.id }), { ok: false, error: { code: 'own-node', field: 'destination' } })
  t.like(await refused({ amountMsat: 0n }), { ok: false, error: { code: 'amount-out-of-bounds' } })
  t.like(await refused({ customRecords: [MESSAGE, MESSAGE] }), { ok: false, error: { code: 'invalid-records' } })
  t.like(await refused({ customRecords: [{ type: 65_535, value: '' }] }), {
    ok: false,
    error: { code: 'invalid-request', field: 'customRecords.0.type' },
  })
  t.is(bob.payloads('payment.received').length, 0)
})

test('payments.keysend — comes in parts where the payer allows it and the destination takes them, and is received as one', async (t) => {
  const { world, alice, dave } = await diamond()
  t.teardown(() => world.close())
  const request = { destination: dave.id, amountMsat: 1_200_000_000n }
  t.like(await alice.tryAsk('payments', 'keysend', request), { ok: false, error: { code: 'no-route' } })
  const { payment } = await alice.ask('payments', 'keysend', { ...request, maxParts: 2 })
  t.like(payment, { status: 'settled', amountMsat: request.amountMsat, parts: { length: 2 } })
  await dave.until(async () => dave.payloads('payment.received').length === 1)
  t.like(dave.payloads('payment.received')[0], {
    amountMsat: `${request.amountMsat}`,
    keysend: true,
    parts: { length: 2 },
  })
  const nobody = `02${'11'.repeat(32)}`
  // Of one of which nothing is known, one part is as many as it surely takes.
  t.like(await alice.tryAsk('payments', 'keysend', { destination: nobody, amountMsat: 1_000n, maxParts: 2 }), {
    ok: false,
    error: { code: 'no-route' },
  })
})
