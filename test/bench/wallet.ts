import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { masterKey } from '../../core/src/crypto/hd-key.ts'
import { EMPTY, u32be } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { systemRng } from '../../core/src/lib/rng.ts'
import { builtInWallet } from '../../core/src/wallet/built-in-wallet.ts'
import type { Coin } from '../../core/src/wallet/coin.ts'
import { Coins } from '../../core/src/wallet/coins.ts'
import { seedChains, walletKeys } from '../../core/src/wallet/keys.ts'
import { EMPTY_WALLET } from '../../core/src/wallet/wallet-state.ts'
import type { WalletTx } from '../../core/src/wallet/wallet-tx.ts'
import { WalletTxs } from '../../core/src/wallet/wallet-txs.ts'
import { type Benchmark, perSecond } from './benchmark.ts'

const OUTPUT = { amount: 1_000_000n, script: new Uint8Array(34) }

/** How often a wallet of so many coins, after so many transactions, can choose coins for a channel, and give them back. */
const fundings = (count: number, history = 0): number => {
  const coins = Array.from(
    { length: count },
    (_, index): Coin => ({
      outpoint: { txid: new Uint8Array(32).fill(1), index },
      amount: 100_000n + BigInt(index) * 50_000n,
      path: { type: 'p2tr', branch: 'receive', index },
      height: 100,
      ours: false,
      coinbase: false,
      reserved: false,
    }),
  )
  const txs = Array.from({ length: history }, (_, index): WalletTx => {
    const [txid, spent] = [sha256(u32be(index)), sha256(u32be(index + 1))]
    const input = { outpoint: { txid: spent, index: 0 }, sequence: 0, scriptSig: EMPTY, witness: [] }
    const tx = { version: 2, inputs: [input], outputs: [OUTPUT], lockTime: 0 }
    return { txid, tx, height: 100, received: 0n, spent: 1n, seenAt: 0 }
  })
  const next = { ...EMPTY_WALLET.next, p2tr: { receive: count, change: 0 } }
  const wallet = builtInWallet({
    keys: walletKeys(seedChains(masterKey(new Uint8Array(64).fill(1)), NETWORKS.regtest)),
    network: NETWORKS.regtest,
    clock: systemClock,
    rng: systemRng,
    state: { ...EMPTY_WALLET, coins: Coins.of(coins), txs: WalletTxs.of(txs), next, height: 200 },
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
  run: async () => [
    ...[60, 1_000, 50_000].map((coins) => ({ name: `wallet.fund.coins${coins}`, value: fundings(coins), unit: '/s' })),
    { name: 'wallet.fund.history100000', value: fundings(60, 100_000), unit: '/s' },
  ],
}
