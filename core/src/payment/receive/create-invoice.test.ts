import test from 'ava'
import { sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { decodeInvoice } from '../../invoice/decode-invoice.ts'
import { parseFeatures, vectorOfBits } from '../../wire/features.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { type CreateInvoiceOptions, createHoldInvoice, createInvoice, type HintChannel } from './create-invoice.ts'

const us = testNode('us')
const bob = testNode('bob')

const channel = (
  shortChannelId: bigint,
  receivableMsat: bigint,
  { disabled = false, announced = false, isPeerKnown = true } = {},
): HintChannel => ({
  remoteNodeId: bob.nodeId,
  shortChannelId,
  policy: { feeBaseMsat: 1000n, feeProportionalMillionths: 100, cltvExpiryDelta: 40, disabled },
  receivableMsat,
  announced,
  isPeerKnown,
})

const options: CreateInvoiceOptions = {
  network: 'regtest',
  amountMsat: 1_000_000n,
  description: 'coffee',
  expirySeconds: 3_600,
  minFinalCltvExpiryDelta: undefined,
  channels: [],
  now: 1_700_000_000_500,
  preimage: named('preimage'),
  paymentSecret: named('secret'),
  sign: (digest) => secp256k1.signRecoverable(digest, us.privateKey),
}

const read = (more: Partial<CreateInvoiceOptions>) => {
  const record = createInvoice({ ...options, ...more })
  const decoded = decodeInvoice(record.invoice, 'regtest')
  if (!decoded.ok) throw new Error(decoded.error.code)
  return { record, invoice: decoded.value }
}

test('BOLT 11, tagged fields written — the hash is that of the preimage, and what the invoice asks for is what its row has', (t) => {
  const { record, invoice } = read({})
  t.deepEqual(invoice.payeeNodeId, us.nodeId)
  t.deepEqual(invoice.paymentHash, sha256(named('preimage')))
  t.deepEqual(invoice.paymentHash, record.paymentHash)
  t.deepEqual(invoice.paymentSecret, record.paymentSecret)
  t.is(invoice.amountMsat, 1_000_000n)
  t.is(invoice.timestamp, 1_700_000_000)
  t.is(record.expiresAt, 1_700_003_600_000)
  t.is(record.minFinalCltvExpiryDelta, 30)
  t.is(invoice.description, 'coffee')
  t.deepEqual(record.state, { type: 'open' })
})

test('BOLT 11, feature bits — ours are those that BOLT 9 has for invoices, with what they depend on', (t) => {
  const { invoice } = read({})
  t.deepEqual(parseFeatures(invoice.features), {
    var_onion_optin: 'mandatory',
    payment_secret: 'mandatory',
    basic_mpp: 'optional',
    option_route_blinding: 'optional',
    option_attribution_data: 'optional',
    // lightning/bolts 836: it can be paid by trampoline nodes.
    trampoline_routing: 'optional',
  })
  t.deepEqual(invoice.features, vectorOfBits([8, 14, 17, 25, 37, 57]))
})

test('the description is in the invoice whole, and one that has no room there makes none', (t) => {
  const description = `\ufeff${'€'.repeat(212)}`
  const { record, invoice } = read({ description })
  t.is(invoice.description, description)
  t.is(record.description, description)
  t.throws(() => read({ description: 'x'.repeat(640) }))
})

test('BOLT 11, tagged fields written — the hash is that of the preimage, and what the invoice asks for is what its row has: as it was chosen', (t) => {
  const { record, invoice } = read({ amountMsat: undefined, expirySeconds: 60, minFinalCltvExpiryDelta: 144 })
  t.is(invoice.amountMsat, undefined)
  t.is(record.amountMsat, undefined)
  t.is(invoice.expirySeconds, 60)
  t.is(invoice.minFinalCltvExpiryDelta, 144)
  t.is(record.minFinalCltvExpiryDelta, 144)
})

test('BOLT 11, tagged fields written — hints lead to us over our channels, those that can bring it all first', (t) => {
  const channels = [
    channel(1n, 900_000n),
    channel(2n, 2_000_000n),
    channel(3n, 9_000_000n),
    channel(4n, 9_999_999n, { disabled: true }),
  ]
  const { invoice } = read({ channels })
  t.deepEqual(invoice.routeHints, [
    [
      {
        nodeId: bob.nodeId,
        shortChannelId: 3n,
        feeBaseMsat: 1000,
        feeProportionalMillionths: 100,
        cltvExpiryDelta: 40,
      },
    ],
    [
      {
        nodeId: bob.nodeId,
        shortChannelId: 2n,
        feeBaseMsat: 1000,
        feeProportionalMillionths: 100,
        cltvExpiryDelta: 40,
      },
    ],
  ])
  const small = Array.from({ length: 9 }, (_, i) => channel(BigInt(i), BigInt(i) * 1000n))
  t.deepEqual(
    read({ channels: small }).invoice.routeHints.map(([hop]) => hop?.shortChannelId),
    [8n, 7n, 6n, 5n],
  )
})

test('hints are to announced channels only where there are no others that work', (t) => {
  const announced = channel(1n, 9_000_000n, { announced: true })
  const hinted = (...channels: readonly HintChannel[]) =>
    read({ channels }).invoice.routeHints.map(([hop]) => hop?.shortChannelId)
  t.deepEqual(hinted(announced, channel(2n, 2_000_000n)), [2n])
  t.deepEqual(hinted(announced, channel(2n, 500_000n)), [2n])
  t.deepEqual(hinted(announced), [1n])
  t.deepEqual(hinted(announced, channel(2n, 2_000_000n, { disabled: true }), channel(3n, 0n)), [1n])
})

test('hints to peers that the network has not heard of come last, however much they can bring', (t) => {
  const dead = Array.from({ length: 4 }, (_, i) => channel(10n + BigInt(i), 9_000_000n, { isPeerKnown: false }))
  const hinted = (...channels: readonly HintChannel[]) =>
    read({ channels }).invoice.routeHints.map(([hop]) => hop?.shortChannelId)
  t.deepEqual(hinted(...dead, channel(1n, 2_000_000n), channel(2n, 1_500_000n)), [1n, 2n, 10n, 11n])
  t.deepEqual(hinted(...dead, channel(1n, 500_000n)), [1n, 10n, 11n, 12n])
  t.deepEqual(hinted(...dead), [10n, 11n, 12n, 13n])
})

test('BOLT 11, tagged fields written — there is one description of UTF-8, or the hash of one: the row has neither then', (t) => {
  const descriptionHash = sha256(named('a long description'))
  const { record, invoice } = read({ description: '', descriptionHash })
  t.deepEqual(invoice.descriptionHash, descriptionHash)
  t.is(invoice.description, undefined)
  t.is(record.description, '')
  const { paymentHash } = record
  const hold = createHoldInvoice({
    ...options,
    description: '',
    descriptionHash,
    minFinalCltvExpiryDelta: 144,
    paymentHash,
    owner: undefined,
  })
  const decoded = decodeInvoice(hold.invoice, 'regtest')
  t.deepEqual(decoded.ok && decoded.value.descriptionHash, descriptionHash)
})

test('fallback addresses are in the invoice, in their order', (t) => {
  const fallbackAddresses = [
    { version: 0, program: named('program') },
    { version: 17, program: named('key hash').slice(0, 20) },
  ]
  t.deepEqual(read({ fallbackAddresses }).invoice.fallbackAddresses, fallbackAddresses)
})
