import test from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { decodeBlock, encodeBlock } from '../../core/src/bitcoin/block.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import type { ChainBlock } from '../../core/src/chain/chain-backend.ts'
import type { BlockRejection } from '../../core/src/chain/devchain/block-rules.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { rejectReason } from '../../core/src/chain/devchain/tx-rejection.ts'
import { SINK } from '../../core/src/chain/fixtures/signing.ts'
import { prepareCases } from '../../core/src/chain/fixtures/spend-cases.ts'
import { fromHex, toHex } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { RELAY_FEES, verdictOfBitcoind, wordsOf } from './support/agreement.ts'
import { type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const submitAll = async (bitcoind: RunningBitcoind, blocks: readonly ChainBlock[]): Promise<unknown[]> => {
  const answers: unknown[] = []
  for (const { header, txs } of blocks) {
    answers.push(await bitcoind.rpc('submitblock', [toHex(encodeBlock({ header, txs }))]))
  }
  return answers
}

const blocksOf = (devchain: Devchain, from = 1): ChainBlock[] =>
  Array.from({ length: devchain.tip.height - from + 1 }, (_, i) => devchain.blockAt(from + i) as ChainBlock)

real('bitcoind — accepts every block that the devchain mines', async (t) => {
  const bitcoind = await startBitcoind({ args: RELAY_FEES })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock })
  devchain.fund([{ amount: 1_000_000n, script: SINK }])
  devchain.mine(3)
  const answers = await submitAll(bitcoind, blocksOf(devchain))
  t.deepEqual(new Set(answers), new Set([null]))
  t.is(await bitcoind.rpc('getbestblockhash'), await hashOf(bitcoind, devchain.tip.height))
  t.is(await bitcoind.rpc('getblockcount'), devchain.tip.height)
})

real('bitcoind — follows the devchain through a reorganisation', async (t) => {
  const bitcoind = await startBitcoind({ args: RELAY_FEES })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock })
  devchain.fund([{ amount: 1_000_000n, script: SINK }])
  devchain.mine(3)
  await submitAll(bitcoind, blocksOf(devchain))
  const fork = devchain.tip.height - 2
  devchain.reorganise({ depth: 3 })
  const answers = await submitAll(bitcoind, blocksOf(devchain, fork))
  // A branch that is not the longest yet is answered `inconclusive`.
  t.is(answers.at(-1), null)
  const { hash } = devchain.tip
  t.is(await bitcoind.rpc('getbestblockhash'), toHex(Uint8Array.from(hash).reverse()))
})

real('the devchain — accepts every block that bitcoind mines', async (t) => {
  const bitcoind = await startBitcoind({ wallet: true, args: [...RELAY_FEES, '-changetype=bech32m'] })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock, initialBlocks: 0 })
  const address = await bitcoind.rpc<string>('getnewaddress', ['', 'bech32'])
  await bitcoind.rpc('generatetoaddress', [105, address])
  for (const type of ['bech32', 'bech32m']) {
    const to = await bitcoind.rpc<string>('getnewaddress', ['', type])
    await bitcoind.rpc('sendtoaddress', [to, 0.5])
    await bitcoind.rpc('generatetoaddress', [1, address])
  }
  // Spends what it was paid by a taproot output too.
  await bitcoind.rpc('sendall', [[scriptToAddress(SINK, NETWORKS.regtest)]])
  await bitcoind.rpc('generatetoaddress', [1, address])
  const height = await bitcoind.rpc<number>('getblockcount')
  for (let at = 1; at <= height; at++) {
    const block = decodeBlock(fromHex(await bitcoind.rpc<string>('getblock', [await hashOf(bitcoind, at), 0])))
    if (!block.ok) return t.fail(block.error.reason)
    const verdict = devchain.submitBlock(block.value)
    t.true(verdict.ok, `block ${at}: ${verdict.ok ? '' : describe(verdict.error)}`)
  }
  t.is(devchain.tip.height, height)
})

real('the devchain and bitcoind — give the same verdict, for the same reason, on every transaction', async (t) => {
  const bitcoind = await startBitcoind({ args: RELAY_FEES })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock })
  const prepared = prepareCases(devchain)
  await submitAll(bitcoind, blocksOf(devchain))
  t.is(await bitcoind.rpc('getblockcount'), devchain.tip.height)
  const disagreements: string[] = []
  for (const { spendCase, tx } of prepared) {
    if (spendCase.onlyDevchain === true) continue
    const verdict = devchain.testTx(tx)
    const theirs = await verdictOfBitcoind(bitcoind, tx)
    const ours = wordsOf(verdict)
    if (!theirs.includes(ours)) disagreements.push(`${spendCase.title}: ${ours} here, ${theirs} there`)
  }
  t.deepEqual(disagreements, [])
})

const describe = (rejection: BlockRejection): string =>
  rejection.code === 'bad-tx' ? rejectReason(rejection.tx) : rejection.code

const hashOf = (bitcoind: RunningBitcoind, height: number): Promise<string> => bitcoind.rpc('getblockhash', [height])
