import { NETWORKS } from '../bitcoin/network.ts'
import type { ChainBlock } from '../chain/chain-backend.ts'
import { Devchain } from '../chain/devchain/devchain.ts'
import { masterKey } from '../crypto/hd-key.ts'
import { toHex } from '../lib/bytes.ts'
import { virtualClock } from '../lib/clock-virtual.ts'
import { invariant } from '../lib/errors.ts'
import { ok, type Result } from '../lib/result.ts'
import { seededRng } from '../lib/rng.ts'
import { builtInWallet } from './built-in-wallet.ts'
import { seedChains, walletKeys } from './keys.ts'
import { StateReader, type UnreadableRow } from './rows.ts'
import type { DroppedTx, Wallet } from './wallet.ts'
import { EMPTY_WALLET, type WalletState } from './wallet-state.ts'

/** The state that the rows keep. */
export const restoreState = (
  rows: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
): Result<WalletState, UnreadableRow> => {
  const reader = new StateReader()
  for (const row of rows) {
    const read = reader.add(row)
    if (!read.ok) return read
  }
  return ok(reader.state)
}

/** A wallet that follows an embedded chain, and a store of its rows. For tests. */
export const walletRig = (
  seed = 1,
  anchorReserve: (moreChannels: number) => bigint = () => 0n,
  { areShared = false } = {},
) => {
  const clock = virtualClock()
  const chain = Devchain.open({ clock })
  const rows = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>()
  const keys = walletKeys(seedChains(masterKey(new Uint8Array(64).fill(seed)), NETWORKS.regtest), { areShared })

  const dropped: DroppedTx[] = []
  const open = (state: WalletState): Wallet =>
    builtInWallet({
      keys,
      network: NETWORKS.regtest,
      clock,
      rng: seededRng(seed),
      state,
      anchorReserve,
      save(changed, _, lost) {
        dropped.push(...lost)
        for (const { key, value } of changed) {
          if (value === undefined) rows.delete(toHex(key))
          else rows.set(toHex(key), { key, value })
        }
      },
    })
  const stored = (): WalletState => {
    const restored = restoreState(rows.values())
    invariant(restored.ok, 'the rows can be read')
    return restored.value
  }

  const wallet = open(EMPTY_WALLET)
  let followed: ChainBlock[] = []
  /** Undoes and adds blocks until the wallet is where the chain is. */
  const follow = (): void => {
    const kept = followed.filter((block) => chain.isInBestChain(block))
    const undone = followed[kept.length]
    if (undone !== undefined) wallet.undoBlocks(undone.height)
    followed = kept
    const from = kept.at(-1)?.height ?? 150
    for (let height = from + 1; height <= chain.tip.height; height++) {
      const block = chain.blockAt(height)
      invariant(block !== undefined, 'a block of the best chain')
      wallet.processBlock(block)
      followed.push(block)
    }
  }
  const mine = (count = 1): void => {
    chain.mine(count)
    follow()
  }
  /** Pays fresh addresses from the faucet, in one block. */
  const receive = (...amounts: readonly bigint[]): void => {
    const outputs = amounts.map((amount, i) => ({
      amount,
      script: wallet.newAddress(i % 2 === 0 ? 'p2tr' : 'p2wpkh').script,
    }))
    invariant(chain.fund(outputs).ok, 'the faucet has enough')
    mine()
  }
  return { clock, chain, keys, wallet, rows, dropped, stored, follow, mine, receive, reopen: () => open(stored()) }
}
