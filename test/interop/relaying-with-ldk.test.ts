import test, { type ExecutionContext } from 'ava'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { parseShortChannelId, shortChannelId } from '../../core/src/lib/ids.ts'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'
import { madeUpInvoice } from './support/made-up-invoice.ts'

/** LDK alice — us — LDK bob, over unannounced channels. */
const throughUs = async (t: ExecutionContext) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const log: string[] = []
  const alice = await interop.ldk('alice', (line) => void log.push(line))
  const bob = await interop.ldk('bob')
  await interop.connect(us, alice)
  await interop.connect(us, bob)
  const incoming = await interop.openToUs(alice, us)
  const outgoing = await interop.openToLdk(us, bob)
  /** What alice reads in the failures that come back to her. */
  const read = (code: string): boolean => log.some((line) => line.includes('Onion Error') && line.includes(code))
  return { interop, us, alice, bob, incoming, outgoing, read }
}

test('LDK pays LDK through us — by the hint that our channel_update and alias gave the payee', async (t) => {
  const { interop, us, alice, bob, incoming, outgoing } = await throughUs(t)
  let fees = 0n
  for (const amount of [1n, 999n, 50_000_000n, 123_456_789n]) {
    const paid = await alice.pay(bob.createInvoice(amount))
    if (paid.type !== 'payment-sent') return t.fail(paid.reason)
    const fee = 1_000n + (amount * 100n) / 1_000_000n
    t.is(paid.feeMsat, fee)
    fees += fee
  }
  const total = 1n + 999n + 50_000_000n + 123_456_789n
  t.deepEqual(await interop.settled(us, alice, incoming), {
    oursMsat: total + fees,
    theirsMsat: 1_000_000_000n - total - fees,
  })
  t.deepEqual(await interop.settled(us, bob, outgoing), { oursMsat: 1_000_000_000n - total, theirsMsat: total })
  await us.until(async () => us.payloads('payment.relayed').length === 4)
  t.like(us.payloads('payment.relayed').at(-1), {
    feeMsat: `${1_000n + 12_345n}`,
    incoming: [{ channelId: incoming, peer: alice.nodeId, amountMsat: `${123_456_789n + 13_345n}` }],
    outgoing: [{ channelId: outgoing, peer: bob.nodeId, amountMsat: '123456789' }],
  })
})

test('our new relay fees reach LDK — its next invoice names them, and an earlier one is still honoured', async (t) => {
  const { us, alice, bob, outgoing } = await throughUs(t)
  const earlier = bob.createInvoice(10_000_000n)
  await us.ask('channels', 'setRelayFees', {
    channelId: outgoing,
    feeBaseMsat: 7_000n,
    feeProportionalMillionths: 1_000,
  })
  await bob.until('the new fees', () => ldkChannel(bob, outgoing).peerPolicy?.feeBaseMsat === 7_000)
  t.is(ldkChannel(bob, outgoing).peerPolicy?.feeProportionalMillionths, 1_000)
  t.like(await alice.pay(earlier), { type: 'payment-sent', feeMsat: 2_000n })
  t.like(await alice.pay(bob.createInvoice(10_000_000n)), { type: 'payment-sent', feeMsat: 17_000n })
})

test('many payments of LDK cross us at once, both ways — each is relayed once', async (t) => {
  const { interop, us, alice, bob, incoming, outgoing } = await throughUs(t)
  t.is((await alice.pay(bob.createInvoice(400_000_000n))).type, 'payment-sent')
  const amounts = Array.from({ length: 20 }, (_, i) => 2_000_000n + BigInt(i))
  const outcomes = await Promise.all([
    ...amounts.map((amount) => alice.pay(bob.createInvoice(amount))),
    ...amounts.map((amount) => bob.pay(alice.createInvoice(amount))),
  ])
  t.true(outcomes.every(({ type }) => type === 'payment-sent'))
  const before = 400_000_000n
  const fee = (amount: bigint): bigint => 1_000n + (amount * 100n) / 1_000_000n
  const feesOneWay = amounts.reduce((sum, amount) => sum + fee(amount), 0n)
  t.is((await interop.settled(us, alice, incoming)).oursMsat, before + fee(before) + feesOneWay)
  t.is((await interop.settled(us, bob, outgoing)).oursMsat, 1_000_000_000n - before + feesOneWay)
  await us.until(async () => us.payloads('payment.relayed').length === 41)
})

test('LDK fails a payment that we relayed — the payer reads the failure of the payee, not ours', async (t) => {
  const { interop, us, alice, bob, incoming, outgoing, read } = await throughUs(t)
  bob.setAutoClaim(false)
  const paying = alice.pay(bob.createInvoice(3_000_000n))
  await bob.until('a held payment', () => bob.events.at(-1)?.type === 'payment-claimable')
  bob.failHeld()
  t.like(await paying, { type: 'payment-failed' })
  t.true(read('incorrect_or_unknown_payment_details'))
  t.is((await interop.settled(us, alice, incoming)).oursMsat, 0n)
  t.is((await interop.settled(us, bob, outgoing)).theirsMsat, 0n)
  await us.until(async () => us.payloads('payment.relay-failed').length === 1)
  t.like(us.payloads('payment.relay-failed')[0], { source: 'remote' })
})

test('LDK offers us too little to relay — LDK reads fee_insufficient', async (t) => {
  const { us, alice, outgoing, read } = await throughUs(t)
  const { aliases } = await ourChannel(us, outgoing)
  const invoice = madeUpInvoice({
    amountMsat: 20_000_000n,
    hint: {
      nodeId: fromHex(us.id),
      shortChannelId: parseShortChannelId(aliases[0] as string) ?? 0n,
      feeBaseMsat: 1_000,
      feeProportionalMillionths: 99,
      cltvExpiryDelta: 144,
    },
  })
  t.is((await alice.pay(invoice)).type, 'payment-failed')
  t.true(read('fee_insufficient'))
  t.like(us.payloads('payment.relay-failed')[0], { source: 'local', code: 'fee-insufficient' })
})

test('LDK wants us to relay to where we have no channel — LDK reads unknown_next_peer', async (t) => {
  const { us, alice, read } = await throughUs(t)
  const invoice = madeUpInvoice({
    amountMsat: 20_000_000n,
    hint: {
      nodeId: fromHex(us.id),
      shortChannelId: shortChannelId({ blockHeight: 77, txIndex: 7, outputIndex: 0 }),
      feeBaseMsat: 1_000,
      feeProportionalMillionths: 100,
      cltvExpiryDelta: 144,
    },
  })
  t.is((await alice.pay(invoice)).type, 'payment-failed')
  t.true(read('unknown_next_peer'))
  t.like(us.payloads('payment.relay-failed')[0], { source: 'local', code: 'unknown-next-peer' })
})

test('LDK wants us to relay more than the next channel holds — LDK reads temporary_channel_failure', async (t) => {
  const { interop, us, alice, bob, incoming, outgoing, read } = await throughUs(t)
  // The channel to bob can carry less than alice can send: part of it is gone already.
  t.is((await us.pay(bob.createInvoice(600_000_000n))).status, 'settled')
  t.is((await alice.pay(bob.createInvoice(500_000_000n))).type, 'payment-failed')
  t.true(read('temporary_channel_failure'))
  t.is((await interop.settled(us, alice, incoming)).oursMsat, 0n)
  t.is((await interop.settled(us, bob, outgoing)).theirsMsat, 600_000_000n)
})

test('LDK wants us to relay to a peer that is away — LDK reads temporary_channel_failure, and it works later', async (t) => {
  const { interop, us, alice, bob, incoming, outgoing, read } = await throughUs(t)
  const invoices = [bob.createInvoice(5_000_000n), bob.createInvoice(6_000_000n)] as const
  await us.ask('peers', 'disconnect', { nodeId: bob.nodeId })
  await us.until(async () => (await ourChannel(us, outgoing)).state === 'offline')
  t.is((await alice.pay(invoices[0])).type, 'payment-failed')
  t.true(read('temporary_channel_failure'))
  await us.ask('peers', 'connect', { nodeId: bob.nodeId })
  await interop.isUsable(us, bob, outgoing)
  t.is((await alice.pay(invoices[1])).type, 'payment-sent')
  t.is((await interop.settled(us, alice, incoming)).oursMsat, 6_000_000n + 1_600n)
})

/** us — LDK — a second node of ours. */
const throughLdk = async (t: ExecutionContext) => {
  const interop = await interopWorld(t)
  const [us, them] = [await interop.node('us'), await interop.node('them')]
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  await interop.connect(them, ldk)
  const first = await interop.openToLdk(us, ldk)
  const second = await interop.openToUs(ldk, them)
  return { interop, us, them, ldk, first, second }
}

test('we pay through LDK — by the hint of the alias that LDK gave the payee, with the fee that LDK asks', async (t) => {
  const { interop, us, them, ldk, first, second } = await throughLdk(t)
  const { remotePolicy } = await ourChannel(them, second)
  if (remotePolicy === undefined) return t.fail('LDK sent no channel_update')
  const amount = 80_000_000n
  const fee = remotePolicy.feeBaseMsat + (amount * BigInt(remotePolicy.feeProportionalMillionths)) / 1_000_000n
  const payment = await us.pay(await them.invoice(amount))
  t.is(payment.status, 'settled')
  t.is(payment.feesMsat, fee)
  t.deepEqual(payment.parts[0]?.route as readonly string[], [ldk.nodeId, them.id])
  t.is((await interop.settled(us, ldk, first)).oursMsat, 1_000_000_000n - amount - fee)
  t.is((await interop.settled(them, ldk, second)).oursMsat, amount)
  await ldk.until('the relay told of', () => ldk.events.some(({ type }) => type === 'payment-forwarded'))
  t.like(
    ldk.events.find(({ type }) => type === 'payment-forwarded'),
    { amountMsat: amount, feeMsat: fee },
  )
})

test('we offer LDK too little to relay, or want it to relay to nowhere — we read its failure', async (t) => {
  const { interop, us, them, ldk, first, second } = await throughLdk(t)
  const { shortChannelId: toLdk = '' } = await ourChannel(us, first)
  const { remoteAlias: toThem = '', remotePolicy } = await ourChannel(them, second)
  if (remotePolicy === undefined) return t.fail('LDK sent no channel_update')
  const delivered = 30_000_000n
  const fee = remotePolicy.feeBaseMsat + (delivered * BigInt(remotePolicy.feeProportionalMillionths)) / 1_000_000n
  const { cltvExpiryDelta } = remotePolicy

  const send = async (change: { feeMsat?: bigint; delta?: number; scid?: string }) => {
    const { invoice } = await them.ask('invoices', 'create', { amountMsat: delivered })
    const answer = await us.tryAsk('payments', 'sendToRoute', {
      paymentHash: invoice.paymentHash,
      paymentSecret: invoice.paymentSecret,
      route: [
        {
          nodeId: ldk.nodeId,
          shortChannelId: toLdk,
          amountMsat: delivered + (change.feeMsat ?? fee),
          cltvExpiryDelta: 60 + (change.delta ?? cltvExpiryDelta),
        },
        { nodeId: them.id, shortChannelId: change.scid ?? toThem, amountMsat: delivered, cltvExpiryDelta: 60 },
      ],
    })
    const details = answer.ok ? undefined : (answer.error.details as { failure?: { code: string; erringNode: string } })
    return answer.ok ? 'settled' : `${details?.failure?.code} of ${details?.failure?.erringNode}`
  }
  t.is(await send({ feeMsat: fee - 1n }), `fee-insufficient of ${ldk.nodeId}`)
  t.is(await send({ scid: '77x7x0' }), `unknown-next-peer of ${ldk.nodeId}`)
  t.is(await send({ delta: cltvExpiryDelta - 1 }), `incorrect-cltv-expiry of ${ldk.nodeId}`)
  t.is(await send({}), 'settled')
  t.is((await interop.settled(us, ldk, first)).oursMsat, 1_000_000_000n - delivered - fee)
})
