import { shortChannelId } from '../../../core/src/lib/ids.ts'
import { ours, theirs } from '../stage/stage.ts'
import { aliasOf, beyondUs, read, throughThePeer, throughUs } from './relay-cast.ts'
import { group } from './scenario.ts'

const ourFee = (amount: bigint): bigint => 1_000n + (amount * 100n) / 1_000_000n

export const relaying = group('Relays', [
  {
    title: 'the peer pays another through us, by a hint of our channel_update — the fee is ours to the millisatoshi',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, incoming, outgoing, payBob } = await throughUs(stage)
      const amounts = [alice.leastHtlcMsat, 1_999n, 50_000_000n, 123_456_789n]
      let fees = 0n
      for (const amount of amounts) {
        const paid = await payBob(amount)
        t.like(paid, { ok: true, feeMsat: ourFee(amount) })
        fees += ourFee(amount)
      }
      const total = amounts.reduce((sum, amount) => sum + amount, 0n)
      t.deepEqual(await stage.settled(us, alice, incoming), {
        oursMsat: total + fees,
        theirsMsat: 1_000_000_000n - total - fees,
      })
      t.deepEqual(await stage.settled(us, bob, outgoing), { oursMsat: 1_000_000_000n - total, theirsMsat: total })
      await us.until(async () => us.payloads('payment.relayed').length === 4)
      t.like(us.payloads('payment.relayed').at(-1), {
        feeMsat: `${1_000n + 12_345n}`,
        incoming: [{ channelId: incoming, peer: alice.nodeId, amountMsat: `${123_456_789n + 13_345n}` }],
        outgoing: [{ channelId: outgoing, peer: bob.nodeId, amountMsat: '123456789' }],
      })
    },
  },
  {
    title: 'our new relay fees reach the peer — its next invoice names them, and an earlier one is still honoured',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, outgoing, invoiceOfBob, payBob } = await throughUs(stage)
      const earlier = await invoiceOfBob(10_000_000n)
      await us.ask('channels', 'setRelayFees', {
        channelId: outgoing,
        feeBaseMsat: 7_000n,
        feeProportionalMillionths: 1_000,
      })
      await stage.until('the new fees', async () => (await theirs(bob, outgoing)).ourPolicy?.feeBaseMsat === 7_000)
      t.is((await theirs(bob, outgoing)).ourPolicy?.feeProportionalMillionths, 1_000)
      t.like(await alice.pay(earlier.bolt11), { ok: true, feeMsat: 2_000n })
      t.like(await payBob(10_000_000n), { ok: true, feeMsat: 17_000n })
    },
  },
  {
    title: 'many payments of peers cross us at once, both ways — each is relayed once',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, incoming, outgoing, payBob } = await throughUs(stage)
      t.like(await payBob(400_000_000n), { ok: true })
      const amounts = Array.from({ length: 20 }, (_, i) => 2_000_000n + BigInt(i))
      const payAlice = async (amountMsat: bigint) =>
        bob.pay((await alice.createInvoice({ amountMsat, through: incoming })).bolt11)
      const outcomes = await Promise.all([...amounts.map(payBob), ...amounts.map(payAlice)])
      t.deepEqual(
        outcomes.filter(({ ok }) => !ok),
        [],
      )
      const before = 400_000_000n
      const feesOneWay = amounts.reduce((sum, amount) => sum + ourFee(amount), 0n)
      t.is((await stage.settled(us, alice, incoming)).oursMsat, before + ourFee(before) + feesOneWay)
      t.is((await stage.settled(us, bob, outgoing)).oursMsat, 1_000_000_000n - before + feesOneWay)
      await us.until(async () => us.payloads('payment.relayed').length === 41)
    },
  },
  {
    title: 'a peer fails a payment that we relayed — the payer reads the failure of the payee, not ours',
    role: 'we',
    needs: ['private-hints', 'hold'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, incoming, outgoing, invoiceOfBob } = await throughUs(stage)
      const { bolt11, paymentHash } = await invoiceOfBob(3_000_000n, true)
      const paying = alice.pay(bolt11)
      await stage.until('bob holds it', () => bob.isHeld(paymentHash))
      await bob.failHeld(paymentHash)
      read(stage, await paying, 'incorrect_or_unknown_payment_details')
      t.is((await stage.settled(us, alice, incoming)).oursMsat, 0n)
      t.is((await stage.settled(us, bob, outgoing)).theirsMsat, 0n)
      await us.until(async () => us.payloads('payment.relay-failed').length === 1)
      t.like(us.payloads('payment.relay-failed')[0], { source: 'remote' })
    },
  },
  {
    title: 'the peer offers us too little to relay — it reads fee_insufficient',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const { t } = stage
      const { us, alice, outgoing } = await throughUs(stage)
      const { aliases } = await ours(us, outgoing)
      const invoice = beyondUs(us, { shortChannelId: aliasOf(aliases), feeProportionalMillionths: 99 })
      read(stage, await alice.pay(invoice), 'fee_insufficient')
      t.like(us.payloads('payment.relay-failed')[0], { source: 'local', code: 'fee-insufficient' })
    },
  },
  {
    title: 'the peer leaves us too few blocks to relay — it reads incorrect_cltv_expiry',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const { t } = stage
      const { us, alice, outgoing } = await throughUs(stage)
      const { aliases, localPolicy } = await ours(us, outgoing)
      const invoice = beyondUs(us, {
        shortChannelId: aliasOf(aliases),
        cltvExpiryDelta: localPolicy.cltvExpiryDelta - 1,
      })
      read(stage, await alice.pay(invoice), 'incorrect_cltv_expiry')
      t.like(us.payloads('payment.relay-failed')[0], { source: 'local', code: 'incorrect-cltv-expiry' })
    },
  },
  {
    title: 'the peer wants us to relay to where we have no channel — it reads unknown_next_peer',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const { t } = stage
      const { us, alice } = await throughUs(stage)
      const invoice = beyondUs(us, { shortChannelId: shortChannelId({ blockHeight: 77, txIndex: 7, outputIndex: 0 }) })
      read(stage, await alice.pay(invoice), 'unknown_next_peer')
      t.like(us.payloads('payment.relay-failed')[0], { source: 'local', code: 'unknown-next-peer' })
    },
  },
  {
    title: 'the peer wants us to relay more than the next channel holds — it reads temporary_channel_failure',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, incoming, outgoing, payBob } = await throughUs(stage)
      // The channel to bob can carry less than alice can send: part of it is gone already.
      t.is((await us.pay((await bob.createInvoice({ amountMsat: 600_000_000n })).bolt11)).status, 'settled')
      read(stage, await payBob(500_000_000n), 'temporary_channel_failure')
      t.is((await stage.settled(us, alice, incoming)).oursMsat, 0n)
      t.is((await stage.settled(us, bob, outgoing)).theirsMsat, 600_000_000n)
    },
  },
  {
    title: 'the peer wants us to relay to one that is away — it reads temporary_channel_failure, and it works later',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, incoming, outgoing, invoiceOfBob } = await throughUs(stage)
      const invoices = [await invoiceOfBob(5_000_000n), await invoiceOfBob(6_000_000n)] as const
      await us.ask('peers', 'disconnect', { nodeId: bob.nodeId })
      await us.until(async () => (await ours(us, outgoing)).state === 'offline')
      read(stage, await alice.pay(invoices[0].bolt11), 'temporary_channel_failure')
      await us.ask('peers', 'connect', { nodeId: bob.nodeId })
      await stage.isUsable(us, bob, outgoing)
      await alice.forgetFailures()
      t.like(await alice.pay(invoices[1].bolt11), { ok: true })
      t.is((await stage.settled(us, alice, incoming)).oursMsat, 6_000_000n + 1_600n)
    },
  },
  {
    title: 'we pay through the peer, by a hint of the alias that it gave — with the fee that it asks',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, them, peer, first, second, remotePolicy } = await throughThePeer(stage)
      const amount = 80_000_000n
      const fee = remotePolicy.feeBaseMsat + (amount * BigInt(remotePolicy.feeProportionalMillionths)) / 1_000_000n
      const payment = await us.pay(await them.invoice(amount))
      t.is(payment.status, 'settled')
      t.is(payment.feesMsat, fee)
      t.deepEqual(payment.parts[0]?.route as readonly string[], [peer.nodeId, them.id])
      t.is((await stage.settled(us, peer, first)).oursMsat, 1_000_000_000n - amount - fee)
      t.is((await stage.settled(them, peer, second)).oursMsat, amount)
    },
  },
  {
    title: 'our payments pass the peer, and arrive or fail — we learn for how long it and the payee held them',
    role: 'both',
    needs: ['attribution-data'],
    async run(stage) {
      const { t } = stage
      const { us, them, peer } = await throughThePeer(stage)
      const paid = await us.pay(await them.invoice(40_000_000n))
      t.is(paid.parts[0]?.holdTimesMs?.length, 2)
      const { invoice } = await them.ask('invoices', 'create', { amountMsat: 30_000_000n })
      await them.ask('invoices', 'cancel', { paymentHash: invoice.paymentHash })
      t.false((await us.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })).ok)
      const { payment } = await us.ask('payments', 'get', { paymentHash: invoice.paymentHash })
      t.is(payment.failure?.erringNode, them.id)
      t.is(payment.parts[0]?.holdTimesMs?.length, 2)
      const { bolt11 } = await peer.createInvoice({ amountMsat: 20_000_000n })
      t.is((await us.pay(bolt11)).parts[0]?.holdTimesMs?.length, 1)
    },
  },
  {
    title: 'we offer the peer too little to relay, too few blocks, or a channel that is none — we read its failure',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, them, peer, first, second, remotePolicy } = await throughThePeer(stage)
      const { shortChannelId: toPeer = '' } = await ours(us, first)
      const { remoteAlias: toThem = '' } = await ours(them, second)
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
              nodeId: peer.nodeId,
              shortChannelId: toPeer,
              amountMsat: delivered + (change.feeMsat ?? fee),
              cltvExpiryDelta: 60 + (change.delta ?? cltvExpiryDelta),
            },
            { nodeId: them.id, shortChannelId: change.scid ?? toThem, amountMsat: delivered, cltvExpiryDelta: 60 },
          ],
        })
        if (answer.ok) return 'settled'
        const { failure } = answer.error.details as { failure?: { code: string; erringNode: string } }
        return `${failure?.code} of ${failure?.erringNode}`
      }
      t.is(await send({ feeMsat: fee - 1n }), `fee-insufficient of ${peer.nodeId}`)
      t.is(await send({ scid: '77x7x0' }), `unknown-next-peer of ${peer.nodeId}`)
      t.is(await send({ delta: cltvExpiryDelta - 1 }), `incorrect-cltv-expiry of ${peer.nodeId}`)
      t.is(await send({}), 'settled')
      t.is((await stage.settled(us, peer, first)).oursMsat, 1_000_000_000n - delivered - fee)
    },
  },
])
