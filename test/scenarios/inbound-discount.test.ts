import test from 'ava'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { World } from './support/world.ts'

test('channels.setInboundDiscount — what comes in over that channel is relayed for less, and for no less than was said', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(5_000_000n)
  await bob.faucet(5_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const into = await alice.openTo(bob, 1_000_000n)
  const out = await bob.openTo(carol, 1_000_000n)
  const hop = async (channelId: string) => (await bob.ask('channels', 'get', { channelId })).channel.shortChannelId
  const payWith = async (feeMsat: bigint) => {
    const invoice = decodeInvoice(await carol.invoice(10_000_000n), 'regtest')
    if (!invoice.ok || invoice.value.paymentSecret === undefined) throw new Error('no invoice')
    const { paymentHash, paymentSecret } = invoice.value
    return alice.tryAsk('payments', 'sendToRoute', {
      paymentHash: toHex(paymentHash),
      paymentSecret: toHex(paymentSecret),
      totalAmountMsat: 10_000_000n,
      route: [
        { nodeId: bob.id, shortChannelId: await hop(into), amountMsat: 10_000_000n + feeMsat, cltvExpiryDelta: 140 },
        { nodeId: carol.id, shortChannelId: await hop(out), amountMsat: 10_000_000n, cltvExpiryDelta: 40 },
      ],
    })
  }
  // 1,000 and 100 millionths of 10,000,000.
  t.like(await payWith(1_999n), { ok: false })
  t.like(
    await bob.ask('channels', 'setInboundDiscount', {
      channelId: into,
      feeBaseMsat: 500n,
      feeProportionalMillionths: 10,
    }),
    {
      inboundDiscount: { feeBaseMsat: 500n, feeProportionalMillionths: 10 },
    },
  )
  t.like((await bob.ask('channels', 'get', { channelId: into })).channel, { inboundDiscount: { feeBaseMsat: 500n } })
  await bob.until(async () => bob.payloads('channel.inbound-discount-changed').length === 1)
  // 500 less, and 10 millionths of 10,002,000 less.
  t.like(await payWith(1_399n), { ok: false })
  t.like(await payWith(1_400n), { ok: true })
  t.like(bob.payloads('payment.relayed')[0], { feeMsat: '1400' })
  t.deepEqual(
    bob.payloads('payment.relay-failed').map(({ code }) => code),
    ['fee-insufficient', 'fee-insufficient'],
  )
  t.like(
    await bob.tryAsk('channels', 'setInboundDiscount', {
      channelId: into,
      feeBaseMsat: 0n,
      feeProportionalMillionths: 100_001,
    }),
    { ok: false, error: { code: 'fee-out-of-bounds' } },
  )
})
