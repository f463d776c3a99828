import test from 'ava'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { encodeInvoice } from '../../core/src/invoice/encode-invoice.ts'
import { vectorOfBits } from '../../core/src/wire/features.ts'
import { World } from './support/world.ts'

test('the payer reads the description that the payee was given, byte for byte, and what does not fit is refused', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  for (const description of ['\ufeffcoffee', '€'.repeat(213), '']) {
    const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 1_000_000n, description })
    t.is(invoice.description, description)
    t.is((await alice.pay(invoice.invoice)).description, description)
  }
  for (const description of ['€'.repeat(214), 'a'.repeat(640), '\ud83d']) {
    const refused = await bob.tryAsk('invoices', 'create', { amountMsat: 1_000_000n, description })
    t.like(refused, { ok: false, error: { code: 'invalid-request', field: 'description' } })
  }
})

/** An invoice that requires the feature of this bit. */
const needing = (bit: number): string =>
  encodeInvoice(
    {
      network: 'regtest',
      amountMsat: 1_000_000n,
      timestamp: 1_700_000_000,
      paymentHash: new Uint8Array(32),
      paymentSecret: new Uint8Array(32),
      description: '',
      expirySeconds: 2 ** 41,
      minFinalCltvExpiryDelta: 18,
      features: vectorOfBits([8, 14, bit]),
      routeHints: [],
      fallbackAddresses: [],
    },
    (digest) => secp256k1.signRecoverable(digest, new Uint8Array(32).fill(7)),
  )

test('payments.payInvoice — an AMP or blinded invoice is one that we do not support, not one that is wrong', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  for (const bit of [24, 30, 262]) {
    const refused = await alice.tryAsk('payments', 'payInvoice', { invoice: needing(bit) })
    t.like(refused, { ok: false, error: { code: 'invoice-unsupported' } }, `bit ${bit}`)
  }
})
