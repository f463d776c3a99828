import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { fundingTransaction } from '../../core/src/channel/transitions/fixtures/test-party.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { compareBytes, fromHex, utf8Decode, utf8Encode } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { parseShortChannelId, type ShortChannelId } from '../../core/src/lib/ids.ts'
import { CHAIN_HASH, nodeOf } from '../../core/src/node/connection/fixtures/raw-peer.ts'
import { channelUpdateDigest } from '../../core/src/wire/channel-update-digest.ts'
import type { ChannelUpdate } from '../../core/src/wire/messages/gossip.ts'
import { type Habit, hangsUpAbout, nameIn, ScriptedPeer } from './support/scripted-peer.ts'
import { type TestNode, type TestNodeOptions, World } from './support/world.ts'

/** The peer's key is made of it. */
const PEER = 77

interface Pair {
  readonly world: World
  readonly alice: TestNode
  readonly peer: ScriptedPeer
  readonly healthy: string
  readonly sick: string
}

const openTo = async (world: World, alice: TestNode, peer: ScriptedPeer): Promise<string> => {
  const { channelId } = await alice.ask('channels', 'open', {
    nodeId: peer.id,
    fundingSat: 1_000_000n,
    pushMsat: 300_000_000n,
  })
  await world.mine(6)
  peer.confirm(channelId)
  await alice.until(() => alice.isUsable(channelId))
  return channelId
}

const setUp = async (t: ExecutionContext, options: TestNodeOptions = {}): Promise<Pair> => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', options)
  await alice.faucet(10_000_000n)
  const peer = new ScriptedPeer(alice, PEER)
  await peer.connect()
  await alice.until(async () => alice.payloads('peer.connected').length === 1)
  const healthy = await openTo(world, alice, peer)
  const sick = await openTo(world, alice, peer)
  return { world, alice, peer, healthy, sick }
}

const drops = (alice: TestNode): number => alice.payloads('peer.disconnected').length

const reconnect = async ({ alice, peer, healthy, sick }: Pair): Promise<void> => {
  await peer.disconnect()
  await alice.until(async () => !(await alice.isUsable(healthy)))
  await peer.connect({ silentAbout: [sick] })
}

const payAll = async (t: ExecutionContext, { alice, peer }: Pair, count: number): Promise<void> => {
  for (let n = 0; n < count; n++) t.is((await alice.pay(peer.invoice(1_000_000n))).status, 'settled')
}

const outcomeOf = async (alice: TestNode, invoice: string): Promise<string> => {
  const answer = await alice.tryAsk('payments', 'payInvoice', { invoice })
  return answer.ok ? (answer.value as ReplyOf<'payments', 'payInvoice'>).payment.status : answer.error.code
}

/** Ways in which a channel is sick, of peers as they are. */
const FORMS: readonly (readonly [name: string, fallSick: (pair: Pair) => Promise<void>])[] = [
  [
    'force-closed, and the peer hangs up at any word about it',
    async ({ alice, peer, sick }) => {
      await alice.ask('channels', 'forceClose', { channelId: sick })
      await peer.until(() => peer.received.some((message) => message.type === 'error' && nameIn(message) === sick))
      peer.habits.push(hangsUpAbout(peer, sick))
    },
  ],
  [
    'closed together, mined and not yet deep, and the peer hangs up at any word about it',
    async ({ world, alice, peer, sick }) => {
      await alice.ask('channels', 'close', { channelId: sick })
      await alice.until(async () => alice.payloads('channel.close-signed').length > 0)
      await world.mine(1)
      peer.habits.push(hangsUpAbout(peer, sick))
    },
  ],
  [
    'broken off between funding_created and funding_signed, and unknown to the peer',
    async (pair) => {
      const { alice, peer } = pair
      // What the peer would lose by it is ours, so that the node must keep it.
      const party = peer.open(1_000_000n)
      await peer.until(() => party.effects.some(({ type }) => type === 'fund'))
      const fund = party.effects.find((effect) => effect.type === 'fund')
      if (fund?.type !== 'fund') throw new Error('nothing to fund')
      let broken = ''
      peer.habits.push((message) => {
        if (message.type !== 'funding_signed') return false
        broken = nameIn(message) as string
        return true
      })
      const tx = fundingTransaction(fund.script, fund.amount)
      peer.runOf(party, { type: 'funding-created', tx, outputIndex: 1 })
      await peer.until(() => broken !== '')
      peer.forgetParty(party)
      peer.habits.push(hangsUpAbout(peer, broken))
      // The first word about it is one too many, and the last.
      await reconnect(pair)
      await peer.until(() => !peer.isConnected)
      await alice.until(async () => !(await alice.isUsable(pair.healthy)))
      await peer.connect({ silentAbout: [pair.sick] })
      await alice.until(() => alice.isUsable(pair.healthy))
    },
  ],
  [
    'to be closed to a script of no known form, over and over',
    async ({ peer, sick }) => {
      const shutdown = { type: 'shutdown', channelId: fromHex(sick), scriptpubkey: Uint8Array.of(0x51) } as const
      for (let again = 0; again < 60; again++) peer.send(shutdown)
      const warnings = () => peer.received.filter(({ type }) => type === 'warning').length
      await peer.until(() => warnings() === 60)
    },
  ],
  [
    'closed to p2pkh, and then not answered',
    async ({ peer, sick }) => {
      const scriptpubkey = fromHex(`76a914${'11'.repeat(20)}88ac`)
      peer.habits.push((message) => nameIn(message) === sick)
      peer.send({ type: 'shutdown', channelId: fromHex(sick), scriptpubkey })
      await peer.until(() => peer.received.some(({ type }) => type === 'closing_signed'))
    },
  ],
  [
    'one of an HTLC with records of its own that must be understood',
    async ({ peer, sick }) => {
      peer.alter = (message) =>
        message.type === 'update_add_htlc'
          ? { ...message, unknownTlvs: [{ type: 65_536n, value: Uint8Array.of(1) }] }
          : message
      const { paymentHash } = peer.hold()
      peer.run(sick, {
        type: 'add-htlc',
        requestId: 'add',
        amountMsat: 1_000_000n,
        paymentHash,
        cltvExpiry: 1144,
        onion: new Uint8Array(1366),
        origin: { type: 'local', payment: paymentHash },
      })
      peer.run(sick, { type: 'sign' })
      await peer.until(() => peer.received.some(({ type }) => type === 'update_fail_malformed_htlc'))
    },
  ],
  [
    'one that the peer wants to open with records that must be understood',
    async ({ peer }) => {
      peer.alter = (message) =>
        message.type === 'open_channel'
          ? { ...message, unknownTlvs: [{ type: 4n, value: new Uint8Array(66) }] }
          : message
      peer.open(0n)
      await peer.until(() => peer.received.some(({ type }) => type === 'error'))
      const refused = peer.received.find(({ type }) => type === 'error')
      if (refused?.type === 'error' && utf8Decode(refused.data) !== 'unknown records') throw new Error('another error')
    },
  ],
]

/** As Core Lightning where the ranges do not meet: a warning that names the channel, and the end of the connection. */
const hangsUpAtOurFee =
  (peer: ScriptedPeer, channelId: string): Habit =>
  (message) => {
    if (message.type !== 'closing_signed' || nameIn(message) !== channelId) return false
    peer.send({ type: 'warning', channelId: fromHex(channelId), data: utf8Encode('Unable to agree on a feerate') })
    void peer.disconnect()
    return true
  }

test('beside a close at whose fee the peer hangs up — it is not offered again on the next connection, and payments go on', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  const habit = hangsUpAtOurFee(peer, sick)
  peer.habits.push(habit)
  await alice.ask('channels', 'close', { channelId: sick })
  for (let life = 1; life <= 3; life++) {
    await alice.until(async () => drops(alice) === life && !(await alice.isUsable(healthy)))
    await peer.connect()
    await alice.until(() => alice.isUsable(healthy))
    await peer.until(() => peer.party(sick).state.session?.shutdownReceived === true)
    await payAll(t, pair, 5)
    t.is(drops(alice), life)
    // What follows is a connection that ends for another reason.
    if (life < 3) await peer.disconnect()
  }
  // The operator sees it, and what helps.
  const channel = async () => (await alice.ask('channels', 'get', { channelId: sick })).channel
  const { state, rest } = await channel()
  t.is(state, 'closing')
  t.like(rest, { cause: 'closing-fee-refused-by-peer' })
  t.regex(rest?.remedy ?? '', /another feerate, or force the close/)
  t.like(
    alice.payloads('channel.errored').find(({ code }) => code === 'closing-fee-refused-by-peer'),
    { channelId: sick, text: rest?.remedy },
  )
  t.true(
    (await alice.ask('node', 'getInfo', {})).warnings.some((warning) => warning.includes('held back in 1 channel:')),
  )
  peer.habits = []
  await alice.ask('channels', 'close', { channelId: sick, feerate: 2_000 })
  await alice.until(async () => alice.payloads('channel.close-signed').length > 0)
  t.is(drops(alice), 3)
  t.is((await channel()).rest, undefined)
})

test('beside a channel that ends the connection each time it is taken up — it rests, and payments go on', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  // As LND where its own link fails on every new connection.
  peer.habits.push((message) => {
    if (message.type !== 'channel_reestablish' || nameIn(message) !== sick) return false
    peer.send({ type: 'error', channelId: fromHex(sick), data: utf8Encode('internal error') })
    return true
  })
  await peer.disconnect()
  for (const life of [1, 2, 3]) {
    await alice.until(async () => drops(alice) === life && !(await alice.isUsable(healthy)))
    await peer.until(() => !peer.isConnected)
    await peer.connect()
  }
  await alice.until(() => alice.isUsable(healthy))
  await payAll(t, pair, 10)
  t.is(drops(alice), 3)
  const { channel } = await alice.ask('channels', 'get', { channelId: sick })
  t.is(channel.state, 'offline')
  t.like(channel.rest, { cause: 'peer-hangs-up-about-channel' })
})

test('beside a channel of which the peer says what must be understood and is not, on each connection — it rests, and payments go on', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  // A record of the BOLTs, unlike one of the peer's own, cannot be passed over: the connection ends at the HTLC, which is signed and comes again.
  peer.alter = (message) =>
    message.type === 'update_add_htlc' ? { ...message, unknownTlvs: [{ type: 4n, value: Uint8Array.of(1) }] } : message
  const { paymentHash } = peer.hold()
  peer.run(sick, {
    type: 'add-htlc',
    requestId: 'add',
    amountMsat: 1_000_000n,
    paymentHash,
    cltvExpiry: 1144,
    onion: new Uint8Array(1366),
    origin: { type: 'local', payment: paymentHash },
  })
  peer.run(sick, { type: 'sign' })
  for (const life of [1, 2]) {
    await alice.until(async () => drops(alice) === life && !(await alice.isUsable(healthy)))
    await peer.until(() => !peer.isConnected)
    await peer.connect()
  }
  await alice.until(() => alice.isUsable(healthy))
  await payAll(t, pair, 10)
  t.is(drops(alice), 2)
  const { channel } = await alice.ask('channels', 'get', { channelId: sick })
  t.like(channel.rest, { cause: 'peer-hangs-up-about-channel' })
  const warning = peer.received.find(({ type }) => type === 'warning')
  t.is(warning === undefined ? undefined : nameIn(warning), sick)
})

test('beside a channel at which we would have hung up, had the peer not done so in the same breath — it rests', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  await peer.disconnect()
  for (const life of [1, 2]) {
    await alice.until(async () => drops(alice) === life && !(await alice.isUsable(healthy)))
    await peer.connect({ silentAbout: [sick] })
    // Said before channel_reestablish, it ends the connection.
    peer.send({ type: 'shutdown', channelId: fromHex(sick), scriptpubkey: new Uint8Array(22) })
    await peer.disconnect()
  }
  await alice.until(async () => drops(alice) === 3)
  const { channel } = await alice.ask('channels', 'get', { channelId: sick })
  t.like(channel.rest, { cause: 'peer-hangs-up-about-channel' })
  await peer.connect()
  await alice.until(() => alice.isUsable(healthy))
  await payAll(t, pair, 3)
  t.is(drops(alice), 3)
})

test('two channels at which we would have hung up in the same breath as the peer — neither is the cause, and neither rests', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  await peer.disconnect()
  for (const life of [1, 2, 3]) {
    await alice.until(async () => drops(alice) === life && !(await alice.isUsable(healthy)))
    await peer.connect({ silentAbout: [healthy, sick] })
    for (const channelId of [healthy, sick]) {
      peer.send({ type: 'shutdown', channelId: fromHex(channelId), scriptpubkey: new Uint8Array(22) })
    }
    await peer.disconnect()
  }
  await alice.until(async () => drops(alice) === 4)
  for (const channelId of [healthy, sick]) {
    t.is((await alice.ask('channels', 'get', { channelId })).channel.rest, undefined)
  }
  await peer.connect()
  for (const channelId of [healthy, sick]) await alice.until(() => alice.isUsable(channelId))
  await payAll(t, pair, 3)
  t.is(drops(alice), 4)
})

for (const [name, fallSick] of FORMS) {
  test(`beside a channel ${name} — payments in another one go on without a drop`, async (t) => {
    const pair = await setUp(t)
    const { alice, healthy } = pair
    await fallSick(pair)
    const told = alice.payloads('channel.errored').length
    t.true(told <= 2)
    const before = drops(alice)
    await payAll(t, pair, 5)
    t.is(drops(alice), before)
    await reconnect(pair)
    await alice.until(() => alice.isUsable(healthy))
    await payAll(t, pair, 15)
    t.is(drops(alice), before + 1)
    t.true(await alice.isUsable(healthy))
  })
}

test('a channel of the peer’s that was never funded is shown as that', async (t) => {
  const pair = await setUp(t)
  const { alice, peer } = pair
  const party = peer.open(1_000_000n)
  await peer.until(() => party.effects.some(({ type }) => type === 'fund'))
  const fund = party.effects.find((effect) => effect.type === 'fund')
  if (fund?.type !== 'fund') return t.fail()
  peer.runOf(party, {
    type: 'funding-created',
    tx: fundingTransaction(fund.script, fund.amount),
    outputIndex: 1,
  })
  await peer.until(() => peer.received.some(({ type }) => type === 'funding_signed'))
  const signed = peer.received.find(({ type }) => type === 'funding_signed')
  const channelId = signed === undefined ? '' : (nameIn(signed) as string)
  peer.send({ type: 'error', channelId: fromHex(channelId), data: utf8Encode('changed my mind') })
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  t.like(alice.payloads('channel.closing')[0], { channelId, kind: 'never-funded' })
  const { channel } = await alice.ask('channels', 'get', { channelId })
  t.is(channel.closeKind, 'never-funded')
  t.is(channel.fundings[0]?.status, 'unconfirmed')
})

test('twenty graceful restarts of a peer that errs as LND does, under load — no channel is lost, and every payment ends', async (t) => {
  const pair = await setUp(t)
  const { alice, peer, healthy, sick } = pair
  let settled = 0
  for (let restart = 0; restart < 20; restart++) {
    // It stops in the middle of signing, each time at another message.
    let left = 1 + (restart % 7)
    let isBusy = false
    let stopping = false
    peer.habits = [
      (message) => {
        if (stopping) return true
        isBusy ||= message.type === 'update_add_htlc'
        if (!isBusy || (message.type !== 'commitment_signed' && message.type !== 'revoke_and_ack')) return false
        if (--left > 0) return false
        stopping = true
        for (const channelId of [healthy, sick]) {
          peer.send({ type: 'error', channelId: fromHex(channelId), data: utf8Encode('internal error') })
        }
        void peer.disconnect()
        return true
      },
    ]
    const load = async (): Promise<readonly string[]> => {
      const outcomes: string[] = []
      do outcomes.push(await outcomeOf(alice, peer.invoice(1_000_000n)))
      while (!stopping)
      return outcomes
    }
    const payments = Array.from({ length: 8 }, load)
    await peer.until(() => stopping && !peer.isConnected)
    await alice.until(async () => drops(alice) > restart)
    peer.habits = []
    await peer.connect()
    const ended = (await Promise.all(payments)).flat()
    settled += ended.filter((outcome) => outcome === 'settled').length
    t.true(
      ended.every((outcome) => outcome === 'settled' || outcome === 'payment-failed'),
      ended.join(),
    )
    for (const channelId of [healthy, sick]) await alice.until(() => alice.isUsable(channelId))
  }
  t.deepEqual(alice.payloads('channel.closing'), [])
  t.true(alice.payloads('channel.errored').some(({ code }) => code === 'peer-error-forborne'))
  t.true(settled >= 20)
  const { items } = await alice.ask('channels', 'list', {})
  const received = items.reduce((sum, { remoteMsat }) => sum + remoteMsat, 0n) - 600_000_000n
  t.is(received, BigInt(settled) * 1_000_000n)
})

test('a peer that says its relay fees without end — the first are taken, and payments go on', async (t) => {
  // What is rationed by time stands still as long as the peer talks, however long this machine takes.
  let stoppedAt: number | undefined
  const pair = await setUp(t, { monotonic: () => stoppedAt ?? systemClock.monotonic() })
  const { alice, peer, healthy } = pair
  const ready = alice.payloads('channel.ready').find(({ channelId }) => channelId === healthy)
  const shortChannelId = parseShortChannelId(String(ready?.shortChannelId)) ?? 0n
  const policy = async () =>
    (await alice.ask('channels', 'list', {})).items.find(({ channelId }) => channelId === healthy)?.remotePolicy
  stoppedAt = systemClock.monotonic()
  for (let n = 1; n <= 500; n++) peer.send(relayFees(peer, alice, shortChannelId, n))
  await payAll(t, pair, 3)
  t.is((await policy())?.feeBaseMsat, 20n)
  t.is(drops(alice), 0)
})

/** The peer's policy number `n` for its end of a channel. */
const relayFees = (peer: ScriptedPeer, node: TestNode, shortChannelId: ShortChannelId, n: number): ChannelUpdate => {
  const update: ChannelUpdate = {
    type: 'channel_update',
    signature: new Uint8Array(64),
    chainHash: CHAIN_HASH,
    shortChannelId,
    timestamp: 1_700_000_000 + n,
    messageFlags: 1,
    channelFlags: compareBytes(peer.nodeId, node.node.nodeId) < 0 ? 0 : 1,
    cltvExpiryDelta: 40,
    htlcMinimumMsat: 1n,
    feeBaseMsat: n,
    feeProportionalMillionths: 1,
    htlcMaximumMsat: 1_000_000n,
  }
  return { ...update, signature: secp256k1.sign(channelUpdateDigest(update), nodeOf(PEER).privateKey) }
}
