import test, { type ExecutionContext } from 'ava'
import { encodeBlock } from '../../core/src/bitcoin/block.ts'
import { outputType } from '../../core/src/bitcoin/script.ts'
import { displayTxid, encodeTx, type Tx, wtxidOf } from '../../core/src/bitcoin/transaction.ts'
import type { ChainBlock } from '../../core/src/chain/chain-backend.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import type { TxRejection } from '../../core/src/chain/devchain/tx-rejection.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import type { Result } from '../../core/src/lib/result.ts'
import { BLOCKS_UNTIL_ALL, lightningKinds } from '../support/lightning-txs/kinds.ts'
import { MUTATIONS, surroundings } from '../support/lightning-txs/mutations.ts'
import { mempoolSequences } from '../support/lightning-txs/sequences.ts'
import { signed } from '../support/lightning-txs/subject.ts'
import { RELAY_FEES, verdictOfBitcoind, wordsOf } from './support/agreement.ts'
import { type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

/** A devchain and a bitcoind that has its blocks. */
const both = async (t: ExecutionContext) => {
  const bitcoind = await startBitcoind({ args: RELAY_FEES })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock })
  let height = 0
  const catchUp = async (): Promise<void> => {
    while (height < devchain.tip.height) {
      const { header, txs } = devchain.blockAt(++height) as ChainBlock
      await bitcoind.rpc('submitblock', [toHex(encodeBlock({ header, txs }))])
    }
    t.is(await bitcoind.rpc('getblockcount'), devchain.tip.height)
  }
  const disagreements: string[] = []
  const compare = (title: string, ours: Result<unknown, TxRejection>, theirs: string): void => {
    if (!theirs.includes(wordsOf(ours))) disagreements.push(`${title}: ${wordsOf(ours)} here, ${theirs} there`)
  }
  return { bitcoind, devchain, catchUp, compare, disagreements }
}

interface PackageVerdict {
  readonly 'tx-results': Readonly<Record<string, { readonly error?: string }>>
}

const judgePackage = async ({ rpc }: RunningBitcoind, txs: readonly Tx[]): Promise<readonly string[]> => {
  const hexes = txs.map((tx) => toHex(encodeTx(tx)))
  const answer = await rpc<PackageVerdict>('submitpackage', [hexes]).catch((error: unknown) => String(error))
  if (typeof answer === 'string') return txs.map(() => answer)
  return txs.map((tx) => answer['tx-results'][displayTxid(wtxidOf(tx))]?.error ?? 'valid')
}

/** Knots takes no output script longer than 34 bytes but data (BIP 110); Core does. */
const isCoreOnly = ({ outputs }: Tx): boolean =>
  outputs.some(({ script }) => script.length > 34 && outputType(script) !== 'op-return')

real('the devchain and bitcoind — give the same verdict on every transaction of ours, at every height', async (t) => {
  const { bitcoind, devchain, catchUp, compare, disagreements } = await both(t)
  const kinds = lightningKinds(devchain).map(({ title, subject }) => ({ title, tx: signed(subject) }))
  const judged = kinds.filter(({ tx }) => !(bitcoind.isKnots && isCoreOnly(tx)))
  for (let block = 0; block <= BLOCKS_UNTIL_ALL; block++) {
    await catchUp()
    for (const { title, tx } of judged)
      compare(`${title} at ${block}`, devchain.testTx(tx), await verdictOfBitcoind(bitcoind, tx))
    devchain.mine(1)
  }
  t.deepEqual(disagreements, [])
})

real(
  'the devchain and bitcoind — give the same verdict for the same reason on each of them with anything wrong',
  async (t) => {
    const { bitcoind, devchain, catchUp, compare, disagreements } = await both(t)
    const kinds = lightningKinds(devchain)
    devchain.mine(BLOCKS_UNTIL_ALL)
    const around = surroundings(devchain)
    await catchUp()
    let compared = 0
    for (const { title, subject } of kinds) {
      for (const { title: what, apply } of MUTATIONS) {
        const tx = apply(subject, around)
        if (tx === undefined || (bitcoind.isKnots && isCoreOnly(tx))) continue
        compared++
        compare(`${title} with ${what}`, devchain.testTx(tx), await verdictOfBitcoind(bitcoind, tx))
      }
    }
    t.deepEqual(disagreements, [])
    t.true(compared > 1_500)
  },
)

real(
  'the devchain and bitcoind — judge alike what is handed in one after the other: replacements, chains and packages',
  async (t) => {
    const { bitcoind, devchain, catchUp, compare, disagreements } = await both(t)
    const sequences = mempoolSequences(devchain)
    await catchUp()
    for (const { title, steps } of sequences) {
      for (const [index, { txs }] of steps.entries()) {
        const [tx] = txs
        const where = `${title}, step ${index + 1}`
        if (txs.length === 1 && tx !== undefined) {
          compare(where, devchain.submitTx(tx), await verdictOfBitcoind(bitcoind, tx))
          await bitcoind.rpc('sendrawtransaction', [toHex(encodeTx(tx))]).catch(() => undefined)
        } else {
          const theirs = await judgePackage(bitcoind, txs)
          devchain.submitPackage(txs).forEach((ours, i) => {
            compare(`${where}, its transaction ${i + 1}`, ours, theirs[i] ?? '')
          })
        }
      }
    }
    t.deepEqual(disagreements, [])
    // What waits for a block is the same at the end, too.
    const waiting = await bitcoind.rpc<string[]>('getrawmempool')
    t.deepEqual(waiting.toSorted(), devchain.mempool.map(({ txid }) => displayTxid(txid)).toSorted())
  },
)
