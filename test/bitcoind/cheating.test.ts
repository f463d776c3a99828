import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { displayTxid, encodeTx, parseTxid, type Tx, txidOf } from '../../core/src/bitcoin/transaction.ts'
import { latest } from '../../core/src/channel/commitments/commitments.ts'
import { decodeChannel, liveHtlcKeys } from '../../core/src/channel/persistence/channel-codec.ts'
import { isFunded } from '../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../core/src/channel/state/durable.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { concat, fromHex, toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import type { OutPoint, Preimage } from '../../core/src/lib/ids.ts'
import { readInvoice } from '../../core/src/node/payment/receiver-actor.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { TestNode } from '../scenarios/support/world.ts'
import { BadCopy, COIN_SAT, COIN_SCRIPT } from '../support/bad-copy.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { BitcoindChain } from './support/bitcoind-chain.ts'
import { bitcoindRig } from './support/bitcoind-rig.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const PAYMENTS = 50
// FULGURITE_CHEATS=50 cheats at every height of the history: each needs a channel of its own.
const CHEATS = Number(process.env.FULGURITE_CHEATS ?? 6)

const CAPACITY = 500_000n
const ANCHOR = 330n
/** What commitments, anchors and penalties may cost of the channels. */
const COSTS_PERCENT = 3n
/** Payments under way at the same time. */
const AT_ONCE = 5
const EXPIRY = 30
/** Mined before anything is published: HTLCs of the history have expired by then. */
const LATER = 60
const OPENED_AT_ONCE = 4
const MAX_BLOCKS = 400

/** The node's channel as it is stored now; `undefined` if a commit came between the reading of its rows. */
const storedChannel = async (node: TestNode, channelId: string): Promise<Funded | undefined> => {
  const row = await node.store.get(TABLE.channel, fromHex(channelId))
  const keys = row === undefined ? undefined : liveHtlcKeys(row)
  if (row === undefined || keys?.ok !== true) throw new Error('the channel is not stored')
  const values = await node.store.getAll(TABLE.htlc, keys.value)
  const channel = decodeChannel(
    row,
    keys.value.map((key, at) => ({ key, value: values[at] as Uint8Array })),
  )
  return channel.ok && isFunded(channel.value) ? channel.value : undefined
}

real(
  `BOLT 5, revoked transaction close — who publishes what it has revoked ends with nothing: at ${CHEATS} heights of ${PAYMENTS} payments, on bitcoind`,
  async (t) => {
    t.timeout(290_000)
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-cheating-'))
    const rig = await bitcoindRig()
    const chain = new BitcoindChain(rig)
    const [honest, cheater] = ['honest', 'cheater'].map(
      (name) => new TestNode(chain, name, { path: join(folder, `${name}.sqlite`) }),
    ) as [TestNode, TestNode]
    t.teardown(async () => {
      for (const node of [honest, cheater]) await node.stop()
      await rig.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    for (const node of [honest, cheater]) {
      await node.start()
      chain.nodes.push(node)
    }
    for (let i = 0; i < CHEATS; i++) await chain.pay(COIN_SCRIPT, COIN_SAT)
    for (let i = 0; i < CHEATS; i++) await chain.pay(COIN_SCRIPT, COIN_SAT)
    await honest.faucet(1_000_000n)
    await cheater.faucet(BigInt(CHEATS + 1) * CAPACITY)
    await cheater.connectTo(honest)

    const channels: string[] = []
    for (let i = 0; i < CHEATS; i++) {
      const request = { nodeId: honest.id, fundingSat: CAPACITY, pushMsat: (CAPACITY / 2n) * 1000n }
      channels.push((await cheater.ask('channels', 'open', request)).channelId as string)
      if (i % OPENED_AT_ONCE === OPENED_AT_ONCE - 1 || i === CHEATS - 1) await chain.mine(6)
    }
    for (const channelId of channels) {
      for (const node of [honest, cheater]) await node.until(() => node.isUsable(channelId))
    }

    const half = sha256(utf8Encode('cheater'))
    const seed = concat(half, sha256(half))
    // What the cheater knows: the preimages of its own invoices.
    const preimages = new Map<string, Preimage>()
    const pay = async (from: TestNode, to: TestNode, shortChannelId: unknown, amountMsat: bigint): Promise<void> => {
      const { invoice } = await to.ask('invoices', 'create', { amountMsat, description: '' })
      const { paymentHash, paymentSecret } = invoice
      const made = to === cheater ? await readInvoice(to.store, fromHex(paymentHash)) : undefined
      if (made !== undefined) preimages.set(paymentHash, made.preimage)
      const route = [{ nodeId: to.id, shortChannelId, amountMsat, cltvExpiryDelta: EXPIRY }]
      await from.ask('payments', 'sendToRoute', { paymentHash, paymentSecret, route })
    }
    /** The cheater's state after so many payments: at rest, or with HTLCs in one stage or another. */
    const playHistory = async (channelId: string, at: number): Promise<BadCopy> => {
      const { shortChannelId } = (await cheater.ask('channels', 'get', { channelId })).channel
      const cheatsAt = Math.floor((at * PAYMENTS) / CHEATS)
      const one = (i: number): Promise<void> => {
        const amountMsat = 2_000_000n + BigInt(i) * 100_000n
        return i % 2 === 0
          ? pay(cheater, honest, shortChannelId, amountMsat)
          : pay(honest, cheater, shortChannelId, amountMsat)
      }
      let copied: Funded | undefined
      for (let i = 0; i < PAYMENTS; i += AT_ONCE) {
        const isNow = copied === undefined && i + AT_ONCE > cheatsAt
        const paid = Promise.all(Array.from({ length: AT_ONCE }, (_, more) => one(i + more)))
        let isPaid = false
        const done = paid.then(() => {
          isPaid = true
        })
        while (isNow && !isPaid && copied === undefined) {
          const stored = await storedChannel(cheater, channelId)
          // Every third copy is taken when nothing is under way.
          if (at % 3 !== 0 && stored !== undefined && latest(stored).local.spec.htlcs.length > at % 2) copied = stored
        }
        await done
        if (isNow) copied ??= await storedChannel(cheater, channelId)
      }
      if (copied === undefined) throw new Error('no copy was taken')
      // What is copied last must be revoked, too.
      for (let i = 0; i < 2; i++) await one(PAYMENTS + i)
      return new BadCopy(seed, copied)
    }
    const copies: BadCopy[] = await Promise.all(channels.map(playHistory))
    t.log(`${copies.reduce((sum, { htlcs }) => sum + htlcs.length, 0)} HTLCs in ${copies.length} copies`)

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
    for (const copy of copies) t.true(await submit(copy.commitment()), `commitment ${copy.index} is taken`)
    const takeHtlcs = async (copy: BadCopy): Promise<number> => {
      const height = await rig.mine(0)
      const txs = copy.htlcTransactions(
        height,
        ({ paymentHash }) => preimages.get(toHex(paymentHash)),
        () => coins.pop(),
      )
      let taken = 0
      for (const tx of txs) if (await submit(tx)) taken += 1
      return taken
    }
    await rig.mine(1)
    // Half of them take HTLCs while the honest node is down, the others when it is back: then both want the same outputs.
    let early = 0
    for (const [at, copy] of copies.entries()) if (at % 2 === 0) early += await takeHtlcs(copy)
    await rig.mine(1)
    const starting = honest.start()
    let racing = 0
    for (const [at, copy] of copies.entries()) if (at % 2 === 1) racing += await takeHtlcs(copy)
    await starting
    t.log(`${early} HTLC transactions before the honest node is back, ${racing} when it is`)

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
