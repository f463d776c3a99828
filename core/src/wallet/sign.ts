import { outputType, p2wpkhScriptCode } from '../bitcoin/script.ts'
import { SIGHASH_ALL, SighashMidstate, segwitV0Sighash } from '../bitcoin/sighash.ts'
import { SIGHASH_DEFAULT, schnorrSign, taprootSighash, taprootTweakedPrivateKey } from '../bitcoin/taproot.ts'
import type { Tx, TxOutput } from '../bitcoin/transaction.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { toDer } from '../crypto/signature-der.ts'
import { concat } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { Rng } from '../lib/rng.ts'
import type { KeyPath, WalletKeys } from './keys.ts'

export interface SignRequest {
  readonly tx: Tx
  /** What each input spends. */
  readonly prevouts: readonly TxOutput[]
  /** The key of an output of ours. */
  readonly pathOf: (script: Uint8Array) => KeyPath | undefined
  readonly keys: WalletKeys
  readonly rng: Rng
}

/** The transaction with witnesses on the inputs that spend outputs of ours; the others stay as they are. */
export const signTx = ({ tx, prevouts, pathOf, keys, rng }: SignRequest): Tx => {
  invariant(prevouts.length === tx.inputs.length, 'each input has its spent output')
  const midstate = new SighashMidstate(tx)
  const witnessOf = (inputIndex: number, { script, amount }: TxOutput): readonly Uint8Array[] | undefined => {
    const path = pathOf(script)
    if (path === undefined) return undefined
    const privateKey = keys.privateKey(path)
    if (outputType(script) === 'p2tr') {
      const digest = taprootSighash({ tx, inputIndex, prevouts, sighashType: SIGHASH_DEFAULT })
      return [schnorrSign(digest, taprootTweakedPrivateKey(privateKey), rng.bytes(32))]
    }
    const scriptCode = p2wpkhScriptCode(script.subarray(2))
    const digest = segwitV0Sighash({ tx, inputIndex, scriptCode, amount, sighashType: SIGHASH_ALL, midstate })
    const signature = concat(toDer(secp256k1.sign(digest, privateKey)), Uint8Array.of(SIGHASH_ALL))
    return [signature, keys.publicKey(path)]
  }
  const inputs = tx.inputs.map((input, index) => {
    const witness = witnessOf(index, prevouts[index] as TxOutput)
    return witness === undefined ? input : { ...input, witness }
  })
  return { ...tx, inputs }
}
