import type { Peer } from '../drivers/driver.ts'
import { changeNext, holdFrom } from '../stage/message-tap.ts'
import { type OurNode, ours, type Stage } from '../stage/stage.ts'
import { aliasOf, beyondUs, read, throughThePeer, throughUs } from './relay-cast.ts'
import { group } from './scenario.ts'

/** No smaller HTLC reaches the node that asks for this as it accepts a channel. */
const MINIMUM_MSAT = 1_000_000n
const BELOW_MINIMUM_MSAT = 500_000n
/** BOLT 4: an HTLC that expires later than this many blocks from now is not relayed. */
const FARTHEST = 2_016
/** Of the hint in what `beyondUs` makes. */
const HINTED_DELTA = 144

/** What this node asks of the one that opens the next channel to it. No setting of our nodes does. */
const asksForMinimum = (opener: string): void =>
  changeNext(opener, 'accept_channel', (message) => ({ ...message, htlcMinimumMsat: MINIMUM_MSAT }))

/** The payer has read the refusal, and its channel with us is as good as before: its next payment arrives. */
const isRefused = async (
  stage: Stage,
  { us, alice, incoming }: { readonly us: OurNode & Invoicing; readonly alice: Peer; readonly incoming: string },
  invoice: string,
  failure: string,
): Promise<void> => {
  const { t } = stage
  read(stage, await alice.pay(invoice), failure)
  // Some payers try once more.
  t.true(us.payloads('payment.relay-failed').some(({ code }) => code === failure.replaceAll('_', '-')))
  // All know the same blocks again.
  await stage.mine(1)
  const before = (await stage.settled(us, alice, incoming)).oursMsat
  await alice.forgetFailures()
  t.like(await alice.pay(await us.invoice(7_000_000n)), { ok: true })
  t.is((await stage.settled(us, alice, incoming)).oursMsat, before + 7_000_000n)
  t.deepEqual(us.payloads('channel.errored'), [])
}

interface Invoicing {
  invoice(amountMsat: bigint): Promise<string>
}

type Through = Awaited<ReturnType<typeof throughThePeer>>

/** What becomes of 30,000 sat to our second node over the peer, and of what is changed about that. */
const sendThrough = async (
  { us, them, peer, first, second, remotePolicy }: Through,
  change: { readonly delivered?: bigint; readonly finalDelta?: number } = {},
): Promise<string> => {
  const { delivered = 30_000_000n, finalDelta = 60 } = change
  const { shortChannelId: toPeer = '' } = await ours(us, first)
  const { remoteAlias: toThem = '' } = await ours(them, second)
  const fee = remotePolicy.feeBaseMsat + (delivered * BigInt(remotePolicy.feeProportionalMillionths)) / 1_000_000n
  const { invoice } = await them.ask('invoices', 'create', { amountMsat: delivered })
  // On regtest some ask for fewer blocks than we would begin with.
  const relayDelta = Math.max(remotePolicy.cltvExpiryDelta, 40)
  const answer = await us.tryAsk('payments', 'sendToRoute', {
    paymentHash: invoice.paymentHash,
    paymentSecret: invoice.paymentSecret,
    route: [
      {
        nodeId: peer.nodeId,
        shortChannelId: toPeer,
        amountMsat: delivered + fee,
        cltvExpiryDelta: finalDelta + relayDelta,
      },
      { nodeId: them.id, shortChannelId: toThem, amountMsat: delivered, cltvExpiryDelta: finalDelta },
    ],
  })
  if (answer.ok) return 'settled'
  const { failure } = answer.error.details as { failure?: { code: string; erringNode: string } }
  return `${failure?.code} of ${failure?.erringNode === peer.nodeId ? 'the peer' : failure?.erringNode}`
}

/** We have read the refusal, and the same channels carry the next payment. */
const goesOn = async (stage: Stage, through: Through): Promise<void> => {
  const { t } = stage
  t.is(await sendThrough(through), 'settled')
  t.is((await stage.settled(through.them, through.peer, through.second)).oursMsat, 30_000_000n)
  t.deepEqual(through.us.payloads('channel.errored'), [])
}

export const refusing = group('Relays', [
  {
    title: 'the peer wants us to relay less than the next channel takes — it reads amount_below_minimum, and pays on',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const alice = await stage.peer()
      const [us, them] = [await stage.node('us'), await stage.node('them')]
      await stage.connect(us, alice)
      const incoming = await stage.openFrom(alice, us)
      asksForMinimum(us.id)
      const { aliases, localPolicy } = await ours(us, await stage.openBetween(us, them))
      stage.t.is(localPolicy.htlcMinimumMsat, MINIMUM_MSAT)
      const invoice = beyondUs(us, { shortChannelId: aliasOf(aliases) }, { amountMsat: BELOW_MINIMUM_MSAT })
      await isRefused(stage, { us, alice, incoming }, invoice, 'amount_below_minimum')
    },
  },
  {
    title: 'what the peer wants us to relay reaches us many blocks late — it reads expiry_too_soon, and pays on',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const all = await throughUs(stage)
      const { us, alice, outgoing } = all
      const { aliases } = await ours(us, outgoing)
      // Payers add some blocks to what an invoice asks for: only its HTLC tells when the next one would expire.
      const held = holdFrom(alice.nodeId, 'update_add_htlc')
      const late = held.then(async ({ message, letGo }) => {
        const { blockHeight } = await us.ask('node', 'getInfo', {})
        const height = await stage.ground.mine(message.cltvExpiry - HINTED_DELTA - blockHeight - 3)
        await us.until(async () => (await us.ask('node', 'getInfo', {})).blockHeight >= height)
        letGo()
      })
      const invoice = beyondUs(us, { shortChannelId: aliasOf(aliases), cltvExpiryDelta: HINTED_DELTA })
      await isRefused(stage, all, invoice, 'expiry_too_soon')
      await late
    },
  },
  {
    title: 'the peer wants us to relay what expires in more than two weeks — it reads expiry_too_far, and pays on',
    role: 'we',
    needs: ['failure-names', 'pays-far-ahead'],
    ownPeers: true,
    async run(stage) {
      const all = await throughUs(stage)
      const { us, alice, incoming, outgoing } = all
      await alice.setMaxExpiryDelta(2 * FARTHEST)
      await stage.isUsable(us, alice, incoming)
      const { aliases } = await ours(us, outgoing)
      const invoice = beyondUs(us, { shortChannelId: aliasOf(aliases) }, { minFinalCltvExpiryDelta: FARTHEST + 100 })
      await isRefused(stage, all, invoice, 'expiry_too_far')
    },
  },
  {
    title: 'the peer wants us to relay over a channel that we have closed — it reads channel_disabled, and pays on',
    role: 'we',
    needs: ['failure-names'],
    async run(stage) {
      const all = await throughUs(stage)
      const { us, outgoing } = all
      const { aliases } = await ours(us, outgoing)
      await us.ask('channels', 'close', { channelId: outgoing })
      await us.until(async () => us.payloads('channel.closing').length > 0)
      await isRefused(stage, all, beyondUs(us, { shortChannelId: aliasOf(aliases) }), 'channel_disabled')
    },
  },
  {
    title: 'we want the peer to relay less than the next node takes — we read its amount_below_minimum, and pay on',
    role: 'peer',
    async run(stage) {
      asksForMinimum((await stage.peer()).nodeId)
      const through = await throughThePeer(stage)
      const answer = await sendThrough(through, { delivered: BELOW_MINIMUM_MSAT })
      stage.t.is(answer, 'amount-below-minimum of the peer')
      await goesOn(stage, through)
    },
  },
  {
    title: 'what we want the peer to relay expires on its way — we read its expiry_too_soon, and pay on',
    role: 'peer',
    async run(stage) {
      const through = await throughThePeer(stage)
      // The peer does not relay it before both commitments have it.
      const held = holdFrom(through.peer.nodeId, 'revoke_and_ack')
      const answer = sendThrough(through, { finalDelta: 1 })
      const { letGo } = await held
      await stage.mine(2)
      letGo()
      stage.t.is(await answer, 'expiry-too-soon of the peer')
      await goesOn(stage, through)
    },
  },
  {
    title: 'we want the peer to relay what expires later than it allows — we read its expiry_too_far, and pay on',
    role: 'peer',
    needs: ['relay-expiry'],
    ownPeers: true,
    async run(stage) {
      const through = await throughThePeer(stage)
      const { us, them, peer, first, second } = through
      await peer.setMaxExpiryDelta(1_000)
      await stage.isUsable(us, peer, first)
      await stage.isUsable(them, peer, second)
      stage.t.is(await sendThrough(through, { finalDelta: 1_500 }), 'expiry-too-far of the peer')
      await goesOn(stage, through)
    },
  },
  {
    title: 'we want the peer to relay to one that is away — we read that this channel is of no use now, and pay later',
    role: 'peer',
    async run(stage) {
      const through = await throughThePeer(stage)
      const { them, peer, second } = through
      await them.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await stage.until('the peer sees that it is away', async () => !(await peer.isConnected(them.id)))
      const answer = await sendThrough(through)
      // BOLT 4 leaves to the relay which of these it takes for a next node that it does not reach.
      const allowed = ['channel-disabled', 'temporary-channel-failure', 'unknown-next-peer']
      stage.t.true(
        allowed.some((code) => answer === `${code} of the peer`),
        answer,
      )
      stage.t.log(`the peer answered ${answer}`)
      await stage.connect(them, peer)
      await stage.isUsable(them, peer, second)
      await goesOn(stage, through)
    },
  },
])
