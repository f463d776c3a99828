import test from 'ava'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { encodeInvoice } from '../../core/src/invoice/encode-invoice.ts'
import { toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
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

test('invoices.create — an invoice has the hash of a description and a fallback address, and whoever has it reads them', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const descriptionHash = toHex(sha256(utf8Encode('a long description')))
  const { address: fallbackAddress } = await bob.ask('wallet', 'newAddress', {})
  const asked = { amountMsat: 1_000_000n, descriptionHash, fallbackAddress }
  const { invoice } = await bob.ask('invoices', 'create', asked)
  t.is(invoice.description, '')
  const { invoice: read } = await alice.ask('invoices', 'decode', { invoice: invoice.invoice })
  const { paymentHash, amountMsat, createdAt, expiresAt } = invoice
  t.like(read, { paymentHash, amountMsat, payeeNodeId: bob.id, descriptionHash, expiresAt })
  t.is(read.createdAt, Math.floor(createdAt / 1_000) * 1_000)
  t.is(read.description, undefined)
  t.deepEqual(read.fallbackAddresses, [fallbackAddress])
  t.deepEqual(
    read.routeHints.map((hops) => hops.map(({ nodeId }) => nodeId)),
    [[alice.id]],
  )
  t.is((await alice.pay(invoice.invoice)).status, 'settled')

  const hold = { ...asked, paymentHash: descriptionHash }
  const { invoice: held } = await bob.ask('invoices', 'createHold', hold)
  const { invoice: heldRead } = await alice.ask('invoices', 'decode', { invoice: held.invoice })
  t.like(heldRead, { paymentHash: descriptionHash, descriptionHash })
  t.deepEqual(heldRead.fallbackAddresses, [fallbackAddress])

  const refused = async (more: object) => {
    const answer = await bob.tryAsk('invoices', 'create', { ...asked, ...more })
    return answer.ok ? undefined : [answer.error.code, answer.error.field]
  }
  t.deepEqual(await refused({ description: 'coffee' }), ['invalid-request', 'descriptionHash'])
  t.deepEqual(await refused({ descriptionHash: 'ab' }), ['invalid-request', 'descriptionHash'])
  const mainnet = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
  t.deepEqual(await refused({ fallbackAddress: mainnet }), ['address-wrong-network', 'fallbackAddress'])
  t.deepEqual(await refused({ fallbackAddress: `${mainnet}q` }), ['address-invalid', 'fallbackAddress'])
  const unreadable = await bob.tryAsk('invoices', 'decode', { invoice: `${invoice.invoice}q` })
  t.like(unreadable, { ok: false, error: { code: 'invoice-invalid', field: 'invoice' } })
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
  for (const bit of [30, 262]) {
    const refused = await alice.tryAsk('payments', 'payInvoice', { invoice: needing(bit) })
    t.like(refused, { ok: false, error: { code: 'invoice-unsupported' } }, `bit ${bit}`)
  }
})
