import type { Peer } from '../drivers/driver.ts'
import { type OurNode, ours, type Stage, theirs } from '../stage/stage.ts'
import { between, channelsWithBoth, HALF, ourFee, overThePeer, type Side } from './between-cast.ts'
import { read } from './relay-cast.ts'
import { group } from './scenario.ts'

const UNKNOWN = 'incorrect_or_unknown_payment_details'

const both = <T>(one: T, two: T) =>
  [
    [one, two],
    [two, one],
  ] as const

const invoiceOf = ({ peer, channelId }: Side, amountMsat: bigint, hold = false) =>
  peer.createInvoice({ amountMsat, through: channelId, hold })

/** What we have gained by channels that are at rest, since they were opened. */
const gained = async (stage: Stage, us: OurNode, sides: readonly Side[]): Promise<bigint> => {
  let sum = 0n
  for (const { peer, channelId } of sides) sum += (await stage.settled(us, peer, channelId)).oursMsat - HALF
  return sum
}

/** Payments from either to the other, several at once, until told. */
const crossfire = (stage: Stage, one: Side, two: Side) => {
  let wanted = true
  stage.t.teardown(() => {
    wanted = false
  })
  /** What the payers say that they have paid, by payment hash; and what they were asked for. */
  const [paid, asked] = [new Set<string>(), new Map<string, bigint>()]
  const worker = async (payer: Side, payee: Side): Promise<void> => {
    while (wanted) {
      const amountMsat = 1_000_000n + BigInt(asked.size)
      // Some name no channel in an invoice while they are not connected in it.
      const invoice = await invoiceOf(payee, amountMsat).catch(() => undefined)
      if (invoice !== undefined) asked.set(invoice.paymentHash, amountMsat)
      const outcome = invoice && (await payer.peer.pay(invoice.bolt11))
      if (invoice !== undefined && outcome?.ok) paid.add(invoice.paymentHash)
      else {
        await payer.peer.forgetFailures()
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  const workers = both(one, two).flatMap(([payer, payee]) => [worker(payer, payee), worker(payer, payee)])
  return {
    paid,
    /** Waits for what is under way. */
    async stop(): Promise<void> {
      wanted = false
      await Promise.all(workers)
    },
    /** As the payees have it. */
    async arrived(): Promise<ReadonlyMap<string, bigint>> {
      const received = await Promise.all([one, two].map(({ peer }) => peer.received()))
      const own = received.flat().filter(({ paymentHash, amountMsat }) => asked.get(paymentHash) === amountMsat)
      return new Map(own.map(({ paymentHash, amountMsat }) => [paymentHash, amountMsat]))
    },
  }
}

export const betweenImplementations = group('Between two implementations', [
  {
    title: 'the peer pays another implementation through us, and is paid by it — the fees are ours to the millisatoshi',
    role: 'we',
    needs: ['private-hints'],
    besideNeeds: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, near, far } = await between(stage)
      let fees = 0n
      for (const amountMsat of [1_000n, 1_999_999n, 700_000_000n]) {
        for (const [payer, payee] of both(near, far)) {
          const paid = await payer.peer.pay((await invoiceOf(payee, amountMsat)).bolt11)
          t.like(paid, { ok: true, feeMsat: ourFee(amountMsat) }, `${payer.peer.name} ${amountMsat}`)
          fees += ourFee(amountMsat)
        }
      }
      t.is(await gained(stage, us, [near, far]), fees)
    },
  },
  ...(['the peer pays another implementation', 'another implementation pays the peer'] as const).map((who, i) => ({
    title: `${who} through us in parts, over two channels with us — they arrive as one payment`,
    role: 'we' as const,
    needs: ['private-hints', 'multi-part'] as const,
    besideNeeds: ['private-hints', 'multi-part'] as const,
    async run(stage: Stage) {
      const { t } = stage
      const [payer, payee] = both(await stage.peer(), await stage.other())[i] as readonly [Peer, Peer]
      const us = await stage.node('us')
      for (const each of [payer, payee]) await stage.connect(us, each)
      const incoming = [await stage.openFrom(payer, us), await stage.openFrom(payer, us)]
      const outgoing = { peer: payee, channelId: await stage.openTo(payee, us, { capacitySat: 4_000_000n }) }
      const amountMsat = 1_500_000_001n
      const { bolt11, paymentHash } = await invoiceOf(outgoing, amountMsat)
      const paid = await payer.pay(bolt11, { split: true })
      t.like(
        paid,
        { ok: true },
        JSON.stringify(paid, (_, value) => String(value)),
      )
      const received = (await payee.received()).filter((each) => each.paymentHash === paymentHash)
      t.deepEqual(received, [{ paymentHash, amountMsat }])
      let ourShare = 0n
      for (const channelId of incoming) ourShare += (await stage.settled(us, payer, channelId)).oursMsat
      t.is(ourShare, amountMsat + (paid.ok ? paid.feeMsat : 0n))
      // It may not round as we do, and pay a millisatoshi more for each part.
      t.true(ourShare >= amountMsat + 2_000n + (amountMsat * 100n) / 1_000_000n - 2n)
      t.is((await stage.settled(us, payee, outgoing.channelId)).oursMsat, 4_000_000_000n - amountMsat)
    },
  })),
  {
    title: 'each finds the other behind us by announced channels, and sends it a keysend — the fees are ours',
    role: 'we',
    needs: ['announced-opening', 'keysend'],
    besideNeeds: ['announced-opening', 'keysend'],
    async run(stage) {
      const { t } = stage
      const { us, near, far } = await between(stage, 'announced')
      const amountMsat = 30_000_001n
      for (const [payer, payee] of both(near, far)) {
        const paid = await payer.peer.keysend(payee.peer.nodeId, amountMsat)
        t.like(
          paid,
          { ok: true, feeMsat: ourFee(amountMsat) },
          JSON.stringify(paid, (_, value) => String(value)),
        )
      }
      t.is(await gained(stage, us, [near, far]), 2n * ourFee(amountMsat))
    },
  },
  {
    title: 'we change our fees again and again while each pays the other by announced channels — all payments arrive',
    role: 'we',
    needs: ['announced-opening'],
    besideNeeds: ['announced-opening'],
    async run(stage) {
      const { t } = stage
      const { us, near, far } = await between(stage, 'announced')
      let fees = 0n
      for (let round = 1; round <= 4; round++) {
        const policy = { feeBaseMsat: BigInt(round) * 3_000n, feeProportionalMillionths: round * 500 }
        for (const { channelId } of [near, far]) await us.ask('channels', 'setRelayFees', { channelId, ...policy })
        for (const [payer, payee] of both(near, far)) {
          const { bolt11 } = await payee.peer.createInvoice({ amountMsat: 20_000_000n })
          const paid = await payer.peer.pay(bolt11)
          t.like(
            paid,
            { ok: true },
            JSON.stringify(paid, (_, value) => String(value)),
          )
          fees += paid.ok ? paid.feeMsat : 0n
        }
      }
      t.is(await gained(stage, us, [near, far]), fees)
    },
  },
  {
    title:
      'the payee behind us does not know the payment, is away, or has too little on our side — the payer reads why',
    role: 'we',
    needs: ['private-hints', 'failure-names'],
    besideNeeds: ['private-hints', 'restart'],
    async run(stage) {
      const { t } = stage
      const { us, near, far } = await between(stage)
      // It is paid already, and BOLT 4 has the payee say no more than that it does not want it.
      const paid = await invoiceOf(far, 3_000_000n)
      t.is((await us.pay(paid.bolt11)).status, 'settled')
      read(stage, await near.peer.pay(paid.bolt11), UNKNOWN)
      await near.peer.forgetFailures()
      await stage.settled(us, far.peer, far.channelId)
      t.is((await us.pay((await far.peer.createInvoice({ amountMsat: 1_500_000_000n })).bolt11)).status, 'settled')
      read(stage, await near.peer.pay((await invoiceOf(far, 800_000_000n)).bolt11), 'temporary_channel_failure')
      await near.peer.forgetFailures()
      const { bolt11 } = await invoiceOf(far, 4_000_000n)
      const later = await invoiceOf(far, 5_000_000n)
      await far.peer.stop()
      await us.until(async () => (await ours(us, far.channelId)).state === 'offline')
      read(stage, await near.peer.pay(bolt11), 'temporary_channel_failure')
      await near.peer.forgetFailures()
      await far.peer.start()
      await stage.connect(us, far.peer)
      await stage.isUsable(us, far.peer, far.channelId)
      t.like(await near.peer.pay(later.bolt11), { ok: true })
      t.is((await stage.settled(us, near.peer, near.channelId)).oursMsat - HALF, 5_000_000n + ourFee(5_000_000n))
    },
  },
  {
    title:
      'we are killed again and again while they pay each other through us — each payment is whole, and the fees are ours',
    role: 'we',
    needs: ['private-hints'],
    besideNeeds: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { process: node, us } = await stage.process('us')
      const { near, far } = await channelsWithBoth(stage, us)
      const paying = crossfire(stage, near, far)
      for (let i = 0; i < 6; i++) {
        const before = paying.paid.size
        await node.until('payments go on', () => paying.paid.size >= before + 6)
        await node.kill()
        await node.start()
        for (const { peer, channelId } of [near, far]) await stage.isUsable(us, peer, channelId)
      }
      await paying.stop()
      const gain = await gained(stage, us, [near, far])
      let arrived: ReadonlyMap<string, bigint> = new Map()
      await stage.until(`what arrived has brought us ${gain}`, async () => {
        arrived = await paying.arrived()
        return [...arrived.values()].reduce((sum, amountMsat) => sum + ourFee(amountMsat), 0n) === gain
      })
      t.deepEqual(
        [...paying.paid].filter((paymentHash) => !arrived.has(paymentHash)),
        [],
      )
      t.deepEqual(us.payloads('channel.closing'), [])
    },
  },
  {
    title:
      'the payee behind us holds a payment while we are killed — the payer gets its preimage, or reads its failure',
    role: 'we',
    needs: ['private-hints'],
    besideNeeds: ['private-hints', 'hold'],
    async run(stage) {
      const { t } = stage
      const { process: node, us } = await stage.process('us')
      const { near, far } = await channelsWithBoth(stage, us)
      const amountMsat = 50_000_000n
      for (const settles of [true, false]) {
        const { bolt11, paymentHash } = await invoiceOf(far, amountMsat, true)
        const paying = near.peer.pay(bolt11)
        await stage.until('it holds the payment', () => far.peer.isHeld(paymentHash))
        await node.kill()
        if (settles) await far.peer.settleHeld(paymentHash)
        else await far.peer.failHeld(paymentHash)
        await node.start()
        if (settles) t.like(await paying, { ok: true, feeMsat: ourFee(amountMsat) })
        else read(stage, await paying, UNKNOWN)
        t.is(await gained(stage, us, [near, far]), ourFee(amountMsat))
      }
    },
  },
  {
    title:
      'the payee behind us goes away with a payment until that expires — we take it back on the chain, and the payer reads it and pays on',
    role: 'we',
    needs: ['private-hints'],
    besideNeeds: ['private-hints', 'hold', 'restart'],
    async run(stage) {
      const { t } = stage
      const { us, near, far } = await between(stage)
      const { bolt11, paymentHash } = await invoiceOf(far, 60_000_000n, true)
      const paying = near.peer.pay(bolt11)
      await stage.until('it holds the payment', () => far.peer.isHeld(paymentHash))
      await far.peer.stop()
      await stage.mineUntil('our own close', async () => (await ours(us, far.channelId)).state === 'closing')
      let outcome: Awaited<typeof paying> | undefined
      void paying.then((each) => {
        outcome = each
      })
      await stage.mineUntil('the end of the payment', async () => outcome !== undefined)
      t.false(outcome?.ok)
      if (stage.can('failure-names')) t.like(outcome, { failures: ['permanent_channel_failure'] })
      t.is((await stage.settled(us, near.peer, near.channelId)).oursMsat, HALF)
      t.is((await ours(us, far.channelId)).closeKind, 'local-force')
      t.like(await near.peer.pay(await us.invoice(7_000_000n)), { ok: true })
      t.is((await theirs(near.peer, near.channelId)).isUsable, true)
    },
  },
  {
    title:
      'we pay another implementation over the peer, in one part, in several and by keysend, and are paid — by what gossip tells',
    role: 'peer',
    needs: ['announced-opening', 'keysend'],
    besideNeeds: ['announced-opening', 'keysend'],
    async run(stage) {
      const { t } = stage
      const { us, peer, other, channelId } = await overThePeer(stage)
      const { bolt11 } = await other.createInvoice({ amountMsat: 400_000_000n })
      await stage.until('we know the way', async () => {
        const answer = await us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
        if (!answer.ok) t.true(['no-route', 'already-paid'].includes(answer.error.code), JSON.stringify(answer.error))
        return answer.ok
      })
      const { payment } = await us.ask('payments', 'keysend', { destination: other.nodeId, amountMsat: 5_000_001n })
      t.like(payment, { status: 'settled' })
      t.like(await other.pay(await us.invoice(100_000_000n)), { ok: true })
      t.like(await other.keysend(us.id, 6_000_001n), { ok: true })
      const before = (await stage.settled(us, peer, channelId)).oursMsat
      const known = await other.createInvoice({ amountMsat: 2_000_000n })
      t.is((await us.pay(known.bolt11)).status, 'settled')
      t.is((await us.ask('payments', 'list', {})).items[0]?.parts[0]?.route.at(-1), other.nodeId)
      t.true((await stage.settled(us, peer, channelId)).oursMsat < before - 2_000_000n)
    },
  },
])
