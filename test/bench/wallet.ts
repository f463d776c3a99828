import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { outpointKey } from '../../core/src/chain/outpoint-key.ts'
import { masterKey } from '../../core/src/crypto/hd-key.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { systemRng } from '../../core/src/lib/rng.ts'
import { builtInWallet } from '../../core/src/wallet/built-in-wallet.ts'
import { walletKeys } from '../../core/src/wallet/keys.ts'
import { type Coin, EMPTY_WALLET } from '../../core/src/wallet/wallet-state.ts'
import { type Benchmark, perSecond } from './benchmark.ts'

const OUTPUT = { amount: 1_000_000n, script: new Uint8Array(34) }

/** How often a wallet of so many coins can choose those for a channel, and give them back. */
const fundings = (count: number): number => {
  const coins = new Map<string, Coin>()
  for (let index = 0; index < count; index++) {
    const outpoint = { txid: new Uint8Array(32).fill(1), index }
    coins.set(outpointKey(outpoint), {
      outpoint,
      amount: 100_000n + BigInt(index) * 50_000n,
      path: { type: 'p2tr', branch: 'receive', index },
      height: 100,
      ours: false,
      coinbase: false,
      reserved: false,
    })
  }
  const next = { ...EMPTY_WALLET.next, p2tr: { receive: count, change: 0 } }
  const wallet = builtInWallet({
    keys: walletKeys(masterKey(new Uint8Array(64).fill(1)), NETWORKS.regtest),
    network: NETWORKS.regtest,
    clock: systemClock,
    rng: systemRng,
    state: { ...EMPTY_WALLET, coins, next, height: 200 },
    save: () => {},
  })
  return perSecond(() => {
    const funded = wallet.fund({ outputs: [OUTPUT], feeratePerKw: 500 })
    if (!funded.ok) throw new Error(funded.error.code)
    wallet.release(funded.value.tx)
  })
}

export const walletBenchmark: Benchmark = {
  figures: ['wallet.fund'],
  run: async () =>
    [60, 1_000].map((coins) => ({ name: `wallet.fund.coins${coins}`, value: fundings(coins), unit: '/s' })),
}
