import test from 'ava'
import type { Tx } from '../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { virtualClock } from '../../core/src/lib/clock-virtual.ts'
import { BLOCKS_UNTIL_ALL, lightningKinds } from '../support/lightning-txs/kinds.ts'
import { MUTATIONS, surroundings, type Verdict } from '../support/lightning-txs/mutations.ts'
import { mempoolSequences } from '../support/lightning-txs/sequences.ts'
import { signed } from '../support/lightning-txs/subject.ts'

const verdictOf = (chain: Devchain, tx: Tx): Verdict => {
  const verdict = chain.testTx(tx)
  if (verdict.ok) return 'valid'
  return verdict.error.code === 'script-failed' ? verdict.error.fault : (verdict.error.code as Verdict)
}

test('the devchain — takes every kind of transaction that a node makes, and each as soon as it may be in a block', (t) => {
  const chain = Devchain.open({ clock: virtualClock() })
  const kinds = lightningKinds(chain).map(({ title, subject }) => ({ title, tx: signed(subject) }))
  t.true(kinds.length > 50)
  for (let block = 0; block < BLOCKS_UNTIL_ALL; block++) {
    for (const { title, tx } of kinds) {
      const verdict = verdictOf(chain, tx)
      t.true(['valid', 'non-final', 'non-bip68-final'].includes(verdict), `${title}: ${verdict}`)
    }
    chain.mine(1)
  }
  for (const { title, tx } of kinds) t.is(verdictOf(chain, tx), 'valid', title)
})

const makeStage = () => {
  const chain = Devchain.open({ clock: virtualClock() })
  const kinds = lightningKinds(chain)
  chain.mine(BLOCKS_UNTIL_ALL)
  return { chain, kinds, around: surroundings(chain) }
}

let made: ReturnType<typeof makeStage> | undefined
const stage = () => {
  made ??= makeStage()
  return made
}

for (const { title: what, apply, expected } of MUTATIONS) {
  test(`any transaction of ours with ${what} — ${expected.join(', ')}`, (t) => {
    const { chain, kinds, around } = stage()
    const verdicts = kinds.flatMap(({ title, subject }) => {
      const tx = apply(subject, around)
      return tx === undefined ? [] : [{ title, verdict: verdictOf(chain, tx) }]
    })
    t.true(verdicts.length > 0)
    t.deepEqual(
      verdicts.filter(({ verdict }) => !expected.includes(verdict)),
      [],
    )
  })
}

test('the devchain — judges what is handed in one after the other by what its mempool holds', (t) => {
  const chain = Devchain.open({ clock: virtualClock() })
  const wrong: string[] = []
  for (const { title, steps } of mempoolSequences(chain)) {
    for (const [index, { txs, expected }] of steps.entries()) {
      const [tx] = txs
      const answers = txs.length === 1 && tx !== undefined ? [chain.submitTx(tx)] : chain.submitPackage(txs)
      const verdicts = answers.map((answer) => (answer.ok ? 'valid' : answer.error.code))
      if (verdicts.join() !== expected.join())
        wrong.push(`${title}, step ${index + 1}: ${verdicts.join()}, not ${expected.join()}`)
    }
  }
  t.deepEqual(wrong, [])
})
