import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type Block, blockHashOf, merkleRoot } from '../../bitcoin/block.ts'
import { type Tx, txidOf, withWitness } from '../../bitcoin/transaction.ts'
import type { ChainBlock } from '../chain-backend.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from '../fixtures/funded.ts'
import { SINK, testKey } from '../fixtures/signing.ts'
import { mineBlock } from './block-assembly.ts'
import { meetsTarget, REGTEST_BITS, subsidyAt } from './block-rules.ts'
import type { Devchain } from './devchain.ts'

const fileFor = (t: { teardown(end: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-devchain-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 'chain.dat')
}

const amountAt = (devchain: Devchain, tx: Tx): bigint | undefined =>
  devchain.coin({ txid: txidOf(tx), index: 0 })?.amount

test('a new devchain — has coins to give, and pays them', (t) => {
  const devchain = testDevchain()
  t.is(devchain.tip.height, 150)
  const paid = devchain.fund([{ amount: 12_345n, script: SINK }])
  if (!paid.ok) return t.fail()
  t.is(amountAt(devchain, paid.value), undefined)
  devchain.mine(1)
  t.is(amountAt(devchain, paid.value), 12_345n)
})

test('the faucet — is empty when the coinbases do not suffice', (t) => {
  const paid = testDevchain().fund([{ amount: 1_000_000_000_000n, script: SINK }])
  t.deepEqual(paid, { ok: false, error: { code: 'faucet-empty' } })
})

test('two devchains — with the same clock make the same chain', (t) => {
  t.deepEqual(testDevchain().tip.hash, testDevchain().tip.hash)
})

test('the subsidy — halves every 150 blocks', (t) => {
  t.deepEqual([1, 149, 150, 299, 300].map(subsidyAt), [
    5_000_000_000n,
    5_000_000_000n,
    2_500_000_000n,
    2_500_000_000n,
    1_250_000_000n,
  ])
})

test('a coinbase — can be spent by block 100 after it, no earlier', (t) => {
  const devchain = testDevchain()
  const [mined] = devchain.mine(1, OWNED)
  const [coinbase] = mined?.txs ?? []
  if (coinbase === undefined) return t.fail()
  const tx = payFrom([firstCoin(coinbase)], 1_000n)
  devchain.mine(98)
  const early = devchain.submitTx(tx)
  t.deepEqual(early, { ok: false, error: { code: 'coinbase-immature' } })
  devchain.mine(1)
  t.true(devchain.submitTx(tx).ok)
})

test('a reorganisation — undoes blocks and puts their transactions back', (t) => {
  const devchain = testDevchain()
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  devchain.submitTx(tx)
  devchain.mine(2)
  const before = devchain.tip
  devchain.reorganise({ depth: 2, blocks: 0 })
  t.is(devchain.tip.height, before.height - 2)
  t.is(amountAt(devchain, tx), undefined)
  t.truthy(devchain.mempoolEntry(txidOf(tx)))
  devchain.mine(3)
  t.is(amountAt(devchain, tx), 99_000n)
  t.notDeepEqual(devchain.blockAt(before.height)?.hash, before.hash)
  t.false(devchain.isInBestChain(before))
  t.deepEqual(devchain.blockOf(before.hash)?.hash, before.hash)
})

test('a reorganisation — can lose the transactions, with what builds on them', (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 1)
  const tx = payFrom(coins, 1_000n, OWNED)
  devchain.submitTx(tx)
  devchain.mine(1)
  devchain.submitTx(payFrom([firstCoin(tx)], 1_000n))
  devchain.reorganise({ depth: 1, dropTransactions: true })
  t.is(devchain.mempool.length, 0)
  t.is(amountAt(devchain, tx), undefined)
  t.true(devchain.submitTx(payFrom(coins, 500n)).ok)
})

test('a devchain on a file — goes on where it was, mempool and reorganisations included', (t) => {
  const file = fileFor(t)
  const devchain = testDevchain(file)
  const [a, b] = ownedCoins(devchain, 2)
  if (a === undefined || b === undefined) return t.fail()
  const [confirmed, waiting] = [payFrom([a], 1_000n), payFrom([b], 1_000n)]
  devchain.submitTx(confirmed)
  devchain.mine(2)
  devchain.reorganise({ depth: 2 })
  devchain.submitTx(waiting)
  devchain.close()

  const again = testDevchain(file)
  t.deepEqual(again.tip.hash, devchain.tip.hash)
  t.is(amountAt(again, confirmed), 99_000n)
  t.truthy(again.mempoolEntry(txidOf(waiting)))
  const [next] = again.mine(1)
  t.deepEqual(next?.txs[1], waiting)
  again.close()
})

test('a devchain on a file — drops a record that a crash has cut short', (t) => {
  const file = fileFor(t)
  const devchain = testDevchain(file)
  const before = devchain.tip
  devchain.mine(1)
  devchain.close()
  truncateSync(file, statSync(file).size - 10)
  const shortened = testDevchain(file)
  t.deepEqual(shortened.tip.hash, before.hash)
  shortened.mine(1)
  shortened.close()
  appendFileSync(file, new Uint8Array([0, 1, 2, 3]))
  const again = testDevchain(file)
  t.deepEqual(again.tip.hash, shortened.tip.hash)
  again.close()
})

test('listeners — hear of blocks and of transactions, and not after they have ended', (t) => {
  const devchain = testDevchain()
  const heard: string[] = []
  const end = devchain.onChange((change) => heard.push(change))
  ownedCoins(devchain, 1)
  devchain.reorganise({ depth: 1 })
  end()
  devchain.mine(1)
  t.deepEqual(heard, ['mempool', 'tip', 'tip'])
})

const next = (
  devchain: Devchain,
  txs: readonly Tx[] = [],
  change: Partial<Parameters<typeof mineBlock>[0]> = {},
): Block =>
  mineBlock({
    previous: devchain.tip.hash,
    height: devchain.tip.height + 1,
    time: devchain.tip.header.time + 60,
    txs,
    fees: 0n,
    script: SINK,
    extraNonce: 7,
    ...change,
  })

/** The block with another header, and work to go with it. */
const rehashed = (block: Block, change: Partial<Block['header']>): Block => {
  for (let nonce = 0; ; nonce++) {
    const header = { ...block.header, ...change, nonce }
    if (meetsTarget(blockHashOf(header))) return { ...block, header }
  }
}

/** The block with other transactions, its header in step. */
const refilled = (block: Block, txs: readonly Tx[]): Block =>
  rehashed({ ...block, txs }, { merkleRoot: merkleRoot(txs.map(txidOf)) })

const workless = (block: Block): Block => {
  for (let nonce = 0; ; nonce++) {
    const header = { ...block.header, nonce }
    if (!meetsTarget(blockHashOf(header))) return { ...block, header }
  }
}

const coinbaseOf = (block: Block): Tx => block.txs[0] as Tx

const BAD_BLOCKS: readonly (readonly [what: string, code: string, make: (devchain: Devchain) => Block])[] = [
  [
    'on another block than the tip',
    'prev-blk-not-found',
    (devchain) => next(devchain, [], { previous: (devchain.blockAt(1) as ChainBlock).hash }),
  ],
  ['without the work', 'high-hash', (devchain) => workless(next(devchain))],
  ['of another difficulty', 'bad-diffbits', (devchain) => rehashed(next(devchain), { bits: REGTEST_BITS - 1 })],
  [
    'no later than the median of the last 11',
    'time-too-old',
    (devchain) => next(devchain, [], { time: devchain.medianTimePastAt(devchain.tip.height) }),
  ],
  ['of an old version', 'bad-version', (devchain) => rehashed(next(devchain), { version: 3 })],
  [
    'of another merkle root',
    'bad-txnmrklroot',
    (devchain) => rehashed(next(devchain), { merkleRoot: new Uint8Array(32) }),
  ],
  [
    'without a coinbase',
    'bad-cb-missing',
    (devchain) => {
      const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
      return refilled(next(devchain), [tx])
    },
  ],
  [
    'with two coinbases',
    'bad-cb-multiple',
    (devchain) => {
      const block = next(devchain)
      return refilled(block, [coinbaseOf(block), coinbaseOf(block)])
    },
  ],
  ['that names another height', 'bad-cb-height', (devchain) => next(devchain, [], { height: devchain.tip.height + 2 })],
  ['that makes a satoshi too much', 'bad-cb-amount', (devchain) => next(devchain, [], { fees: 1n })],
  [
    'with a long coinbase script',
    'bad-cb-length',
    (devchain) => {
      const block = next(devchain)
      const inputs = coinbaseOf(block).inputs.map((input) => ({ ...input, scriptSig: new Uint8Array(101) }))
      return refilled(block, [{ ...coinbaseOf(block), inputs }])
    },
  ],
  [
    'with a short witness nonce',
    'bad-witness-nonce-size',
    (devchain) => {
      const block = next(devchain)
      return { ...block, txs: [withWitness(coinbaseOf(block), 0, [new Uint8Array(31)])] }
    },
  ],
  [
    'with a changed witness',
    'bad-witness-merkle-match',
    (devchain) => {
      const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
      const block = next(devchain, [tx])
      return { ...block, txs: [coinbaseOf(block), withWitness(tx, 0, [new Uint8Array(3)])] }
    },
  ],
  [
    'without a commitment to its witnesses',
    'unexpected-witness',
    (devchain) => {
      const block = next(devchain)
      return refilled(block, [{ ...coinbaseOf(block), outputs: coinbaseOf(block).outputs.slice(0, 1) }])
    },
  ],
  [
    'with a transaction before its time',
    'bad-txns-nonfinal',
    (devchain) => next(devchain, [{ ...payFrom(ownedCoins(devchain, 1), 1_000n), lockTime: 9_999 }]),
  ],
  [
    'that spends what is not there',
    'missing-inputs',
    (devchain) => next(devchain, [payFrom(ownedCoins(testDevchain(), 1, 7_777n), 1_000n)]),
  ],
  [
    'that spends an output twice',
    'missing-inputs',
    (devchain) => {
      const coins = ownedCoins(devchain, 1)
      return next(devchain, [payFrom(coins, 1_000n), payFrom(coins, 2_000n)])
    },
  ],
  [
    'with a key that does not fit',
    'script-failed',
    (devchain) => {
      const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
      const [signature = new Uint8Array(0)] = tx.inputs[0]?.witness ?? []
      return next(devchain, [withWitness(tx, 0, [signature, testKey('another').public])])
    },
  ],
  [
    'with a transaction that makes money',
    'outputs-exceed-inputs',
    (devchain) => next(devchain, [payFrom(ownedCoins(devchain, 1), -1n)]),
  ],
]

for (const [what, code, make] of BAD_BLOCKS) {
  test(`submitBlock — a block ${what} is refused as ${code}`, (t) => {
    const devchain = testDevchain()
    const block = make(devchain)
    const before = devchain.tip
    const verdict = devchain.submitBlock(block)
    if (verdict.ok) return t.fail()
    t.is(verdict.error.code === 'bad-tx' ? verdict.error.tx.code : verdict.error.code, code as never)
    t.is(devchain.tip, before)
  })
}

test('submitBlock — takes a block made elsewhere', (t) => {
  const devchain = testDevchain()
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  t.true(devchain.submitBlock(next(devchain, [tx], { fees: 1_000n })).ok)
  t.is(amountAt(devchain, tx), 99_000n)
})
