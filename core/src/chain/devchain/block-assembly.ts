import { type Block, type BlockHeader, blockHashOf, merkleRoot } from '../../bitcoin/block.ts'
import { compileScript } from '../../bitcoin/script.ts'
import { SEQUENCE_FINAL, type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { concat, u32be } from '../../lib/bytes.ts'
import type { BlockHash } from '../../lib/ids.ts'
import type { BlockHeight, Sat } from '../../lib/units.ts'
import { heightPush, meetsTarget, REGTEST_BITS, subsidyAt, witnessCommitment } from './block-rules.ts'

export interface BlockToMine {
  readonly previous: BlockHash
  readonly height: BlockHeight
  /** Seconds since the Unix epoch. */
  readonly time: number
  readonly txs: readonly Tx[]
  readonly fees: Sat
  /** Who gets the subsidy and the fees. */
  readonly script: Uint8Array
  /** Tells blocks apart that would be the same otherwise. */
  readonly extraNonce: number
}

const RESERVED = new Uint8Array(32)
const VERSION = 0x20000000

/** A block that satisfies regtest's proof of work. */
export const mineBlock = ({ previous, height, time, txs, fees, script, extraNonce }: BlockToMine): Block => {
  const base: Tx = {
    version: 2,
    inputs: [
      {
        outpoint: { txid: new Uint8Array(32), index: 0xffffffff },
        scriptSig: concat(heightPush(height), compileScript([u32be(extraNonce)])),
        sequence: SEQUENCE_FINAL,
        witness: [RESERVED],
      },
    ],
    outputs: [{ amount: subsidyAt(height) + fees, script }],
    lockTime: 0,
  }
  const commitment = { amount: 0n, script: witnessCommitment([base, ...txs], RESERVED) }
  const all = [{ ...base, outputs: [...base.outputs, commitment] }, ...txs]
  const header = { version: VERSION, previous, merkleRoot: merkleRoot(all.map(txidOf)), time, bits: REGTEST_BITS }
  return { header: withWork(header), txs: all }
}

const withWork = (header: Omit<BlockHeader, 'nonce'>): BlockHeader => {
  for (let nonce = 0; ; nonce++) {
    const attempt = { ...header, nonce }
    if (meetsTarget(blockHashOf(attempt))) return attempt
  }
}
