import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { displayTxid, encodeTx, parseTxid, type Tx, txidOf } from '../../core/src/bitcoin/transaction.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { concat, fromHex, toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import type { OutPoint, Preimage } from '../../core/src/lib/ids.ts'
import { readInvoice } from '../../core/src/node/payment/receiver-actor.ts'
import { TestNode } from '../scenarios/support/world.ts'
import { BadCopy, COIN_SAT, COIN_SCRIPT } from '../support/bad-copy.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { BitcoindChain } from './support/bitcoind-chain.ts'
import { bitcoindRig } from './support/bitcoind-rig.ts'
import { RecordedStates } from './support/recorded-states.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const PAYMENTS = 50
// FULGURITE_CHEATS=150 cheats about once at every commitment of the history: each needs a channel of its own.
const CHEATS = Number(process.env.FULGURITE_CHEATS ?? 8)

const CAPACITY = 500_000n
const ANCHOR = 330n
/** What commitments, anchors and penalties may cost of the channels. */
const COSTS_PERCENT = 4n
/** Payments under way at the same time. */
const AT_ONCE = 5
const EXPIRY = 30
/** Of an HTLC that is alive when its commitment is published. */
const LONG_EXPIRY = 300
/** For each cheat, what pays for an HTLC transaction. */
const COINS = 4
const MOST_UNCONFIRMED = 20
/** What the honest node's penalties pay at first, and then, in satoshis per 1000 weight units. */
const CHEAP = 500
const DEARER = 1_500
/** Mined before anything is published: HTLCs of the history have expired by then. */
const LATER = 60
const OPENED_AT_ONCE = 4
const MAX_BLOCKS = 400

/** How the cheater goes about its HTLCs: before the other side is back or not, each by itself or several in one transaction. */
interface Way {
  readonly when: 'alone' | 'racing' | 'late'
  readonly together: boolean
}

const wayOf = (at: number): Way => ({
  when: (['alone', 'racing', 'late'] as const)[at % 3] ?? 'late',
  together: at % 2 === 1,
})

real(
  `BOLT 5, revoked transaction close — who publishes what it has revoked ends with nothing: at ${CHEATS} heights of ${PAYMENTS} payments, on bitcoind`,
  async (t) => {
    t.timeout(290_000 + CHEATS * 10_000)
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-cheating-'))
    const rig = await bitcoindRig()
    const chain = new BitcoindChain(rig)
    const states = new RecordedStates()
    let rate = CHEAP
    const path = (name: string): string => join(folder, `${name}.sqlite`)
    const cheater = new TestNode(chain, 'cheater', {
      path: path('cheater'),
      storing: (store) => states.recording(store),
    })
    const honest = new TestNode(chain, 'honest', {
      path: path('honest'),
      backend: (backend) => ({ ...backend, estimateFeerate: () => rate }),
    })
    t.teardown(async () => {
      for (const node of [honest, cheater]) await node.stop()
      await rig.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    for (const node of [honest, cheater]) {
      await node.start()
      chain.nodes.push(node)
    }
    for (let i = 1; i <= CHEATS * COINS; i++) {
      await chain.pay(COIN_SCRIPT, COIN_SAT)
      // Each spends the change of the one before it.
      if (i % MOST_UNCONFIRMED === 0) await chain.mine(1)
    }
    await honest.faucet(1_000_000n)
    await cheater.faucet(BigInt(CHEATS + 1) * CAPACITY)
    await cheater.connectTo(honest)

    const channels: string[] = []
    for (let i = 0; i < CHEATS; i++) {
      const request = { nodeId: honest.id, fundingSat: CAPACITY, pushMsat: (CAPACITY / 2n) * 1000n }
      channels.push((await cheater.ask('channels', 'open', request)).channelId)
      if (i % OPENED_AT_ONCE === OPENED_AT_ONCE - 1 || i === CHEATS - 1) await chain.mine(6)
    }
    for (const channelId of channels) {
      for (const node of [honest, cheater]) await node.until(() => node.isUsable(channelId))
    }

    const half = sha256(utf8Encode('cheater'))
    const seed = concat(half, sha256(half))
    // What the cheater knows: the preimages of its own invoices.
    const preimages = new Map<string, Preimage>()
    /** How it goes: most are paid, some are refused, and some wait for another part of theirs. */
    type Fate = 'paid' | 'refused' | 'held'
    const pay = async (from: TestNode, to: TestNode, shortChannelId: unknown, amountMsat: bigint, fate: Fate) => {
      const { invoice } = await to.ask('invoices', 'create', { amountMsat, description: '' })
      const { paymentHash, paymentSecret } = invoice
      const made = to === cheater ? await readInvoice(to.store, fromHex(paymentHash)) : undefined
      if (made?.preimage !== undefined) preimages.set(paymentHash, made.preimage)
      const part = fate === 'held' ? amountMsat / 2n : amountMsat
      const cltvExpiryDelta = fate === 'held' ? LONG_EXPIRY : EXPIRY
      const route = [{ nodeId: to.id, shortChannelId, amountMsat: part, cltvExpiryDelta }]
      return from.tryAsk('payments', 'sendToRoute', {
        paymentHash,
        paymentSecret: fate === 'refused' ? '11'.repeat(32) : paymentSecret,
        totalAmountMsat: amountMsat,
        route,
      })
    }
    /** The history of a channel, and a copy of a state that the cheater had in it: at rest, or with HTLCs in one stage or another. */
    const playHistory = async (channelId: string, at: number): Promise<BadCopy> => {
      const { shortChannelId } = (await cheater.ask('channels', 'get', { channelId })).channel
      const one = (i: number, fate: Fate) => {
        const isDust = i % 7 === 3
        const amountMsat = isDust ? 300_000n : 2_000_000n + BigInt(i) * 100_000n
        const [from, to] = i % 2 === 0 ? [cheater, honest] : [honest, cheater]
        return pay(from, to, shortChannelId, amountMsat, fate)
      }
      const begin = states.now
      for (let i = 0; i < PAYMENTS; i += AT_ONCE) {
        await Promise.all(
          Array.from({ length: AT_ONCE }, (_, more) => one(i + more, (i + more) % 5 === 4 ? 'refused' : 'paid')),
        )
      }
      let end = states.now
      // Every fifth has HTLCs that are alive on both sides when it is published.
      const isAlive = at % 5 === 4
      if (isAlive) {
        for (const i of [PAYMENTS, PAYMENTS + 1]) void one(i, 'held')
        const inFlight = async () => (await cheater.ask('channels', 'get', { channelId })).channel.htlcsInFlight
        await cheater.until(async () => (await inFlight()) === 2)
        end = states.now
      }
      // What is copied last must be revoked, too.
      for (let i = 0; i < 2; i++) await one(PAYMENTS + 2 + i, 'paid')
      const moments = states.between(fromHex(channelId), begin, end)
      const chosen = isAlive ? moments.at(-1) : moments[Math.floor((at * moments.length) / CHEATS)]
      if (chosen === undefined) throw new Error('no state was recorded')
      return new BadCopy(seed, states.at(chosen))
    }
    const copies: BadCopy[] = await Promise.all(channels.map(playHistory))
    const numbers = copies.map(({ index }) => index).toSorted((a, b) => a - b)
    const sum = (of: (copy: BadCopy) => number): number => copies.reduce((all, copy) => all + of(copy), 0)
    t.log(
      `${CHEATS} copies, of commitments ${numbers[0]} to ${numbers.at(-1)}, ${new Set(numbers).size} of them different`,
    )
    t.log(
      `${sum(({ htlcs }) => htlcs.filter(({ direction }) => direction === 'offered').length)} HTLCs that the cheater offered in them, ` +
        `${sum(({ htlcs }) => htlcs.filter(({ direction }) => direction === 'received').length)} that it received, ` +
        `${sum(({ htlcs }) => htlcs.filter(({ amountMsat }) => amountMsat < 354_000n).length)} of all without an output`,
    )

    await chain.mine(LATER)
    const before = (await honest.ask('wallet', 'balance', {})).confirmedSat
    await cheater.stop()
    await honest.stop()
    const coins = (await rig.minedTxs()).flatMap(({ txid, outputsSat }): OutPoint[] => {
      const id = parseTxid(txid)
      return id === undefined ? [] : outputsSat.flatMap((sat, index) => (sat === COIN_SAT ? [{ txid: id, index }] : []))
    })
    const cheats = new Set<string>()
    const submit = async (tx: Tx): Promise<boolean> => {
      const isTaken = await rig.submit(toHex(encodeTx(tx))).then(
        () => true,
        () => false,
      )
      if (isTaken) cheats.add(displayTxid(txidOf(tx)))
      return isTaken
    }
    // All of them in one block.
    for (const copy of copies) t.true(await submit(copy.commitment()), `commitment ${copy.index} is taken`)
    const takeHtlcs = async (when: Way['when']): Promise<string> => {
      const height = await rig.mine(0)
      let taken = 0
      let made = 0
      for (const [at, copy] of copies.entries()) {
        const way = wayOf(at)
        if (way.when !== when) continue
        const preimageOf = ({ paymentHash }: { readonly paymentHash: Uint8Array }) => preimages.get(toHex(paymentHash))
        for (const tx of copy.htlcTransactions(height, preimageOf, () => coins.pop(), way.together)) {
          made += 1
          if (await submit(tx)) taken += 1
        }
      }
      return `${taken} of ${made}`
    }
    await rig.mine(1)
    const alone = await takeHtlcs('alone')
    await rig.mine(1)
    const starting = honest.start()
    const racing = await takeHtlcs('racing')
    await starting
    // What the honest node has published by now waits for a block, and is raised while it does.
    const published = () => honest.payloads('channel.transaction-published')
    const penalties = () => published().filter(({ purpose }) => purpose === 'penalty' || purpose === 'htlc-penalty')
    await honest.until(async () => new Set(penalties().map(({ channelId }) => channelId)).size === CHEATS)
    const late = await takeHtlcs('late')
    rate = DEARER
    await chain.handled(await rig.mineEmpty(2))
    const raised = penalties().filter(({ replaces }) => replaces !== undefined).length
    t.true(raised > 0)
    const again = await takeHtlcs('late')
    t.log(
      `HTLC transactions that were taken: ${alone} before the honest node is back, ${racing} while it starts, ${late} in the place of its penalties, ${again} after ${raised} of those were raised`,
    )

    const isClosing = async (): Promise<boolean> => (await honest.ask('channels', 'list', {})).items.length > 0
    for (let mined = 0; (await isClosing()) && mined < MAX_BLOCKS; mined += 10) await chain.mine(10)
    t.false(await isClosing(), 'every channel has ended')

    const txs = await rig.minedTxs()
    const spenders = new Map(
      txs.flatMap(({ txid, inputs }) => inputs.map((input) => [`${input.txid}:${input.outputIndex}`, txid])),
    )
    for (const { txid, outputsSat } of txs) {
      if (!cheats.has(txid)) continue
      for (const [index, sat] of outputsSat.entries()) {
        const spender = spenders.get(`${txid}:${index}`)
        t.true(sat === ANCHOR || spender !== undefined, `${txid}:${index}, ${sat} sat, is taken from the cheater`)
      }
    }
    // Everything that the cheater has not spent again, the honest node has: but for fees and anchors all of the channels.
    const after = (await honest.ask('wallet', 'balance', {})).confirmedSat
    const all = BigInt(CHEATS) * CAPACITY
    t.true(after - before > all - (all * COSTS_PERCENT) / 100n, `${after - before} of ${all} sat`)
  },
)
