import test from 'ava'
import type { Invoice } from '../../invoice/invoice.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { invoiceRequest } from './invoice-request.ts'
import type { OwnChannel } from './payment.ts'
import { routeFromGiven } from './route.ts'

const payee = testNode('payee')
const us = testNode('us')

const invoice: Invoice = {
  network: 'regtest',
  amountMsat: 1_000_000n,
  timestamp: 1000,
  paymentHash: named('hash'),
  paymentSecret: named('secret'),
  description: 'coffee',
  expirySeconds: 60,
  minFinalCltvExpiryDelta: 18,
  features: vectorOfBits([8, 14, 17]),
  routeHints: [],
  fallbackAddresses: [],
  paymentMetadata: named('meta'),
  payeeNodeId: payee.nodeId,
}

const options = {
  text: 'lnbcrt…',
  amountMsat: undefined,
  maxFeeMsat: undefined,
  key: 'k',
  ourNodeId: us.nodeId,
  now: 1_000_000,
}

test('BOLT 11, tagged fields read — the payee is told the secret and the metadata of its invoice, and gets the blocks that it asks for: what is asked for', (t) => {
  t.deepEqual(invoiceRequest(invoice, options), {
    ok: true,
    value: {
      target: {
        recipient: {
          type: 'node',
          nodeId: payee.nodeId,
          paymentSecret: named('secret'),
          paymentMetadata: named('meta'),
          minFinalCltvExpiryDelta: 18,
          routeHints: [],
        },
        paymentHash: named('hash'),
        amountMsat: 1_000_000n,
        multiPart: true,
        expiresAt: 1_060_000,
        invoice: 'lnbcrt…',
        description: 'coffee',
      },
      maxFeeMsat: 10_000n,
      key: 'k',
    },
  })
})

test('fees may be 1 % and at least 5 sat, or what the caller says', (t) => {
  const feeFor = (amountMsat: bigint, maxFeeMsat?: bigint) => {
    const result = invoiceRequest({ ...invoice, amountMsat }, { ...options, maxFeeMsat })
    return result.ok ? result.value.maxFeeMsat : undefined
  }
  t.is(feeFor(1000n), 5000n)
  t.is(feeFor(600_000n), 6000n)
  t.is(feeFor(600_000n, 0n), 0n)
})

test('BOLT 11, feature bits — a payment goes in parts only if basic_mpp is offered: what is asked for', (t) => {
  const result = invoiceRequest({ ...invoice, features: vectorOfBits([8, 14]) }, options)
  t.true(result.ok && !result.value.target.multiPart)
})

const errorOf = (asked: Invoice, more: Partial<Parameters<typeof invoiceRequest>[1]>) => {
  const result = invoiceRequest(asked, { ...options, ...more })
  return result.ok ? undefined : result.error
}

test('what cannot be paid is refused', (t) => {
  t.deepEqual(errorOf(invoice, { now: 1_060_000 }), { code: 'invoice-expired', expiredAt: 1_060_000 })
  t.deepEqual(errorOf(invoice, { ourNodeId: payee.nodeId }), { code: 'own-invoice' })
})

test('BOLT 4, multi-part payments — the total is what the invoice asks for, or what we choose where it leaves that to us', (t) => {
  const { amountMsat: _, ...free } = invoice
  const totalOf = (asked: Invoice, amountMsat?: bigint) => {
    const result = invoiceRequest(asked, { ...options, amountMsat })
    return result.ok ? result.value.target.amountMsat : result.error.code
  }
  t.is(totalOf(invoice), 1_000_000n)
  t.is(totalOf(invoice, 1_000_000n), 1_000_000n)
  t.is(totalOf(free, 5n), 5n)
  t.is(totalOf(free), 'amount-required')
  t.is(totalOf(free, 0n), 'amount-required')
  t.deepEqual(errorOf(invoice, { amountMsat: 5n }), { code: 'amount-mismatch', invoiceMsat: 1_000_000n })
})

test('a given route must lead on from our channel and never grow', (t) => {
  const bob = testNode('bob')
  const channel: OwnChannel = {
    channelId: named('a'),
    remoteNodeId: bob.nodeId,
    spendableMsat: 1n,
    affordableMsat: 1n,
    htlcMinimumMsat: 1n,
  }
  const hop = (node: typeof bob, shortChannelId: bigint, amountMsat: bigint, cltvExpiryDelta: number) => ({
    nodeId: node.nodeId,
    shortChannelId,
    amountMsat,
    cltvExpiryDelta,
  })
  const good = [hop(bob, 1n, 110n, 60), hop(payee, 2n, 100n, 20)]
  t.deepEqual(routeFromGiven(good, channel, 500), {
    ok: true,
    value: {
      channelId: named('a'),
      hops: [
        { nodeId: bob.nodeId, shortChannelId: 1n, amountMsat: 110n, cltvExpiry: 560 },
        { nodeId: payee.nodeId, shortChannelId: 2n, amountMsat: 100n, cltvExpiry: 520 },
      ],
    },
  })
  const errorOf = (hops: typeof good, own: OwnChannel | undefined = channel) => {
    const result = routeFromGiven(hops, own, 500)
    return result.ok ? undefined : result.error
  }
  t.deepEqual(routeFromGiven(good, undefined, 500), {
    ok: false,
    error: { code: 'channel-not-found', shortChannelId: 1n },
  })
  t.deepEqual(errorOf([]), { code: 'invalid-route', hop: 0 })
  t.deepEqual(errorOf([hop(payee, 1n, 100n, 20)]), { code: 'invalid-route', hop: 0 })
  t.deepEqual(errorOf([hop(bob, 1n, 100n, 60), hop(payee, 2n, 101n, 20)]), { code: 'invalid-route', hop: 1 })
  t.deepEqual(errorOf([hop(bob, 1n, 100n, 60), hop(payee, 2n, 100n, 61)]), { code: 'invalid-route', hop: 1 })
  t.deepEqual(errorOf([hop(bob, 1n, 100n, 60), hop(payee, 2n, 0n, 20)]), { code: 'invalid-route', hop: 1 })
})
