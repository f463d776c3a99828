import { p2tr } from '../../../core/src/bitcoin/script.ts'
import { type Tx, type TxOutput, txidOf, txVsize, withWitness } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import type { TxRejectionCode } from '../../../core/src/chain/devchain/tx-rejection.ts'
import type { TestCoin } from '../../../core/src/chain/fixtures/signing.ts'
import { anchorClaim } from '../../../core/src/channel/claims/anchor-claim.ts'
import { committed, fundedChannel, point } from '../channel-on-chain.ts'
import { paying, walletCoins } from './kinds.ts'
import { claimSubject, fundingSubject, inputOf, type Subject, signed, WALLET, walletInput } from './subject.ts'

/** Handed in one after the other: alone, or as a package of parents and their child. */
interface Step {
  readonly txs: readonly Tx[]
  /** One verdict for each. */
  readonly expected: readonly ('valid' | TxRejectionCode)[]
}

/** What the mempool says depends on what it was given before. */
export interface Sequence {
  readonly title: string
  readonly steps: readonly Step[]
}

type Expected = Step['expected'][number]

const alone = (subject: Subject | Tx, expected: Expected): Step => ({
  txs: ['inputs' in subject && 'tx' in subject ? signed(subject) : (subject as Tx)],
  expected: [expected],
})

const together = (txs: readonly Tx[], ...expected: readonly Expected[]): Step => ({ txs, expected })

const THEIRS = p2tr(point('theirs').subarray(1))

/** Pays the fee exactly, to somebody else. */
const pay = (coins: readonly TestCoin[], fee: bigint, script = THEIRS): Subject => ({
  tx: {
    version: 2,
    inputs: coins.map((coin) => inputOf(coin)),
    outputs: [{ amount: coins.reduce((sum, { amount }) => sum + amount, -fee), script }],
    lockTime: 0,
  },
  inputs: coins.map(walletInput),
})

/** Splits coins into equal outputs of the wallet. */
const split = (coins: readonly TestCoin[], parts: number, fee: bigint): Subject => {
  const each = coins.reduce((sum, { amount }) => sum + amount, -fee) / BigInt(parts)
  const outputs = Array.from({ length: parts }, (): TxOutput => ({ amount: each, script: WALLET.p2tr }))
  return {
    tx: { version: 2, inputs: coins.map((coin) => inputOf(coin)), outputs, lockTime: 0 },
    inputs: coins.map(walletInput),
  }
}

const coinOf = (subject: Subject, index = 0): TestCoin => ({
  ...(subject.tx.outputs[index] as TxOutput),
  outpoint: { txid: txidOf(subject.tx), index },
})

const back = (coins: readonly TestCoin[], fee: bigint): Subject => pay(coins, fee, WALLET.p2tr)

/** Each spends the one before. */
const chainOf = (first: TestCoin, count: number, fee = 300n): readonly Subject[] => {
  const subjects: Subject[] = []
  for (let coin = first; subjects.length < count; coin = coinOf(subjects.at(-1) as Subject)) {
    subjects.push(back([coin], fee))
  }
  return subjects
}

const allValid = (subjects: readonly Subject[]): readonly Step[] => subjects.map((subject) => alone(subject, 'valid'))

/** A transaction of about so many vbytes, at two satoshis for each. */
const large = (coin: TestCoin, vsize: number): Subject => {
  const count = Math.floor(vsize / 43)
  const outputs = Array.from({ length: count }, (): TxOutput => ({ amount: 400n, script: THEIRS }))
  return paying([coin], outputs, BigInt(vsize) * 2n)
}

const replacements = (chain: Devchain): readonly Sequence[] => {
  const coins = [...walletCoins(chain, 24)]
  const next = (): TestCoin => coins.pop() as TestCoin
  const [a, b, c, d, e, f, g, h, i, j] = Array.from({ length: 10 }, next) as [
    ...[TestCoin, TestCoin, TestCoin, TestCoin, TestCoin],
    ...[TestCoin, TestCoin, TestCoin, TestCoin, TestCoin],
  ]
  const size = (coin: TestCoin): bigint => BigInt(txVsize(signed(pay([coin], 1_000n))))
  const final = pay([c], 1_000n)
  const unconfirmed = back([e], 1_000n)
  const spentOn = back([f], 1_000n)
  const parent = back([g], 1_000n)
  const child = pay([coinOf(parent)], 2_000n)
  const known = pay([h], 1_000n)
  const many = [i, j, next(), next(), next()]
  const grandparents = many.map((coin) => chainOf(coin, 22))
  return [
    {
      title: 'a double spend for the same fee',
      steps: [alone(pay([a], 1_000n), 'valid'), alone(pay([a], 1_000n, WALLET.p2wpkh), 'insufficient-fee')],
    },
    {
      title: 'a replacement that pays for its own relay, and one a satoshi short of it',
      steps: [
        alone(pay([b], 1_000n), 'valid'),
        alone(pay([b], 1_000n + size(b) - 1n), 'insufficient-fee'),
        alone(pay([b], 1_000n + size(b)), 'valid'),
      ],
    },
    {
      title: 'a replacement of what does not say that it may be replaced',
      steps: [
        alone({ ...final, tx: { ...final.tx, inputs: [inputOf(c, 0xffffffff)] } }, 'valid'),
        alone(pay([c], 2_000n), 'valid'),
      ],
    },
    {
      title: 'a replacement that pays more, and less for each byte',
      steps: [
        alone(pay([d], 1_000n), 'valid'),
        alone(pay([d, next(), next(), next(), next()], 1_900n), 'insufficient-fee'),
      ],
    },
    {
      title: 'a replacement that brings in a coin of no block',
      steps: [
        alone(unconfirmed, 'valid'),
        alone(pay([a], 3_000n), 'valid'),
        alone(pay([a, coinOf(unconfirmed)], 9_000n), 'adds-unconfirmed'),
      ],
    },
    {
      title: 'a replacement that spends what it evicts',
      steps: [alone(spentOn, 'valid'), alone(pay([f, coinOf(spentOn)], 9_000n), 'spends-conflicting')],
    },
    {
      title: 'a replacement of a parent, which must pay for its child too, and what spends the evicted',
      steps: [
        alone(parent, 'valid'),
        alone(child, 'valid'),
        alone(pay([g], 3_000n + size(g) - 1n), 'insufficient-fee'),
        alone(pay([g], 3_000n + size(g)), 'valid'),
        alone(child, 'missing-inputs'),
      ],
    },
    {
      title: 'a transaction twice, and with another witness',
      steps: [
        alone(known, 'valid'),
        alone(known, 'already-in-mempool'),
        alone(withWitness(signed(known), 0, [new Uint8Array(64).fill(1)]), 'same-txid-in-mempool'),
      ],
    },
    {
      title: 'a replacement that evicts more than a hundred',
      steps: [...grandparents.flatMap(allValid), alone(pay(many, 90_000n), 'too-many-replacements')],
    },
  ]
}

const chains = (chain: Devchain): readonly Sequence[] => {
  const [a, b, c, d] = walletCoins(chain, 4) as [TestCoin, TestCoin, TestCoin, TestCoin]
  const [rich, richer] = walletCoins(chain, 2, 5_000_000n) as [TestCoin, TestCoin]
  const long = chainOf(a, 26)
  const base = split([b], 3, 1_000n)
  const wide = split([c], 30, 3_000n)
  const fan = Array.from({ length: 24 }, (_, index) => pay([coinOf(wide, index)], 300n))
  const two = split([rich], 3, 1_000n)
  const grown = split([richer], 3, 1_000n)
  const stem = large(coinOf(grown), 60_000)
  return [
    {
      title: 'a chain of 25, and one too many',
      steps: [...allValid(long.slice(0, 25)), alone(long[25] as Subject, 'chain-too-long')],
    },
    {
      title:
        'a 26th of one parent alone, by which the other side of a channel is never shut out (the carve-out), and a 27th',
      steps: [
        alone(base, 'valid'),
        ...allValid(chainOf(coinOf(base), 24)),
        alone(pay([coinOf(base, 1), d], 500n), 'valid'),
        alone(pay([coinOf(base, 2)], 500n), 'chain-too-long'),
      ],
    },
    {
      title: 'children of one parent, 24 and the 25th by the carve-out, and the 26th',
      steps: [
        alone(wide, 'valid'),
        ...allValid(fan),
        alone(pay([coinOf(wide, 24)], 300n), 'valid'),
        alone(pay([coinOf(wide, 25)], 300n), 'chain-too-long'),
      ],
    },
    {
      title: 'children whose sizes together are too much for their parent, and a small one in spite of that',
      steps: [
        alone(two, 'valid'),
        alone(large(coinOf(two), 70_000), 'valid'),
        alone(large(coinOf(two, 1), 35_000), 'chain-too-long'),
        alone(large(coinOf(two, 1), 9_000), 'valid'),
      ],
    },
    {
      title: 'a grandchild whose ancestors are too large together',
      steps: [
        alone(grown, 'valid'),
        alone(stem, 'valid'),
        alone(large(coinOf(stem, stem.tx.outputs.length - 1), 45_000), 'chain-too-long'),
      ],
    },
  ]
}

/** A commitment that is in no block, and what lifts it. */
const lifted = (chain: Devchain, feeratePerKw: number, { params } = fundedChannel(chain)) => {
  const channel = committed(params, chain.tip.height + 50, feeratePerKw)
  const coins = walletCoins(chain, 4)
  const claim = anchorClaim({
    params,
    ...channel,
    feeratePerKw: 2_500,
    blockHeight: chain.tip.height,
    preimageOf: () => undefined,
  })
  if (claim === undefined) throw new Error('we have an anchor')
  const child = (coin: TestCoin, fee: bigint): Tx => signed(claimSubject(claim, 'local', { coin, fee }))
  return {
    params,
    channel,
    coins: coins as [TestCoin, TestCoin, TestCoin, TestCoin],
    child,
    commitment: channel.signed,
  }
}

const packages = (chain: Devchain): readonly Sequence[] => {
  const usual = lifted(chain, 1_000)
  const poor = lifted(chain, 100)
  const raised = lifted(chain, 1_000)
  const contested = lifted(chain, 1_000)
  const cheap = lifted(chain, 1_000)
  const [rival, poorRival, greedy] = [900, 100, 900].map((rate) =>
    lifted(chain, rate, { chain, params: cheap.params }),
  ) as [ReturnType<typeof lifted>, ReturnType<typeof lifted>, ReturnType<typeof lifted>]
  const [one, other] = walletCoins(chain, 2) as [TestCoin, TestCoin]
  const close = fundingSubject(contested.params, {
    version: 2,
    inputs: [inputOf({ outpoint: contested.params.fundingOutpoint, amount: 0n, script: new Uint8Array(0) })],
    outputs: [{ amount: contested.params.fundingAmount - 20_000n, script: THEIRS }],
    lockTime: 0,
  })
  return [
    {
      title: 'a commitment with the child that lifts it, and the same once more',
      steps: [
        alone(usual.child(usual.coins[0], 4_000n), 'missing-inputs'),
        together([usual.commitment, usual.child(usual.coins[0], 4_000n)], 'valid', 'valid'),
        together([usual.commitment, usual.child(usual.coins[0], 4_000n)], 'valid', 'valid'),
      ],
    },
    {
      title: 'a child that is raised, with other coins, beside its parent',
      steps: [
        together([raised.commitment, raised.child(raised.coins[0], 4_000n)], 'valid', 'valid'),
        together([raised.commitment, raised.child(raised.coins[1], 4_100n)], 'valid', 'insufficient-fee'),
        together([raised.commitment, raised.child(raised.coins[1], 6_000n)], 'valid', 'valid'),
      ],
    },
    {
      title: 'a commitment below the relay fee, which no child lifts',
      steps: [together([poor.commitment, poor.child(poor.coins[0], 9_000n)], 'min-relay-fee', 'missing-inputs')],
    },
    {
      title: 'a mutual close in the place of a commitment and its child',
      steps: [
        together([contested.commitment, contested.child(contested.coins[0], 9_000n)], 'valid', 'valid'),
        alone(
          {
            ...close,
            tx: { ...close.tx, outputs: [{ amount: contested.params.fundingAmount - 9_000n, script: THEIRS }] },
          },
          'insufficient-fee',
        ),
        alone(close, 'valid'),
        alone(contested.commitment, 'insufficient-fee'),
      ],
    },
    {
      title: 'the other commitment with its child, in the place of a commitment and its child',
      steps: [
        together([cheap.commitment, cheap.child(cheap.coins[0], 4_000n)], 'valid', 'valid'),
        alone(rival.commitment, 'insufficient-fee'),
        together([rival.commitment, rival.child(rival.coins[0], 4_000n)], 'insufficient-fee', 'missing-inputs'),
        together(
          [poorRival.commitment, poorRival.child(poorRival.coins[0], 30_000n)],
          'min-relay-fee',
          'missing-inputs',
        ),
        together([greedy.commitment, greedy.child(greedy.coins[0], 20_000n)], 'valid', 'valid'),
      ],
    },
    {
      title: 'two that have nothing to do with each other, as a package',
      steps: [
        together([signed(pay([one], 1_000n)), signed(pay([other], 1_000n))], 'package-topology', 'package-topology'),
      ],
    },
  ]
}

/** Each on coins and channels of its own, which are put into blocks first. */
export const mempoolSequences = (chain: Devchain): readonly Sequence[] => [
  ...replacements(chain),
  ...chains(chain),
  ...packages(chain),
]
