import { sha256d } from '../crypto/hashes.ts'
import { fromHex, isHex, reversed, toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Sat } from '../lib/units.ts'
import { ByteReader, ByteWriter, compactSizeLength, type SerializationFault } from './serialization.ts'

/** An input of a transaction. `sequence` is unsigned, 32 bits. */
export interface TxInput {
  readonly outpoint: OutPoint
  readonly sequence: number
  readonly scriptSig: Uint8Array
  readonly witness: readonly Uint8Array[]
}

export interface TxOutput {
  readonly amount: Sat
  readonly script: Uint8Array
}

/** A transaction. `version` is signed and `lockTime` unsigned, 32 bits each. */
export interface Tx {
  readonly version: number
  readonly inputs: readonly TxInput[]
  readonly outputs: readonly TxOutput[]
  readonly lockTime: number
}

export interface MalformedTransaction {
  readonly code: 'malformed-transaction'
  readonly reason: SerializationFault
}

/** The sequence of an input that opts out of relative locktimes and of replacement. */
export const SEQUENCE_FINAL = 0xffffffff

/** The sequence of an input without a relative locktime that may be replaced (BIP 125) and heeds the transaction's locktime. */
export const SEQUENCE_REPLACEABLE = 0xfffffffd

const MINIMUM_INPUT_LENGTH = 41
const MINIMUM_OUTPUT_LENGTH = 9

/** The form without witnesses, which the transaction's id commits to. */
export const encodeTxWithoutWitness = (tx: Tx): Uint8Array => {
  const writer = new ByteWriter(baseLength(tx))
  writeBase(writer, tx, undefined)
  return writer.bytes
}

/** The form that travels (BIP 144): with witnesses if any input has one. */
export const encodeTx = (tx: Tx): Uint8Array => {
  if (!hasWitness(tx)) return encodeTxWithoutWitness(tx)
  const writer = new ByteWriter(baseLength(tx) + witnessLength(tx))
  writeBase(writer, tx, tx.inputs)
  return writer.bytes
}

/** Reads one transaction that takes up all the bytes. Strict: shortest sizes, at least one input, no empty witness part. */
export const decodeTx = (bytes: Uint8Array): Result<Tx, MalformedTransaction> => {
  const reader = new ByteReader(bytes)
  const tx = readTx(reader)
  reader.end()
  return reader.fault === undefined ? ok(tx) : err({ code: 'malformed-transaction', reason: reader.fault })
}

/** Reads one transaction and leaves the reader behind it; worthless once the reader has a fault. */
export const readTx = (reader: ByteReader): Tx => {
  const version = reader.i32()
  const segwit = reader.peek() === 0
  if (segwit) {
    reader.u8()
    // BIP 144: a zero where the number of inputs stands is the marker, and the only flag in use is 1.
    const flag = reader.u8()
    if (flag !== 1) reader.fail(flag === 0 ? 'no-inputs' : 'unknown-flag')
  }
  const bare: Omit<TxInput, 'witness'>[] = []
  const inputCount = reader.count(MINIMUM_INPUT_LENGTH)
  if (inputCount === 0) reader.fail('no-inputs')
  for (let i = 0; i < inputCount && reader.fault === undefined; i++) {
    const outpoint = { txid: reader.raw(32), index: reader.u32() }
    const scriptSig = reader.sized()
    bare.push({ outpoint, scriptSig, sequence: reader.u32() })
  }
  const outputs: TxOutput[] = []
  const outputCount = reader.count(MINIMUM_OUTPUT_LENGTH)
  for (let i = 0; i < outputCount && reader.fault === undefined; i++) {
    const amount = reader.u64()
    outputs.push({ amount, script: reader.sized() })
  }
  const inputs = bare.map((input): TxInput => ({ ...input, witness: segwit ? readWitness(reader) : [] }))
  // BIP 144: with no witness at all the old form must be used, so that a transaction has one encoding.
  if (segwit && inputs.every((input) => input.witness.length === 0)) reader.fail('superfluous-witness')
  return { version, inputs, outputs, lockTime: reader.u32() }
}

/** The id by which outpoints name the transaction, in internal byte order. */
export const txidOf = (tx: Tx): TxId => sha256d(encodeTxWithoutWitness(tx))

/** The hash over the form with witnesses (BIP 141), in internal byte order. */
export const wtxidOf = (tx: Tx): Uint8Array => sha256d(encodeTx(tx))

/** BIP 141: each byte counts four, each byte of witness one. */
export const txWeight = (tx: Tx): number => baseLength(tx) * 4 + (hasWitness(tx) ? witnessLength(tx) : 0)

/** The weight in quarters, rounded up. */
export const txVsize = (tx: Tx): number => Math.ceil(txWeight(tx) / 4)

/** The transaction with another witness on one input. */
export const withWitness = (tx: Tx, inputIndex: number, witness: readonly Uint8Array[]): Tx => ({
  ...tx,
  inputs: tx.inputs.map((input, index) => (index === inputIndex ? { ...input, witness } : input)),
})

/** The hexadecimal form that people and RPCs use: the bytes reversed. */
export const displayTxid = (txid: TxId): string => toHex(reversed(txid))

/** Reads what `displayTxid` writes; `undefined` for any other text. */
export const parseTxid = (text: string): TxId | undefined => (isHex(text, 32) ? reversed(fromHex(text)) : undefined)

/** `<txid as displayed>:<index>`, also fit as a key of a map. */
export const formatOutPoint = ({ txid, index }: OutPoint): string => `${displayTxid(txid)}:${index}`

/** What `formatOutPoint` wrote. */
export const parseOutPoint = (text: string): OutPoint | undefined => {
  const [, shown = '', index] = /^([0-9a-f]{64}):(\d{1,10})$/.exec(text) ?? []
  const txid = parseTxid(shown)
  return txid === undefined ? undefined : { txid, index: Number(index) }
}

const hasWitness = (tx: Tx): boolean => tx.inputs.some((input) => input.witness.length > 0)

const sizedLength = (bytes: Uint8Array): number => compactSizeLength(bytes.length) + bytes.length

const baseLength = (tx: Tx): number => {
  let length = 8 + compactSizeLength(tx.inputs.length) + compactSizeLength(tx.outputs.length)
  for (const input of tx.inputs) length += 40 + sizedLength(input.scriptSig)
  for (const output of tx.outputs) length += 8 + sizedLength(output.script)
  return length
}

const witnessLength = (tx: Tx): number => {
  let length = 2
  for (const { witness } of tx.inputs) {
    length += compactSizeLength(witness.length)
    for (const item of witness) length += sizedLength(item)
  }
  return length
}

const writeBase = (writer: ByteWriter, tx: Tx, witnesses: readonly TxInput[] | undefined): void => {
  writer.u32(tx.version)
  if (witnesses !== undefined) {
    writer.u8(0)
    writer.u8(1)
  }
  writer.compactSize(tx.inputs.length)
  for (const { outpoint, scriptSig, sequence } of tx.inputs) {
    writer.raw(outpoint.txid)
    writer.u32(outpoint.index)
    writer.sized(scriptSig)
    writer.u32(sequence)
  }
  writer.compactSize(tx.outputs.length)
  for (const { amount, script } of tx.outputs) {
    writer.u64(amount)
    writer.sized(script)
  }
  for (const { witness } of witnesses ?? []) {
    writer.compactSize(witness.length)
    for (const item of witness) writer.sized(item)
  }
  writer.u32(tx.lockTime)
}

const readWitness = (reader: ByteReader): Uint8Array[] => {
  const count = reader.count(1)
  const witness: Uint8Array[] = []
  for (let i = 0; i < count && reader.fault === undefined; i++) witness.push(reader.sized())
  return witness
}
