import { feeForWeight, outputWeight, P2WPKH_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../bitcoin/fees.ts'
import { p2wpkh, p2wpkhScriptCode } from '../../bitcoin/script.ts'
import { SIGHASH_ALL, SighashMidstate, segwitV0Sighash } from '../../bitcoin/sighash.ts'
import type { Tx, TxOutput } from '../../bitcoin/transaction.ts'
import { hash160, sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { toDer } from '../../crypto/signature-der.ts'
import { concat, utf8Encode } from '../../lib/bytes.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'

export interface SpendableCoin extends TxOutput {
  readonly outpoint: OutPoint
}

// Play money: anyone may know the key.
const PRIVATE_KEY = sha256(utf8Encode('fulgurite devchain faucet'))
const PUBLIC_KEY = secp256k1.publicKey(PRIVATE_KEY)
const SCRIPT_CODE = p2wpkhScriptCode(hash160(PUBLIC_KEY))
const FEERATE = 2_500
const MIN_CHANGE = 10_000n

/** Where blocks mined for nobody else pay to. */
export const FAUCET_SCRIPT = p2wpkh(PUBLIC_KEY)

/** A signed transaction that pays the outputs from the faucet's coins; `undefined` when they do not suffice. */
export const payFromFaucet = (coins: readonly SpendableCoin[], outputs: readonly TxOutput[]): Tx | undefined => {
  const sorted = [...coins].sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0))
  const change = { amount: 0n, script: FAUCET_SCRIPT }
  const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n)
  const fixedWeight = [...outputs, change].reduce((sum, { script }) => sum + outputWeight(script), TX_OVERHEAD_WEIGHT)
  const chosen: SpendableCoin[] = []
  let gathered = 0n
  for (const coin of sorted) {
    chosen.push(coin)
    gathered += coin.amount
    const fee = feeForWeight(FEERATE, fixedWeight + chosen.length * P2WPKH_INPUT_WEIGHT)
    const rest: Sat = gathered - paid - fee
    if (rest >= MIN_CHANGE) return signed(chosen, [...outputs, { ...change, amount: rest }])
  }
  return undefined
}

const signed = (coins: readonly SpendableCoin[], outputs: readonly TxOutput[]): Tx => {
  const tx: Tx = {
    version: 2,
    inputs: coins.map(({ outpoint }) => ({
      outpoint,
      sequence: 0xfffffffd,
      scriptSig: new Uint8Array(0),
      witness: [],
    })),
    outputs,
    lockTime: 0,
  }
  const midstate = new SighashMidstate(tx)
  const inputs = tx.inputs.map((input, inputIndex) => {
    const { amount } = coins[inputIndex] as SpendableCoin
    const digest = segwitV0Sighash({
      tx,
      inputIndex,
      scriptCode: SCRIPT_CODE,
      amount,
      sighashType: SIGHASH_ALL,
      midstate,
    })
    const signature = concat(toDer(secp256k1.sign(digest, PRIVATE_KEY)), Uint8Array.of(SIGHASH_ALL))
    return { ...input, witness: [signature, PUBLIC_KEY] }
  })
  return { ...tx, inputs }
}
