import { type Block, merkleRoot } from '../../bitcoin/block.ts'
import { compileScript, OPS, scriptNumber } from '../../bitcoin/script.ts'
import { type Tx, txWeight, wtxidOf } from '../../bitcoin/transaction.ts'
import { sha256d } from '../../crypto/hashes.ts'
import { compareBytes, concat, equalBytes, fromHex, reversed } from '../../lib/bytes.ts'
import type { BlockHeight, Sat } from '../../lib/units.ts'
import type { ChainBlock } from '../chain-backend.ts'
import type { TxRejection } from './tx-rejection.ts'
import { checkTx, isCoinbaseTx, MAX_BLOCK_WEIGHT } from './tx-rules.ts'

/** Why a block does not extend the tip; the words are bitcoind's. */
export type BlockRejection =
  | { readonly code: BlockRejectionCode }
  | { readonly code: 'bad-tx'; readonly tx: TxRejection }

type BlockRejectionCode =
  | 'prev-blk-not-found'
  | 'bad-diffbits'
  | 'high-hash'
  | 'time-too-old'
  | 'bad-version'
  | 'bad-txnmrklroot'
  | 'bad-blk-length'
  | 'bad-cb-missing'
  | 'bad-cb-multiple'
  | 'bad-cb-length'
  | 'bad-cb-height'
  | 'bad-cb-amount'
  | 'bad-txns-nonfinal'
  | 'bad-witness-nonce-size'
  | 'bad-witness-merkle-match'
  | 'unexpected-witness'

/** The difficulty of every regtest block: two attempts on average. */
export const REGTEST_BITS = 0x207fffff
const REGTEST_TARGET = fromHex(`7fffff${'00'.repeat(29)}`)
const HALVING_INTERVAL = 150
const INITIAL_SUBSIDY = 5_000_000_000n
const BLOCK_OVERHEAD_WEIGHT = 4 * 83
const WITNESS_COMMITMENT_HEAD = Uint8Array.of(OPS.OP_RETURN, 0x24, 0xaa, 0x21, 0xa9, 0xed)

/** What a block may create. On regtest it halves every 150 blocks. */
export const subsidyAt = (height: BlockHeight): Sat => INITIAL_SUBSIDY >> BigInt(Math.floor(height / HALVING_INTERVAL))

export const meetsTarget = (hash: Uint8Array): boolean => compareBytes(reversed(hash), REGTEST_TARGET) <= 0

/** BIP 34: what a coinbase's script starts with. */
export const heightPush = (height: BlockHeight): Uint8Array => compileScript([scriptNumber(height)])

/** BIP 141: the output script that commits to the witnesses, given what the coinbase's witness holds. */
export const witnessCommitment = (txs: readonly Tx[], reserved: Uint8Array): Uint8Array => {
  const root = merkleRoot(txs.map((tx, i) => (i === 0 ? new Uint8Array(32) : wtxidOf(tx))))
  return concat(WITNESS_COMMITMENT_HEAD, sha256d(concat(root, reserved)))
}

/** What can be said of a block from itself and the tip. `undefined` when nothing is wrong. */
export const checkBlock = (
  { header, txs }: Block,
  block: ChainBlock,
  tip: ChainBlock & { readonly medianTimePast: number },
): BlockRejection | undefined => {
  if (!equalBytes(header.previous, tip.hash)) return { code: 'prev-blk-not-found' }
  if (header.bits !== REGTEST_BITS) return { code: 'bad-diffbits' }
  if (!meetsTarget(block.hash)) return { code: 'high-hash' }
  if (header.time <= tip.medianTimePast) return { code: 'time-too-old' }
  if (header.version < 4) return { code: 'bad-version' }
  if (!equalBytes(merkleRoot(block.txids), header.merkleRoot)) return { code: 'bad-txnmrklroot' }
  const [coinbase, ...rest] = txs
  if (coinbase === undefined || !isCoinbaseTx(coinbase)) return { code: 'bad-cb-missing' }
  if (rest.some(isCoinbaseTx)) return { code: 'bad-cb-multiple' }
  for (const tx of txs) {
    const rejection = checkTx(tx)
    if (rejection !== undefined) return { code: 'bad-tx', tx: rejection }
  }
  const weight = txs.reduce((sum, tx) => sum + txWeight(tx), BLOCK_OVERHEAD_WEIGHT)
  if (weight > MAX_BLOCK_WEIGHT) return { code: 'bad-blk-length' }
  return checkCoinbase(coinbase, txs, block.height)
}

const checkCoinbase = (coinbase: Tx, txs: readonly Tx[], height: BlockHeight): BlockRejection | undefined => {
  const { scriptSig = new Uint8Array(0), witness = [] } = coinbase.inputs[0] ?? {}
  if (scriptSig.length < 2 || scriptSig.length > 100) return { code: 'bad-cb-length' }
  const prefix = heightPush(height)
  if (!equalBytes(scriptSig.subarray(0, prefix.length), prefix)) return { code: 'bad-cb-height' }
  // BIP 141: the last output that looks like a commitment is the one.
  const commitment = coinbase.outputs.findLast(
    ({ script }) => script.length >= 38 && equalBytes(script.subarray(0, 6), WITNESS_COMMITMENT_HEAD),
  )
  if (commitment === undefined) {
    const hasWitness = txs.some(({ inputs }) => inputs.some((input) => input.witness.length > 0))
    return hasWitness ? { code: 'unexpected-witness' } : undefined
  }
  const [reserved, ...more] = witness
  if (reserved?.length !== 32 || more.length > 0) return { code: 'bad-witness-nonce-size' }
  return equalBytes(commitment.script.subarray(0, 38), witnessCommitment(txs, reserved))
    ? undefined
    : { code: 'bad-witness-merkle-match' }
}
