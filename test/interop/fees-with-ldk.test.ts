import test from 'ava'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'

test('LDK, the funder, changes the fee rate up and down — payments go on in both directions', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToUs(ldk, us, { pushMsat: 400_000_000n })
  let receivable = (await ourChannel(us, channelId)).receivableMsat
  for (const feerate of [1_000, 2_500, 600]) {
    const previous = ldkChannel(ldk, channelId).feeratePerKw ?? 0
    // In the same breath as a payment, so that both are in one commitment.
    const paying = ldk.pay(await us.invoice(1_000_000n))
    ldk.setFeerate(feerate)
    t.is((await paying).type, 'payment-sent')
    await ldk.until('the new fee rate', () => ldkChannel(ldk, channelId).feeratePerKw === feerate)
    await interop.settled(us, ldk, channelId)
    // What LDK can send us depends on the fee of our commitments: we have seen the change.
    await us.until(async () => {
      const now = (await ourChannel(us, channelId)).receivableMsat
      return feerate > previous ? now < receivable - 1_000_000n : now > receivable
    })
    receivable = (await ourChannel(us, channelId)).receivableMsat
    t.is((await us.pay(ldk.createInvoice(3_000_000n))).status, 'settled')
    await interop.settled(us, ldk, channelId)
    receivable = (await ourChannel(us, channelId)).receivableMsat
  }
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 400_000_000n + 3_000_000n - 9_000_000n)
  t.deepEqual(us.payloads('channel.errored'), [])
})

test('we, the funder, follow the chain’s fee rate — LDK takes it, and payments go on in both directions', async (t) => {
  const interop = await interopWorld(t)
  let feerateOfChain = 253
  const us = await interop.node('us', {
    backend: (backend) => ({ ...backend, estimateFeerate: () => feerateOfChain }),
  })
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: 400_000_000n })
  t.is(ldkChannel(ldk, channelId).feeratePerKw, 253)
  for (const feerate of [1_000, 2_400, 500]) {
    feerateOfChain = feerate
    // LDK sees the same chain: it takes no HTLC where the fee is far above what it finds right.
    ldk.setFeerate(feerate)
    const paying = us.pay(ldk.createInvoice(5_000_000n))
    await interop.mine(1)
    t.is((await paying).status, 'settled')
    await ldk.until('the new fee rate', () => ldkChannel(ldk, channelId).feeratePerKw === feerate)
    t.is((await ldk.pay(await us.invoice(2_000_000n))).type, 'payment-sent')
  }
  // Near enough to what it is: nothing is changed.
  feerateOfChain = 590
  await interop.mine(1)
  t.is((await us.pay(ldk.createInvoice(1_000_000n))).status, 'settled')
  t.is(ldkChannel(ldk, channelId).feeratePerKw, 500)
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 600_000_000n - 15_000_000n + 6_000_000n - 1_000_000n)
  t.deepEqual(us.payloads('channel.errored'), [])
})
