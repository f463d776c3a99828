import { type BlockHeader, blockHashOf, encodeBlock, merkleRoot } from '../../../core/src/bitcoin/block.ts'
import { decodeTx, encodeTx, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import { EMPTY, equalBytes, u32be } from '../../../core/src/lib/bytes.ts'
import type { LdkBlock, LdkChain } from './ldk-chain.ts'

export interface MemoryChain extends LdkChain {
  /** Puts what was broadcast into a block, and adds empty blocks after it. */
  mine(blocks?: number): void
  readonly mempool: readonly Tx[]
}

/**
 * Takes every transaction and checks nothing: for the check of the LDK support against itself, where no rule of a real chain
 * is in question.
 */
export const memoryChain = (): MemoryChain => {
  const listeners = new Set<(block: LdkBlock) => void>()
  const mempool: Tx[] = []
  let height = 100
  let hash: Uint8Array = new Uint8Array(32).fill(1)
  let funded = 0

  const coinbase = (): Tx => ({
    version: 2,
    inputs: [
      {
        outpoint: { txid: new Uint8Array(32), index: 0xffffffff },
        sequence: 0xffffffff,
        scriptSig: u32be(height),
        witness: [],
      },
    ],
    outputs: [{ amount: 0n, script: Uint8Array.of(0x51) }],
    lockTime: 0,
  })

  const mineOne = (): void => {
    height++
    const txs = [coinbase(), ...mempool.splice(0)]
    const header: BlockHeader = {
      version: 4,
      previous: hash,
      merkleRoot: merkleRoot(txs.map(txidOf)),
      time: 1_700_000_000 + height * 600,
      bits: 0x207fffff,
      nonce: 0,
    }
    hash = blockHashOf(header)
    const block = { height, bytes: encodeBlock({ header, txs }) }
    for (const listener of listeners) listener(block)
  }

  return {
    mempool,
    get tip() {
      return { height, hash }
    },
    onBlock(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    broadcast(txs) {
      for (const bytes of txs) {
        const decoded = decodeTx(bytes)
        if (!decoded.ok) throw new Error(decoded.error.reason)
        const txid = txidOf(decoded.value)
        if (!mempool.some((tx) => equalBytes(txidOf(tx), txid))) mempool.push(decoded.value)
      }
    },
    fund: ({ script, amountSat }) =>
      Promise.resolve(
        encodeTx({
          version: 2,
          inputs: [
            {
              outpoint: { txid: new Uint8Array(32).fill(0xaa), index: funded++ },
              sequence: 0xfffffffd,
              scriptSig: EMPTY,
              witness: [new Uint8Array(64)],
            },
          ],
          outputs: [{ amount: amountSat, script }],
          lockTime: 0,
        }),
      ),
    mine(blocks = 1) {
      for (let i = 0; i < blocks; i++) mineOne()
    },
  }
}
