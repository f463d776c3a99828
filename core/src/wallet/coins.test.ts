import test from 'ava'
import { outpointKey } from '../chain/outpoint-key.ts'
import { seededRng } from '../lib/rng.ts'
import type { Coin } from './coin.ts'
import { coinsOf, largestFirst, poolOf, smallestFrom } from './coin-pool.ts'
import { Coins } from './coins.ts'

const random = (seed: number) => {
  const rng = seededRng(seed)
  return (below: number): number => new DataView(rng.bytes(4).buffer).getUint32(0) % below
}

const keysOf = (coins: Iterable<Coin>): readonly string[] =>
  [...coins].map(({ outpoint, amount }) => `${outpointKey(outpoint)} ${amount}`).sort()

test('coins — after any changes the free ones, their sum and those that wait are those of all', (t) => {
  const below = random(1)
  let coins = new Coins()
  const known = new Map<string, Coin>()
  for (let i = 0; i < 3_000; i++) {
    const outpoint = { txid: new Uint8Array(32).fill(below(10)), index: below(20) }
    const key = outpointKey(outpoint)
    const before = [...coins.values()]
    const old = coins
    if (below(4) === 0) {
      coins = coins.without(key)
      known.delete(key)
    } else {
      const coin: Coin = {
        outpoint,
        amount: BigInt(below(5)),
        path: { type: below(2) === 0 ? 'p2tr' : 'p2wpkh', branch: 'receive', index: 0 },
        ...(below(3) > 0 && { height: 5 }),
        ours: true,
        coinbase: below(5) === 0,
        reserved: below(5) === 0,
        ...(below(5) === 0 && { frozen: 'operator' }),
        ...(below(5) === 0 && { spentBy: new Uint8Array(32) }),
      }
      coins = coins.with(coin)
      known.set(key, coin)
    }
    t.deepEqual([...old.values()], before)
  }
  const unused = [...known.values()].filter(({ spentBy, reserved, frozen }) => !spentBy && !reserved && !frozen)
  const free = unused.filter(({ height, coinbase }) => height !== undefined && !coinbase)
  t.true(free.length > 5)
  t.is(coins.size, known.size)
  t.deepEqual(keysOf(coinsOf(coins.free)), keysOf(free))
  t.is(
    coins.freeAmount,
    free.reduce((sum, { amount }) => sum + amount, 0n),
  )
  t.deepEqual(keysOf(coins.waiting()), keysOf(unused.filter((coin) => !free.includes(coin))))
})

test('a pool — gives what is worth its fee by what it adds, whatever kind of output it is', (t) => {
  const coin = (amount: bigint, type: 'p2tr' | 'p2wpkh', height?: number): Coin => ({
    outpoint: { txid: new Uint8Array(32), index: Number(amount) },
    amount,
    path: { type, branch: 'receive', index: 0 },
    ...(height !== undefined && { height }),
    ours: true,
    coinbase: false,
    reserved: false,
  })
  // At 10 sat/vbyte an input of p2wpkh costs 680 sat, one of p2tr 575.
  const coins = [
    coin(2_000n, 'p2wpkh', 1),
    coin(1_950n, 'p2tr', 1),
    coin(1_900n, 'p2wpkh'),
    coin(600n, 'p2wpkh', 1),
    coin(576n, 'p2tr'),
  ]
  const pool = poolOf(coins)
  t.deepEqual(
    [...largestFirst(pool, 2_500)].map(({ amount }) => amount),
    [1_950n, 2_000n, 1_900n, 576n],
  )
  const [run] = pool
  t.deepEqual(run && [...smallestFrom(run, 601n)].map(({ amount }) => amount), [2_000n])
  t.deepEqual(run && [...smallestFrom(run, 600n)].map(({ amount }) => amount), [600n, 2_000n])
})
