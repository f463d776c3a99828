import test, { type ExecutionContext } from 'ava'
import { encodeBlock } from '../../core/src/bitcoin/block.ts'
import { outputType } from '../../core/src/bitcoin/script.ts'
import { displayTxid, encodeTx, type Tx, wtxidOf } from '../../core/src/bitcoin/transaction.ts'
import type { ChainBlock } from '../../core/src/chain/chain-backend.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { rejectReason, type TxRejection } from '../../core/src/chain/devchain/tx-rejection.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import type { Result } from '../../core/src/lib/result.ts'
import { BLOCKS_UNTIL_ALL, lightningKinds } from '../support/lightning-txs/kinds.ts'
import { MUTATIONS, surroundings } from '../support/lightning-txs/mutations.ts'
import { mempoolSequences } from '../support/lightning-txs/sequences.ts'
import { signed } from '../support/lightning-txs/subject.ts'
import { type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

// The devchain keeps to the relay fee that all versions from 28 on take; later ones ask for less by default.
const RELAY_FEES = ['-minrelaytxfee=0.00001', '-incrementalrelayfee=0.00001']

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

/** How bitcoind words a rejection: without the flag's name, and without the item at fault, which differ from version to version. */
const wordsOf = (verdict: Result<unknown, TxRejection>): string => {
  if (verdict.ok) return 'valid'
  const { error } = verdict
  if (error.code === 'missing-inputs') return 'missing'
  if (error.code === 'package-topology') return 'package topology disallowed'
  if (error.code === 'witness-nonstandard') return 'bad-witness-'
  return rejectReason(error).replace(/^mandatory-script-verify-flag-failed /, '')
}

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

const judge = async ({ rpc }: RunningBitcoind, tx: Tx): Promise<string> => {
  const hex = toHex(encodeTx(tx))
  // A script in the transaction's past may be refused as another error than a verdict: then it is what is compared.
  const answers = await rpc<Verdict[]>('testmempoolaccept', [[hex]]).catch((error: unknown) => String(error))
  if (typeof answers === 'string') return answers
  return answers[0]?.allowed === true ? 'valid' : (answers[0]?.['reject-reason'] ?? 'no answer')
}

interface Verdict {
  readonly allowed: boolean
  readonly 'reject-reason'?: string
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
    for (const { title, tx } of judged) compare(`${title} at ${block}`, devchain.testTx(tx), await judge(bitcoind, tx))
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
        compare(`${title} with ${what}`, devchain.testTx(tx), await judge(bitcoind, tx))
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
          compare(where, devchain.submitTx(tx), await judge(bitcoind, tx))
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
