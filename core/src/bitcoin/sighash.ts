import { sha256d } from '../crypto/hashes.ts'
import { invariant } from '../lib/errors.ts'
import type { Sat } from '../lib/units.ts'
import { ByteWriter, compactSizeLength } from './serialization.ts'
import type { Tx, TxOutput } from './transaction.ts'

export const SIGHASH_ALL = 0x01
const SIGHASH_NONE = 0x02
export const SIGHASH_SINGLE = 0x03
const SIGHASH_ANYONECANPAY = 0x80
export const SIGHASH_SINGLE_ANYONECANPAY = 0x83

/**
 * The hashes of BIP 143 that all inputs of one transaction share, each computed when first asked for. Make one for a
 * transaction with several inputs and pass it along with each of them.
 */
export class SighashMidstate {
  readonly #tx: Tx
  #prevouts: Uint8Array | undefined
  #sequences: Uint8Array | undefined
  #outputs: Uint8Array | undefined

  constructor(tx: Tx) {
    this.#tx = tx
  }

  get prevouts(): Uint8Array {
    this.#prevouts ??= hashPrevouts(this.#tx)
    return this.#prevouts
  }

  get sequences(): Uint8Array {
    this.#sequences ??= hashSequences(this.#tx)
    return this.#sequences
  }

  get outputs(): Uint8Array {
    this.#outputs ??= hashOutputs(this.#tx.outputs)
    return this.#outputs
  }
}

export interface SegwitV0SighashRequest {
  readonly tx: Tx
  readonly inputIndex: number
  /** The script that runs, without a length in front: the witness script, or `p2wpkhScriptCode` of the key's hash. */
  readonly scriptCode: Uint8Array
  /** What the spent output holds. */
  readonly amount: Sat
  readonly sighashType: number
  /** Of the same transaction, when several of its inputs are hashed. */
  readonly midstate?: SighashMidstate
}

const ZEROS = new Uint8Array(32)

/** The digest that a signature in a version 0 witness covers (BIP 143). */
export const segwitV0Sighash = (request: SegwitV0SighashRequest): Uint8Array => {
  const { tx, inputIndex, scriptCode, amount, sighashType } = request
  const input = tx.inputs[inputIndex]
  invariant(input !== undefined, 'the input to sign exists')
  const midstate = request.midstate ?? new SighashMidstate(tx)
  const anyoneCanPay = (sighashType & SIGHASH_ANYONECANPAY) !== 0
  const base = sighashType & 0x1f
  const coversOutputs = base !== SIGHASH_SINGLE && base !== SIGHASH_NONE

  const writer = new ByteWriter(156 + compactSizeLength(scriptCode.length) + scriptCode.length)
  writer.u32(tx.version)
  writer.raw(anyoneCanPay ? ZEROS : midstate.prevouts)
  writer.raw(anyoneCanPay || !coversOutputs ? ZEROS : midstate.sequences)
  writer.raw(input.outpoint.txid)
  writer.u32(input.outpoint.index)
  writer.sized(scriptCode)
  writer.u64(amount)
  writer.u32(input.sequence)
  writer.raw(coversOutputs ? midstate.outputs : base === SIGHASH_SINGLE ? hashOutputAt(tx, inputIndex) : ZEROS)
  writer.u32(tx.lockTime)
  writer.u32(sighashType)
  return sha256d(writer.bytes)
}

const hashPrevouts = (tx: Tx): Uint8Array => {
  const writer = new ByteWriter(36 * tx.inputs.length)
  for (const { outpoint } of tx.inputs) {
    writer.raw(outpoint.txid)
    writer.u32(outpoint.index)
  }
  return sha256d(writer.bytes)
}

const hashSequences = (tx: Tx): Uint8Array => {
  const writer = new ByteWriter(4 * tx.inputs.length)
  for (const { sequence } of tx.inputs) writer.u32(sequence)
  return sha256d(writer.bytes)
}

const hashOutputs = (outputs: readonly TxOutput[]): Uint8Array => {
  let length = 0
  for (const { script } of outputs) length += 8 + compactSizeLength(script.length) + script.length
  const writer = new ByteWriter(length)
  for (const { amount, script } of outputs) {
    writer.u64(amount)
    writer.sized(script)
  }
  return sha256d(writer.bytes)
}

// BIP 143: an input of type SINGLE with no output at its index commits to zeros.
const hashOutputAt = (tx: Tx, index: number): Uint8Array => {
  const output = tx.outputs[index]
  return output === undefined ? ZEROS : hashOutputs([output])
}
