import { outputType, p2wpkhScriptCode, parseWitnessProgram } from '../../bitcoin/script.ts'
import { SIGHASH_SINGLE, type SighashMidstate, segwitV0Sighash } from '../../bitcoin/sighash.ts'
import { SIGHASH_DEFAULT, schnorrVerify, taprootSighash } from '../../bitcoin/taproot.ts'
import { SEQUENCE_FINAL, type Tx, type TxInput, type TxOutput } from '../../bitcoin/transaction.ts'
import { hash160, sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { fromDer } from '../../crypto/signature-der.ts'
import { compareBytes, equalBytes, fromHex } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ScriptFault } from './script-fault.ts'
import { runScript, type SpendingContext } from './script-interpreter.ts'

export interface InputToVerify {
  readonly tx: Tx
  readonly inputIndex: number
  /** What each input spends, in the order of the inputs. */
  readonly prevouts: readonly TxOutput[]
  /** Of the same transaction. */
  readonly midstate: SighashMidstate
}

/** Locktimes below it are heights, from it on seconds (BIP 65). */
const LOCKTIME_THRESHOLD = 500_000_000
const SEQUENCE_TYPE_FLAG = 0x00400000
const SEQUENCE_VALUE_MASK = 0x0000ffff
const SEQUENCE_DISABLE_FLAG = 0x80000000

const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')
const V0_HASH_TYPES: ReadonlySet<number> = new Set([0x01, 0x02, 0x03, 0x81, 0x82, 0x83])

/** Whether the witness of one input satisfies the output that it spends. */
export const verifyInput = (request: InputToVerify): Result<void, ScriptFault> => {
  const input = request.tx.inputs[request.inputIndex]
  const prevout = request.prevouts[request.inputIndex]
  invariant(input !== undefined && prevout !== undefined, 'the input to verify and what it spends are there')
  const program = parseWitnessProgram(prevout.script)?.program
  const type = outputType(prevout.script)
  if (program === undefined) return err('unsupported-script')
  // BIP 141: a native witness program leaves nothing to the old script.
  if (input.scriptSig.length > 0) return err('witness-malleated')
  switch (type) {
    case 'p2wpkh':
      return verifyKeyHash(request, input, program)
    case 'p2wsh':
      return verifyScriptHash(request, input, program)
    case 'p2tr':
      return verifyTaproot(request, input, program)
    case 'p2a':
      return input.witness.length === 0 ? ok(undefined) : err('unsupported-script')
    default:
      return err('unsupported-script')
  }
}

const verifyKeyHash = (
  request: InputToVerify,
  { witness }: TxInput,
  program: Uint8Array,
): Result<void, ScriptFault> => {
  const [signature, publicKey] = witness
  if (witness.length !== 2 || signature === undefined || publicKey === undefined) return err('witness-mismatch')
  if (!equalBytes(hash160(publicKey), program)) return err('equal-verify')
  return runScript(p2wpkhScriptCode(program), witness, contextOf(request, p2wpkhScriptCode(program)))
}

const verifyScriptHash = (
  request: InputToVerify,
  { witness }: TxInput,
  program: Uint8Array,
): Result<void, ScriptFault> => {
  const script = witness.at(-1)
  if (script === undefined) return err('witness-empty')
  if (!equalBytes(sha256(script), program)) return err('witness-mismatch')
  return runScript(script, witness.slice(0, -1), contextOf(request, script))
}

// BIP 341, what a script path shows at its end: a byte, the internal key, and at most 128 branches of the tree.
const CONTROL_BASE = 33
const CONTROL_NODE = 32
const CONTROL_MAX = CONTROL_BASE + 128 * CONTROL_NODE

const isControlBlock = ({ length }: Uint8Array): boolean =>
  length >= CONTROL_BASE && length <= CONTROL_MAX && (length - CONTROL_BASE) % CONTROL_NODE === 0

// BIP 341, key path. Script paths are not supported here.
const verifyTaproot = (
  request: InputToVerify,
  { witness }: TxInput,
  program: Uint8Array,
): Result<void, ScriptFault> => {
  const [signature] = witness
  if (signature === undefined) return err('witness-empty')
  if (witness.length > 1) {
    return err(isControlBlock(witness.at(-1) as Uint8Array) ? 'unsupported-script' : 'taproot-control-size')
  }
  if (signature.length !== 64 && signature.length !== 65) return err('schnorr-size')
  const sighashType = signature[64] ?? SIGHASH_DEFAULT
  const isKnown = signature.length === 64 || V0_HASH_TYPES.has(sighashType)
  const { tx, inputIndex, prevouts } = request
  const lacksOutput = (sighashType & 0x03) === SIGHASH_SINGLE && inputIndex >= tx.outputs.length
  if (!isKnown || lacksOutput) return err('schnorr-hashtype')
  const digest = taprootSighash({ tx, inputIndex, prevouts, sighashType })
  return schnorrVerify(signature.subarray(0, 64), digest, program) ? ok(undefined) : err('schnorr-signature')
}

const contextOf = ({ tx, inputIndex, prevouts, midstate }: InputToVerify, scriptCode: Uint8Array): SpendingContext => {
  const { sequence } = tx.inputs[inputIndex] as TxInput
  const { amount } = prevouts[inputIndex] as TxOutput
  return {
    checkSignature(signature, publicKey) {
      const compact = fromDer(signature.subarray(0, -1))
      if (compact === undefined) return err('sig-der')
      if (compareBytes(compact.subarray(32), HALF_ORDER) > 0) return err('sig-high-s')
      const sighashType = signature.at(-1) as number
      if (!V0_HASH_TYPES.has(sighashType)) return err('sig-hashtype')
      if (!isCompressed(publicKey)) return err('pubkey-type')
      if (!secp256k1.isPublicKey(publicKey)) return ok(false)
      const digest = segwitV0Sighash({ tx, inputIndex, scriptCode, amount, sighashType, midstate })
      return ok(secp256k1.verify(compact, digest, publicKey))
    },
    isPublicKeyAllowed: isCompressed,
    checkLockTime(lockTime) {
      // BIP 65: both are heights or both are times; a final sequence would let the transaction ignore its own.
      const sameKind = lockTime < LOCKTIME_THRESHOLD === tx.lockTime < LOCKTIME_THRESHOLD
      return sameKind && lockTime <= tx.lockTime && sequence !== SEQUENCE_FINAL
    },
    checkSequence(required) {
      // BIP 112: version 2, the input's own relative locktime in force, of the same kind, and no shorter.
      if (tx.version >= 0 && tx.version < 2) return false
      if (sequence >= SEQUENCE_DISABLE_FLAG) return false
      const typeBits = (value: number): number => value & SEQUENCE_TYPE_FLAG
      const low = required % SEQUENCE_DISABLE_FLAG
      return typeBits(low) === typeBits(sequence) && (low & SEQUENCE_VALUE_MASK) <= (sequence & SEQUENCE_VALUE_MASK)
    },
  }
}

const isCompressed = (publicKey: Uint8Array): boolean =>
  publicKey.length === 33 && (publicKey[0] === 0x02 || publicKey[0] === 0x03)
