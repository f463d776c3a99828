import test from 'ava'
import { diamond } from './support/diamond.ts'

test('what a payer excludes is never gone over, what it prefers is, and what no route can heed is refused by its field', async (t) => {
  const { world, alice, bob, carol, dave, ids } = await diamond()
  t.teardown(() => world.close())
  const amountMsat = 1_000_000n

  const payments = {
    payInvoice: async (wishes: object) =>
      alice.tryAsk('payments', 'payInvoice', { invoice: await dave.invoice(amountMsat), ...wishes }),
    keysend: async (wishes: object) =>
      alice.tryAsk('payments', 'keysend', { destination: dave.id, amountMsat, ...wishes }),
    pay: async (wishes: object) => {
      const { offer } = await dave.ask('offers', 'create', { amountMsat, description: 'tea' })
      return alice.tryAsk('offers', 'pay', { offer: offer.offer, ...wishes })
    },
  }
  for (const [name, pay] of Object.entries(payments)) {
    const wayOf = async (wishes: object) => {
      const answer = await pay(wishes)
      if (!answer.ok) return `${answer.error.code} ${answer.error.field ?? ''}`
      const { payment } = answer.value as { payment: { parts: readonly { route: readonly string[] }[] } }
      return payment.parts.map(({ route }) => route[0])
    }
    const [byBob, byCarol] = [[bob.id], [carol.id]]
    t.deepEqual(await wayOf({ excludedNodes: [bob.id] }), byCarol, name)
    t.deepEqual(await wayOf({ excludedNodes: [carol.id] }), byBob, name)
    t.deepEqual(await wayOf({ excludedChannels: [ids.ab] }), byCarol, name)
    t.deepEqual(await wayOf({ weights: [{ nodeId: bob.id, costPpm: 1_000 }] }), byBob, name)
    t.deepEqual(await wayOf({ weights: [{ shortChannelId: ids.ac, costPpm: 1_000 }] }), byCarol, name)
    t.is(await wayOf({ excludedNodes: [bob.id, carol.id] }), 'no-route ', name)
    // Nobody outside sees what a blinded path goes over, and whom it reaches.
    if (name !== 'pay') {
      t.deepEqual(await wayOf({ excludedChannels: [ids.cd] }), byBob, name)
      t.is(await wayOf({ excludedNodes: [bob.id], excludedChannels: [ids.cd] }), 'no-route ', name)
      t.is(await wayOf({ maxHops: 1 }), 'no-route ', name)
    }
    t.is(await wayOf({ maxCltvExpiryDelta: 20 }), 'expiry-too-far ', name)
    t.is(await wayOf({ excludedNodes: [carol.id, alice.id] }), 'invalid-request excludedNodes.1', name)
    const twice = { shortChannelId: ids.ab, costPpm: 2_000 }
    t.is(await wayOf({ weights: [twice, twice] }), 'invalid-request weights.1', name)
    t.is(await wayOf({ weights: [{ costPpm: 2_000 }] }), 'invalid-request weights.0', name)
    for (const [field, absurd] of Object.entries({ maxHops: 21, maxCltvExpiryDelta: 2_017, maxParts: 17 })) {
      t.is(await wayOf({ [field]: absurd }), `invalid-request ${field}`, name)
      t.is(await wayOf({ [field]: 0 }), `invalid-request ${field}`, name)
    }
  }
  const toPayee = await payments.payInvoice({ excludedNodes: [bob.id, dave.id] })
  t.like(toPayee, { error: { code: 'invalid-request', field: 'excludedNodes.1' } })

  // A search says what it left out, and why.
  const found = await alice.ask('router', 'findRoutes', { nodeId: dave.id, amountMsat, excludedNodes: [bob.id] })
  t.is(found.routes[0]?.hops[0]?.nodeId, carol.id)
  t.like(found.excluded, { nodes: 2, directions: 0, closed: 0, amount: 0, fee: 0 })
  t.true(found.excluded.beside > 0)
  const narrow = await alice.ask('router', 'findRoutes', { nodeId: dave.id, amountMsat, excludedChannels: [ids.bd] })
  t.like(narrow.excluded, { nodes: 1, directions: 2 })
})

test('an invoice is paid in no more parts than the payer allows', async (t) => {
  const { world, alice, dave } = await diamond()
  t.teardown(() => world.close())
  const pay = async (wishes: object) =>
    alice.tryAsk('payments', 'payInvoice', { invoice: await dave.invoice(1_200_000_000n), ...wishes })
  t.like(await pay({ maxParts: 1 }), { ok: false, error: { code: 'insufficient-balance' } })
  t.like(await pay({ maxParts: 2 }), { ok: true, value: { payment: { status: 'settled', parts: { length: 2 } } } })
})
