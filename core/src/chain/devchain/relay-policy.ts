import { type OutputType, outputType } from '../../bitcoin/script.ts'
import { encodeTxWithoutWitness, type Tx, type TxOutput, txWeight } from '../../bitcoin/transaction.ts'
import type { Sat } from '../../lib/units.ts'
import type { Coin } from './coin.ts'
import type { TxRejection } from './tx-rejection.ts'

// What bitcoind relays by default, where it is stricter than consensus.
const MAX_STANDARD_WEIGHT = 400_000
const MIN_STANDARD_SIZE = 65
/** Until version 30, which relays more of them, and longer ones. */
const MAX_DATA_CARRIER = 83
const MAX_DATA_OUTPUTS = 1
const MAX_SCRIPT_SIG = 1_650
const MAX_WITNESS_SCRIPT = 3_600
const MAX_WITNESS_ITEMS = 100
const MAX_WITNESS_ITEM = 80
/** BIP 341: what an annex begins with, which nobody relays. */
const ANNEX = 0x50
const DUST_RATE = 3n
const SPEND_SIZE = 148n
const WITNESS_SPEND_SIZE = 67n

/** Satoshis per 1000 vbytes that a transaction must pay to enter, and a replacement on top of what it evicts. */
const RELAY_FEE_PER_KVB = 1_000n

/** The lowest fee for a size, rounded as bitcoind does it: up. */
export const leastRelayFee = (vsize: number): Sat => (RELAY_FEE_PER_KVB * BigInt(vsize) + 999n) / 1000n

/** What nodes do not relay though a block may hold it. `undefined` when nothing is wrong. */
export const checkStandard = (tx: Tx): TxRejection | undefined => {
  // Version 3 (BIP 431) has relay rules of its own, which this mempool does not know.
  if (tx.version !== 1 && tx.version !== 2) return { code: 'version' }
  if (txWeight(tx) > MAX_STANDARD_WEIGHT) return { code: 'tx-size' }
  if (tx.inputs.some(({ scriptSig }) => scriptSig.length > MAX_SCRIPT_SIG)) return { code: 'script-sig-size' }
  let carriers = 0
  for (const output of tx.outputs) {
    const type = outputType(output.script)
    const isData = type === 'op-return'
    if (type === 'non-standard' || (isData && output.script.length > MAX_DATA_CARRIER)) return { code: 'script-pubkey' }
    if (isData) carriers++
    if (output.amount < dustThreshold(output, type)) return { code: 'dust' }
  }
  if (carriers > MAX_DATA_OUTPUTS) return { code: 'multi-op-return' }
  // 64 bytes could be read as a node of the merkle tree.
  if (encodeTxWithoutWitness(tx).length < MIN_STANDARD_SIZE) return { code: 'tx-size-small' }
  return undefined
}

/** The same for the witnesses, once it is known what they spend. */
export const checkWitnessStandard = (tx: Tx, coins: readonly Coin[]): TxRejection | undefined => {
  for (const [i, { witness }] of tx.inputs.entries()) {
    const type = outputType((coins[i] as Coin).script)
    if (type === 'p2tr' && witness.length > 1 && witness.at(-1)?.[0] === ANNEX) return { code: 'witness-nonstandard' }
    if (type !== 'p2wsh' || witness.length === 0) continue
    const items = witness.slice(0, -1)
    const isStandard =
      (witness.at(-1) as Uint8Array).length <= MAX_WITNESS_SCRIPT &&
      items.length <= MAX_WITNESS_ITEMS &&
      items.every(({ length }) => length <= MAX_WITNESS_ITEM)
    if (!isStandard) return { code: 'witness-nonstandard' }
  }
  return undefined
}

const dustThreshold = ({ script }: TxOutput, type: OutputType): bigint => {
  if (type === 'op-return') return 0n
  const spendSize = type === 'p2pkh' || type === 'p2sh' ? SPEND_SIZE : WITNESS_SPEND_SIZE
  return (8n + 1n + BigInt(script.length) + spendSize) * DUST_RATE
}
