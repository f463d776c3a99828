import test from 'ava'
import { Network, untilQuiet, untilUsable } from '../support/network.ts'
import type { NodeProcess } from '../support/node-process.ts'
import { type Attempted, payWhile } from '../support/payments.ts'
import { assertEventsComplete, assertMirrored, assertOutcomes, netMsat } from '../support/reconcile.ts'
import { waitFor } from '../support/wait-for.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { bitcoindRig, minedTx } from './support/bitcoind-rig.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const EACH_WAY = 1_000
const RELAYED_EACH_WAY = 100
const CAPACITY = 5_000_000n
const HALF_MSAT = (CAPACITY / 2n) * 1000n
const FUNDED = 20_000_000n

const walletSat = async (node: NodeProcess): Promise<bigint> => (await node.ask('wallet', 'balance', {})).confirmedSat

real(
  '1,000 payments each way and relays, restarts in between, a close together — every satoshi is accounted for',
  async (t) => {
    t.timeout(280_000)
    const chain = await bitcoindRig()
    const network = new Network(chain)
    network.endWith(t)
    const [alice, bob, carol] = [await network.node('alice'), await network.node('bob'), await network.node('carol')]
    await network.fund(alice, FUNDED)
    await network.fund(bob, FUNDED)
    const toBob = await network.open(alice, bob, CAPACITY, HALF_MSAT)
    const toCarol = await network.open(bob, carol, CAPACITY, HALF_MSAT)

    let settled = 0
    const pay = (from: NodeProcess, to: NodeProcess, count: number, concurrency: number): Promise<Attempted[]> =>
      payWhile(
        {
          from,
          to,
          concurrency,
          // Amounts that are no whole satoshis: their sums must come out all the same.
          amountMsat: (i) => 1_000_001n + BigInt(i * 997),
          async recovered() {
            await untilUsable(toBob, alice, bob)
            await untilUsable(toCarol, bob, carol)
          },
          onSettled: () => {
            settled += 1
          },
        },
        (done) => done < count,
      )
    const startedAt = Date.now()
    const payments = Promise.all([
      pay(alice, bob, EACH_WAY, 10),
      pay(bob, alice, EACH_WAY, 10),
      pay(alice, carol, RELAYED_EACH_WAY, 3),
      pay(carol, alice, RELAYED_EACH_WAY, 3),
    ])
    const restarts = async (): Promise<void> => {
      await waitFor('a third of the payments is made', () => settled > 700, 120_000)
      t.is(await bob.stop(), 0, 'an orderly stop under load')
      await bob.start()
      await waitFor('two thirds of the payments are made', () => settled > 1_400, 120_000)
      await alice.kill()
      await alice.start()
    }
    const [all] = await Promise.all([payments, restarts()])
    const attempts = all.flat()
    const seconds = (Date.now() - startedAt) / 1000
    const failed = attempts.filter(({ status }) => status === 'failed')
    t.log(`${attempts.length - failed.length} payments in ${seconds.toFixed(1)} s, ${failed.length} failed at restarts`)
    t.deepEqual(
      all.map((some) => some.filter(({ status }) => status === 'settled').length),
      [EACH_WAY, EACH_WAY, RELAYED_EACH_WAY, RELAYED_EACH_WAY],
    )

    await untilUsable(toBob, alice, bob)
    await untilUsable(toCarol, bob, carol)
    await untilQuiet(alice, bob, carol)
    await assertOutcomes(t, attempts)
    for (const node of [alice, bob, carol]) await assertEventsComplete(t, node)
    const first = await assertMirrored(t, toBob, alice, bob)
    const second = await assertMirrored(t, toCarol, bob, carol)
    t.is(first.alice, HALF_MSAT + netMsat(alice, attempts))
    t.is((first.bob as bigint) + (second.bob as bigint), 2n * HALF_MSAT + netMsat(bob, attempts))
    t.is(second.carol, HALF_MSAT + netMsat(carol, attempts))

    await alice.ask('channels', 'close', { channelId: toBob })
    await carol.ask('channels', 'close', { channelId: toCarol })
    const closings = [await closingTxid(alice, toBob), await closingTxid(carol, toCarol)] as const
    for (const txid of closings) await network.untilInMempool(txid)
    await network.mine(6)
    for (const node of [alice, bob, carol]) {
      await node.until(
        'its channels are closed',
        async () => (await node.ask('channels', 'list', {})).items.length === 0,
      )
      for (const { kind } of node.payloads('channel.closed')) t.is(kind, 'mutual')
    }

    const txs = await chain.minedTxs()
    const feeOf = (txid: string): bigint => minedTx(txs, txid).feeSat
    const fundings = [fundingTxid(alice), fundingTxid(bob)] as const
    const whole = (msat: bigint | undefined): bigint => (msat ?? 0n) / 1000n
    const capacity = (first.alice as bigint) + (first.bob as bigint)
    // Who opened a channel pays for its funding, who closes it for its close; the other gets its balance in whole satoshis.
    const balances = { alice: await walletSat(alice), bob: await walletSat(bob), carol: await walletSat(carol) }
    t.deepEqual(balances, {
      alice: FUNDED - feeOf(fundings[0]) - feeOf(closings[0]) - whole(first.bob),
      bob: FUNDED - feeOf(fundings[1]) - whole(capacity) + whole(second.bob) + whole(first.bob),
      carol: whole(capacity) - whole(second.bob) - feeOf(closings[1]),
    })
    const fees = [...fundings, ...closings].reduce((sum, txid) => sum + feeOf(txid), 0n)
    t.is(balances.alice + balances.bob + balances.carol + fees, 2n * FUNDED, 'nothing is gone, nothing is made')
  },
)

const fundingTxid = (node: NodeProcess): string => {
  const created = node.payloads('channel.funding-created').find(({ initiator }) => initiator === 'local')
  return created?.fundingTxid as string
}

const closingTxid = async (node: NodeProcess, channelId: string): Promise<string> => {
  const find = (): unknown =>
    node.payloads('channel.close-signed').find((closing) => closing.channelId === channelId)?.txid
  await node.until('the closing transaction is signed', () => find() !== undefined)
  return find() as string
}
