import { initEccLib } from 'bitcoinjs-lib/src/ecc_lib'
import { tapTweakHash } from 'bitcoinjs-lib/src/payments/bip341'
import { Transaction } from 'bitcoinjs-lib/src/transaction'
import * as ecc from 'tiny-secp256k1'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { concat } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { PrivateKey, PublicKey } from '../lib/ids.ts'
import { encodeTx, type Tx, type TxOutput } from './transaction.ts'

// The library holds the curve in a slot of its own; its self-test costs more than a start should.
initEccLib(ecc, { DANGER_DO_NOT_VERIFY_ECCLIB: true })

/** The sighash type that a 64-byte taproot signature implies (BIP 341). */
export const SIGHASH_DEFAULT = 0x00

const EVEN_Y = Uint8Array.of(0x02)

export interface TaprootSighashRequest {
  readonly tx: Tx
  readonly inputIndex: number
  /** What each input spends, in the order of the inputs. */
  readonly prevouts: readonly TxOutput[]
  readonly sighashType: number
}

/** The digest that a signature of a key-path spend covers (BIP 341). */
export const taprootSighash = ({ tx, inputIndex, prevouts, sighashType }: TaprootSighashRequest): Uint8Array => {
  invariant(prevouts.length === tx.inputs.length, 'each input has its spent output')
  return Transaction.fromBuffer(encodeTx(tx)).hashForWitnessV1(
    inputIndex,
    prevouts.map(({ script }) => script),
    prevouts.map(({ amount }) => amount),
    sighashType,
  )
}

/** The 32-byte x coordinate of a compressed key. */
export const xOnly = (publicKey: PublicKey): Uint8Array => publicKey.slice(1, 33)

/** BIP 86: the output key of an internal key (32 bytes) without scripts. */
export const taprootOutputKey = (internalKey: Uint8Array): Uint8Array => {
  // BIP 340: a key stands for the point with even y.
  const point = concat(EVEN_Y, internalKey)
  return xOnly(secp256k1.pointTweakAdd(point, tapTweakHash(internalKey, undefined)))
}

/** The key that signs for `taprootOutputKey` of the private key's public key. */
export const taprootTweakedPrivateKey = (privateKey: PrivateKey): PrivateKey => {
  const publicKey = ecc.pointFromScalar(privateKey, true)
  invariant(publicKey !== null, 'the private key is valid')
  // BIP 340: a key stands for the point with even y.
  const even = publicKey[0] === 0x03 ? ecc.privateNegate(privateKey) : privateKey
  const tweaked = ecc.privateAdd(even, tapTweakHash(xOnly(publicKey), undefined))
  invariant(tweaked !== null, 'the tweaked key is valid')
  return tweaked
}

/** A BIP 340 signature, 64 bytes. `auxiliary`: 32 fresh random bytes. */
export const schnorrSign = (digest: Uint8Array, privateKey: PrivateKey, auxiliary: Uint8Array): Uint8Array =>
  ecc.signSchnorr(digest, privateKey, auxiliary)

/** Whether a BIP 340 signature is valid for the 32-byte key. False for any other bytes. */
export const schnorrVerify = (signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean => {
  try {
    return ecc.verifySchnorr(digest, key, signature)
  } catch {
    // The library refuses to look at bytes of another length, and at numbers beyond the curve's.
    return false
  }
}
