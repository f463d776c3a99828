import {
  OutPoint,
  Result_CVec_UtxoZNoneZ,
  Result_CVec_u8ZNoneZ,
  Result_TransactionNoneZ,
  TxOut,
  Utxo,
  WalletSource,
} from 'lightningdevkit'
import { p2wpkh, p2wpkhScriptCode } from '../../../../core/src/bitcoin/script.ts'
import { ByteReader } from '../../../../core/src/bitcoin/serialization.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../../../core/src/bitcoin/sighash.ts'
import { decodeTx, encodeTx, type Tx, txidOf, withWitness } from '../../../../core/src/bitcoin/transaction.ts'
import { hash160, sha256 } from '../../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../../core/src/crypto/secp256k1.ts'
import { toDer } from '../../../../core/src/crypto/signature-der.ts'
import { concat, equalBytes, utf8Encode } from '../../../../core/src/lib/bytes.ts'

/** The coins by which LDK pays the fees of a force-close: one p2wpkh key. */
export interface LdkWallet {
  readonly script: Uint8Array
  readonly source: WalletSource
  readonly balanceSat: bigint
  /** To be called with every transaction of every block. */
  confirmed(tx: Tx): void
}

interface Coin {
  readonly txid: Uint8Array
  readonly index: number
  readonly amount: bigint
}

// An empty script, the number of witness items, a signature of 73 bytes and a key of 33, each behind its length.
const SATISFACTION_WEIGHT = 4n + 1n + 74n + 34n

export const ldkWallet = (seed: Uint8Array): LdkWallet => {
  const privateKey = sha256(concat(utf8Encode('ldk wallet'), seed))
  const publicKey = secp256k1.publicKey(privateKey)
  const script = p2wpkh(publicKey)
  const scriptCode = p2wpkhScriptCode(hash160(publicKey))
  const coins: Coin[] = []

  const coinAt = (txid: Uint8Array, index: number): Coin | undefined =>
    coins.find((coin) => coin.index === index && equalBytes(coin.txid, txid))

  const signOurs = (unsigned: Tx): Tx => {
    let signed = unsigned
    unsigned.inputs.forEach(({ outpoint }, inputIndex) => {
      const coin = coinAt(outpoint.txid, outpoint.index)
      if (coin === undefined) return
      const digest = segwitV0Sighash({
        tx: unsigned,
        inputIndex,
        scriptCode,
        amount: coin.amount,
        sighashType: SIGHASH_ALL,
      })
      const signature = concat(toDer(secp256k1.sign(digest, privateKey)), Uint8Array.of(SIGHASH_ALL))
      signed = withWitness(signed, inputIndex, [signature, publicKey])
    })
    return signed
  }

  return {
    script,
    source: WalletSource.new_impl({
      list_confirmed_utxos: () =>
        Result_CVec_UtxoZNoneZ.constructor_ok(
          coins.map(({ txid, index, amount }) =>
            Utxo.constructor_new(
              OutPoint.constructor_new(txid, index),
              TxOut.constructor_new(amount, script),
              SATISFACTION_WEIGHT,
            ),
          ),
        ),
      get_change_script: () => Result_CVec_u8ZNoneZ.constructor_ok(script),
      sign_psbt(bytes) {
        const decoded = decodeTx(unsignedTxOf(bytes))
        return decoded.ok
          ? Result_TransactionNoneZ.constructor_ok(encodeTx(signOurs(decoded.value)))
          : Result_TransactionNoneZ.constructor_err()
      },
    }),
    get balanceSat() {
      return coins.reduce((sum, { amount }) => sum + amount, 0n)
    },
    confirmed(tx) {
      for (const { outpoint } of tx.inputs) {
        const spent = coinAt(outpoint.txid, outpoint.index)
        if (spent !== undefined) coins.splice(coins.indexOf(spent), 1)
      }
      tx.outputs.forEach((output, index) => {
        if (equalBytes(output.script, script)) coins.push({ txid: txidOf(tx), index, amount: output.amount })
      })
    },
  }
}

// BIP 174: five bytes of magic, then the global map, which LDK begins with the unsigned transaction (key 00).
const unsignedTxOf = (psbt: Uint8Array): Uint8Array => {
  const reader = new ByteReader(psbt.subarray(5))
  reader.sized()
  return reader.sized()
}
