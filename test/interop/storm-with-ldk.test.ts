import test from 'ava'
import { seededRng } from '../../core/src/lib/rng.ts'
import { interopWorld, ourChannel } from './support/interop-world.ts'
import { type CutPoint, cutAt, nothingIsOwed } from './support/message-tap.ts'

const TYPES = [
  'update_add_htlc',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'commitment_signed',
  'revoke_and_ack',
  'channel_reestablish',
] as const

test('connections cut at random while payments cross and fee rates change — nothing is lost or paid twice', async (t) => {
  const rng = seededRng(20)
  const interop = await interopWorld(t)
  let feerate = 253
  const us = await interop.node('us', { backend: (backend) => ({ ...backend, estimateFeerate: () => feerate }) })
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  interop.keepConnected(us)
  const channelId = await interop.openToLdk(us, ldk, { capacitySat: 5_000_000n, pushMsat: 2_500_000_000n })
  const settled = async () => {
    await interop.isUsable(us, ldk, channelId)
    const balances = await interop.settled(us, ldk, channelId)
    await us.until(async () => nothingIsOwed(ldk.nodeId))
    return balances
  }
  let ours = 2_500_000_000n
  const counts = { cuts: 0, sent: 0, failed: 0, received: 0, refused: 0 }
  for (let round = 0; round < 12; round++) {
    const outgoing = Array.from({ length: 5 }, async (_, i) => {
      const amount = 1_000_000n * BigInt(i + 1) + BigInt(round)
      // Of these LDK knows nothing: they fail, in the same commitments in which others settle.
      const unknown = i === 4
      const { shortChannelId = '' } = await ourChannel(us, channelId)
      const answer = unknown
        ? await us.tryAsk('payments', 'sendToRoute', {
            paymentHash: round.toString(16).padStart(64, '7'),
            paymentSecret: '22'.repeat(32),
            route: [{ nodeId: ldk.nodeId, shortChannelId, amountMsat: amount, cltvExpiryDelta: 40 }],
          })
        : await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(amount) })
      t.false(unknown && answer.ok)
      if (answer.ok) ours -= amount
      counts[answer.ok ? 'sent' : 'failed']++
    })
    const incoming = Array.from({ length: 5 }, async (_, i) => {
      const amount = 700_000n * BigInt(i + 1) + BigInt(round)
      const outcome = await ldk.pay(await us.invoice(amount))
      if (outcome.type === 'payment-sent') ours += amount
      counts[outcome.type === 'payment-sent' ? 'received' : 'refused']++
    })
    feerate = [600, 253, 900][round % 3] as number
    ldk.setFeerate(feerate)
    const mined = interop.mine(1)
    for (let cuts = 0; cuts < 3; cuts++) {
      const point: CutPoint = {
        direction: rng.below(2) === 0 ? 'in' : 'out',
        type: TYPES[rng.below(TYPES.length)] ?? 'revoke_and_ack',
        nth: 1 + rng.below(3),
      }
      // Not every message comes so often: then the round ends without this cut.
      const cut = cutAt(ldk.nodeId, point, 400).then(
        () => void counts.cuts++,
        () => undefined,
      )
      await Promise.race([cut, Promise.all([...outgoing, ...incoming])])
    }
    await Promise.all([...outgoing, ...incoming, mined])
    t.deepEqual(await settled(), { oursMsat: ours, theirsMsat: 5_000_000_000n - ours }, `round ${round}`)
  }
  t.log(counts)
  t.true(counts.cuts >= 6)
  t.true(counts.sent >= 15 && counts.received >= 40)
  t.deepEqual(us.payloads('channel.errored'), [])
  t.is(us.payloads('payment.sent').length, counts.sent)
  t.is(us.payloads('payment.received').length, counts.received)
  t.is((await us.ask('payments', 'list', { status: 'in-flight' })).items.length, 0)
})

test('connections cut at random on both sides of relays — each payment settles on both channels or on none', async (t) => {
  const rng = seededRng(4)
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const [alice, bob] = [await interop.ldk('alice'), await interop.ldk('bob')]
  await interop.connect(us, alice)
  await interop.connect(us, bob)
  interop.keepConnected(us)
  const options = { capacitySat: 5_000_000n, pushMsat: 2_500_000_000n }
  const left = await interop.openToUs(alice, us, options)
  const right = await interop.openToLdk(us, bob, options)
  let [alices, bobs] = [2_500_000_000n, 2_500_000_000n]
  const counts = { cuts: 0, settled: 0, failed: 0 }
  for (let round = 0; round < 8; round++) {
    const payments = Array.from({ length: 8 }, async (_, i) => {
      const amount = 1_500_000n * BigInt(i + 1) + BigInt(round)
      const [payer, payee] = i % 2 === 0 ? [alice, bob] : [bob, alice]
      const outcome = await payer.pay(payee.createInvoice(amount))
      counts[outcome.type === 'payment-sent' ? 'settled' : 'failed']++
      if (outcome.type !== 'payment-sent') return
      const paid = amount + outcome.feeMsat
      alices += payer === alice ? -paid : amount
      bobs += payer === bob ? -paid : amount
    })
    const all = Promise.all(payments)
    for (let cuts = 0; cuts < 2; cuts++) {
      const point: CutPoint = {
        direction: rng.below(2) === 0 ? 'in' : 'out',
        type: TYPES[rng.below(TYPES.length)] ?? 'revoke_and_ack',
        nth: 1 + rng.below(3),
      }
      const cut = cutAt(rng.below(2) === 0 ? alice.nodeId : bob.nodeId, point, 400).then(
        () => void counts.cuts++,
        () => undefined,
      )
      await Promise.race([cut, all])
    }
    await all
    await interop.isUsable(us, alice, left)
    await interop.isUsable(us, bob, right)
    t.is((await interop.settled(us, alice, left)).theirsMsat, alices, `round ${round}, alice`)
    t.is((await interop.settled(us, bob, right)).theirsMsat, bobs, `round ${round}, bob`)
  }
  t.log(counts)
  t.true(counts.cuts >= 4 && counts.settled >= 24)
  t.deepEqual(us.payloads('channel.errored'), [])
  await us.until(async () => us.payloads('payment.relayed').length === counts.settled)
})
