import test from 'ava'
import { channelOf, Network, untilInFlight, untilQuiet, untilUsable } from '../support/network.ts'
import type { NodeProcess } from '../support/node-process.ts'
import { assertMirrored } from '../support/reconcile.ts'
import { waitFor } from '../support/wait-for.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { type BitcoindRig, bitcoindRig, type MinedTx, minedTx } from './support/bitcoind-rig.ts'
import { claimWithPreimage } from './support/dead-node.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const FUNDED = 20_000_000n
const CAPACITY = 5_000_000n
const HALF_MSAT = (CAPACITY / 2n) * 1000n
const ANCHOR = 330n
const SELF_DELAY = 720
const DEEP = 6
const RELAY_DELTA = 80
/** Blocks until the HTLCs expire that nobody will settle. */
const EXPIRY = 30

const TIMED_OUT = 30_000_000n
const TRIMMED = 100_000n
const TAKEN_BY_PEER = 40_000_000n
const TAKEN_BY_US = 50_000_000n
const LEFT_TO_PEER = 60_000_000n

/** An invoice of which one part is paid is held by its maker, who waits for the rest. */
const partOf = async (maker: NodeProcess, amountMsat: bigint) => {
  const { invoice } = await maker.ask('invoices', 'create', { amountMsat: amountMsat * 2n, description: 'two parts' })
  const { paymentHash, paymentSecret } = invoice
  return { paymentHash, paymentSecret, totalAmountMsat: amountMsat * 2n }
}

real(
  'a close by us alone with HTLCs under way both ways — every claim is mined, every satoshi is accounted for',
  async (t) => {
    t.timeout(280_000)
    const chain = await bitcoindRig()
    const network = new Network(chain)
    network.endWith(t)
    const [alice, bob, dave] = [await network.node('alice'), await network.node('bob'), await network.node('dave')]
    await network.fund(alice, FUNDED)
    await network.fund(bob, FUNDED)
    const upstream = await network.open(alice, bob, CAPACITY, HALF_MSAT)
    const closing = await network.open(bob, dave, CAPACITY, HALF_MSAT)
    const toBob = (await channelOf(alice, upstream)).shortChannelId
    const toDave = (await channelOf(bob, closing)).shortChannelId
    const hop = (node: NodeProcess, shortChannelId: unknown, amountMsat: bigint, cltvExpiryDelta = EXPIRY) => ({
      nodeId: node.id,
      shortChannelId,
      amountMsat,
      cltvExpiryDelta,
    })
    const send = (from: NodeProcess, request: object) => {
      const answer = from.tryAsk('payments', 'sendToRoute', request, { timeoutMs: 250_000 })
      // The answer is looked at when its time has come, if the node still lives then.
      answer.catch(() => {})
      return answer
    }

    // Bob has offered three to Dave, one of them for Alice and one too small for an output; Dave has offered two to Bob.
    const timedOut = send(bob, { ...(await partOf(dave, TIMED_OUT)), route: [hop(dave, toDave, TIMED_OUT)] })
    const trimmed = send(bob, { ...(await partOf(dave, TRIMMED)), route: [hop(dave, toDave, TRIMMED)] })
    const relayed = await partOf(dave, TAKEN_BY_PEER)
    const relayFee = 1_000n + TAKEN_BY_PEER / 10_000n
    const taken = send(alice, {
      ...relayed,
      route: [
        hop(bob, toBob, TAKEN_BY_PEER + relayFee, EXPIRY + RELAY_DELTA),
        hop(dave, toDave, TAKEN_BY_PEER, EXPIRY),
      ],
    })
    const received = await partOf(bob, TAKEN_BY_US)
    send(dave, { ...received, route: [hop(bob, toDave, TAKEN_BY_US)] })
    send(dave, { ...(await partOf(bob, LEFT_TO_PEER)), route: [hop(bob, toDave, LEFT_TO_PEER)] })
    await untilInFlight(closing, 5, bob, dave)
    await dave.kill()

    // The other part of the invoice comes from elsewhere: now Bob has the preimage of an HTLC whose peer is gone.
    const completed = await alice.ask('payments', 'sendToRoute', { ...received, route: [hop(bob, toBob, TAKEN_BY_US)] })
    t.is(completed.payment.status, 'settled')
    const before = await channelOf(bob, closing)
    const { txid: commitment } = await bob.ask('channels', 'forceClose', { channelId: closing })
    await network.untilInMempool(commitment)
    await network.mine(1)

    // Whatever is under way on the chain goes on where it was after a crash.
    await bob.kill()
    await bob.start()
    const output = outputOf(chain, commitment)
    const success = await untilSpent(chain, commitment, await output(TAKEN_BY_US))
    const peerClaim = await claimWithPreimage(dave, commitment, relayed.paymentHash)
    const peerTxid = await chain.submit(peerClaim.hex)
    await network.mine(1)
    const settled = await taken
    t.true(
      settled.ok && settled.value.payment.preimage === peerClaim.preimage,
      'the preimage on the chain goes upstream',
    )

    await network.mine(EXPIRY)
    const timeout = await untilSpent(chain, commitment, await output(TIMED_OUT))
    await network.mine(1)
    await bob.kill()
    await bob.start()
    await network.mine(DEEP)
    for (const { paymentHash } of await failedPayments(bob, 2)) {
      const { payment } = await bob.ask('payments', 'get', { paymentHash })
      t.is(payment.failure?.code, 'timed-out-on-chain')
    }
    // Both were asked of a process that has been killed since.
    await t.throwsAsync(timedOut)
    await t.throwsAsync(trimmed)

    const ours = before.localMsat / 1000n
    const toLocal = await output((amountSat) => amountSat > ours - 20_000n && amountSat < ours)
    for (const [txid, index] of [
      [commitment, toLocal],
      [success, 0],
      [timeout, 0],
    ] as const) {
      const { height } = minedTx(await chain.minedTxs(), txid)
      const tip = (await bob.ask('node', 'getInfo', {})).blockHeight
      const wait = height + SELF_DELAY - 1 - tip
      if (wait > 0) await network.mine(wait)
      await untilSpent(chain, txid, index)
      await network.mine(1)
    }
    await network.mine(DEEP)
    await bob.until('the channel is closed', () => bob.payloads('channel.closed').length === 1)
    t.is(bob.payloads('channel.closed')[0]?.kind, 'local-force')

    // On the chain: what Bob put in, less all fees, less what is Dave's.
    const txs = await chain.minedTxs()
    const funding = before.fundings[0]?.txid as string
    const bobs = descendants(txs, funding).filter(({ txid }) => txid !== peerTxid)
    const fees = bobs.reduce((sum, { feeSat }) => sum + feeSat, 0n)
    const { outputsSat } = minedTx(txs, commitment)
    const toRemote = before.remoteMsat / 1000n
    const spentByBob = (index: number): boolean =>
      bobs.some(({ inputs }) => inputs.some((input) => input.txid === commitment && input.outputIndex === index))
    const anchors = outputsSat.flatMap((amountSat, index) => (amountSat === ANCHOR ? [spentByBob(index)] : []))
    t.is(anchors.length, 2)
    t.deepEqual(
      [...outputsSat].filter((_, index) => index !== toLocal).sort(ascending),
      [
        ANCHOR,
        ANCHOR,
        toRemote,
        ...[TIMED_OUT, TAKEN_BY_PEER, TAKEN_BY_US, LEFT_TO_PEER].map((msat) => msat / 1000n),
      ].sort(ascending),
      'one output for each HTLC but the trimmed one',
    )
    const davesSat = toRemote + (TAKEN_BY_PEER + LEFT_TO_PEER) / 1000n
    const anchorsLeft = BigInt(anchors.filter((spent) => !spent).length) * ANCHOR
    const { confirmedSat, unconfirmedSat } = await bob.ask('wallet', 'balance', {})
    t.is(confirmedSat, FUNDED - fees - davesSat - anchorsLeft)
    t.is(unconfirmedSat, 0n)

    // Off the chain: what Alice paid for the relay and for the invoice is Bob's.
    await untilUsable(upstream, alice, bob)
    await untilQuiet(alice, bob)
    const { alice: alices } = await assertMirrored(t, upstream, alice, bob)
    t.is(alices, HALF_MSAT - (TAKEN_BY_PEER + relayFee) - TAKEN_BY_US)
    t.is(bob.payloads('payment.relayed').length, 1)
    t.is(bob.payloads('payment.received').length, 1)
  },
)

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Finds an output of a mined transaction by its amount. */
const outputOf =
  (chain: BitcoindRig, txid: string) =>
  async (wanted: bigint | ((amountSat: bigint) => boolean)): Promise<number> => {
    const { outputsSat } = minedTx(await chain.minedTxs(), txid)
    const index = outputsSat.findIndex(typeof wanted === 'bigint' ? (sat) => sat === wanted / 1000n : wanted)
    if (index < 0) throw new Error(`${txid} has no such output: ${outputsSat.join(', ')}`)
    return index
  }

/** Waits until a transaction that spends the output waits for a block; gives its id. */
const untilSpent = async (chain: BitcoindRig, txid: string, outputIndex: number): Promise<string> => {
  let spender: string | undefined
  await waitFor(`${txid}:${outputIndex} is spent`, async () => {
    spender = await chain.waitingSpender(txid, outputIndex)
    return spender !== undefined
  })
  return spender as string
}

/** The transaction and all that spend its outputs, and theirs. */
const descendants = (txs: readonly MinedTx[], txid: string): readonly MinedTx[] => {
  const found = [minedTx(txs, txid)]
  for (const parent of found) {
    for (const tx of txs) {
      if (!found.includes(tx) && tx.inputs.some((input) => input.txid === parent.txid)) found.push(tx)
    }
  }
  return found
}

const failedPayments = async (node: NodeProcess, count: number) => {
  await node.until(`${count} of its payments have failed`, () => node.payloads('payment.failed').length === count)
  return node.payloads('payment.failed')
}
