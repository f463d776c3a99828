import test from 'ava'
import { seededRng } from '../lib/rng.ts'
import type { Coin } from './coin.ts'
import { feeCeil, inputWeightOf, poolOf } from './coin-pool.ts'
import { selectCoins } from './coin-selection.ts'

const coin = (index: number, amount: bigint, more: { readonly height?: undefined } = {}): Coin => ({
  outpoint: { txid: new Uint8Array(32), index },
  amount,
  path: { type: 'p2tr', branch: 'receive', index },
  ...('height' in more ? {} : { height: 100 }),
  ours: true,
  coinbase: false,
  reserved: false,
})

/** The indexes of what is chosen for 1,000,000 sat at a rate of 1 sat/vbyte, if no other is given. */
const chosenFor = (coins: readonly Coin[], feeratePerKw = 250) => {
  const selected = selectCoins({
    pool: poolOf(coins),
    target: 1_000_000n,
    feeratePerKw,
    changeScript: new Uint8Array(34),
    changeRequired: false,
    inputCount: 0,
    outputCount: 1,
  })
  return selected.ok ? selected.value.chosen.map(({ outpoint }) => outpoint.index) : selected.error.code
}

test('coins — the smallest that suffices by itself is taken', (t) => {
  t.deepEqual(chosenFor([coin(0, 9_000_000n), coin(1, 1_100_000n), coin(2, 2_000_000n), coin(3, 900_000n)]), [1])
  // The fee counts.
  t.deepEqual(chosenFor([coin(0, 9_000_000n), coin(1, 1_000_000n)]), [0])
})

test('coins — as few as suffice where none does by itself, the last of them no larger than it has to be', (t) => {
  t.deepEqual(chosenFor([coin(0, 100_000n), coin(1, 600_000n), coin(2, 450_000n), coin(3, 700_000n)]), [3, 2])
})

test('coins — change that waits for a block is not spent while there is another, and then the largest first', (t) => {
  const waiting = { height: undefined }
  t.deepEqual(chosenFor([coin(0, 1_100_000n, waiting), coin(1, 5_000_000n)]), [1])
  t.deepEqual(chosenFor([coin(0, 900_000n), coin(1, 1_100_000n, waiting)]), [1])
})

test('coins — those that cost more than they are worth are left alone', (t) => {
  t.is(chosenFor(Array.from({ length: 500 }, (_, i) => coin(i, 50n))), 'insufficient-funds')
})

test('coins — of any there are, as a look at all of them would choose', (t) => {
  const rng = seededRng(3)
  const below = (limit: number): number => new DataView(rng.bytes(4).buffer).getUint32(0) % limit
  for (let round = 0; round < 300; round++) {
    const coins = Array.from(
      { length: 1 + below(12) },
      (_, index): Coin => ({
        ...coin(
          index,
          BigInt(below(4) === 0 ? below(5_000) : below(1_200_000)),
          below(4) === 0 ? { height: undefined } : {},
        ),
        path: { type: below(2) === 0 ? 'p2tr' : 'p2wpkh', branch: 'receive', index },
      }),
    )
    const rate = [250, 2_500, 25_000][below(3)] as number
    const feeOf = ({ path }: Coin): bigint => feeCeil(rate, inputWeightOf(path.type))
    const worthOf = (chosen: readonly Coin[]): bigint =>
      chosen.reduce((sum, each) => sum + each.amount - feeOf(each), 0n)
    const useful = coins.filter((each) => worthOf([each]) > 0n).sort((a, b) => Number(worthOf([b]) - worthOf([a])))
    const suffices = (chosen: readonly Coin[]): boolean => worthOf(chosen) >= 1_000_000n
    const alone = useful.filter((each) => each.height !== undefined && suffices([each])).at(-1)
    const few = useful.findIndex((_, i) => suffices(useful.slice(0, i + 1)))
    const last = useful
      .slice(few)
      .filter((each) => suffices([...useful.slice(0, few), each]))
      .at(-1)
    const wanted = alone === undefined ? few >= 0 && last && [...useful.slice(0, few), last] : [alone]
    const chosen = chosenFor(coins, rate)
    t.deepEqual(chosen, wanted ? wanted.map(({ outpoint }) => outpoint.index) : 'insufficient-funds')
  }
})
