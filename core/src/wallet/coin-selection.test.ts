import test from 'ava'
import { type Candidate, selectCoins } from './coin-selection.ts'

const coin = (index: number, amount: bigint, more: { readonly height?: undefined } = {}): Candidate => ({
  coin: {
    outpoint: { txid: new Uint8Array(32), index },
    amount,
    path: { type: 'p2tr', branch: 'receive', index },
    ...('height' in more ? {} : { height: 100 }),
    ours: true,
    coinbase: false,
    reserved: false,
  },
  script: new Uint8Array(34),
})

/** The indexes of what is chosen for 1,000,000 sat at a rate of 1 sat/vbyte. */
const chosenFor = (candidates: readonly Candidate[]) => {
  const selected = selectCoins({
    candidates,
    target: 1_000_000n,
    feeratePerKw: 250,
    changeScript: new Uint8Array(34),
    changeRequired: false,
    inputCount: 0,
    outputCount: 1,
  })
  return selected.ok ? selected.value.chosen.map(({ coin: { outpoint } }) => outpoint.index) : selected.error.code
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
