import { compileScript, OPS } from '../../bitcoin/script.ts'
import { hash160 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ScriptFault } from './script-fault.ts'
import { FALSE, isTrue, numberItem, readNumber, TRUE } from './script-stack.ts'

/** What the running script may ask of the transaction that spends. */
export interface SpendingContext {
  /** The outcome of a signature, a fault when it is malformed. An empty signature is not asked about. */
  checkSignature(signature: Uint8Array, publicKey: Uint8Array): Result<boolean, ScriptFault>
  /** The form of a key, asked about also when the signature is empty. */
  isPublicKeyAllowed(publicKey: Uint8Array): boolean
  checkLockTime(lockTime: number): boolean
  checkSequence(sequence: number): boolean
}

// The limits of version 0 scripts.
const MAX_SCRIPT_SIZE = 10_000
const MAX_PUSH_SIZE = 520
const MAX_OPS = 201
const MAX_STACK = 1_000
const MAX_KEYS = 20
const LOCKTIME_LENGTH = 5
const NUMBER_LENGTH = 4
const SEQUENCE_DISABLE = 0x80000000

const SUPPORTED: ReadonlySet<number> = new Set(Object.values(OPS).filter((opcode) => opcode !== OPS.OP_RETURN))
const isPush = (opcode: number): boolean => opcode <= OPS.OP_PUSHDATA4
const isSmallNumber = (opcode: number): boolean =>
  opcode === OPS.OP_1NEGATE || (opcode >= OPS.OP_1 && opcode <= OPS.OP_16)

interface Instruction {
  readonly opcode: number
  /** What a push puts on the stack. */
  readonly data: Uint8Array
  readonly isMinimal: boolean
}

/**
 * Runs a version 0 witness script on the items of its witness, under the rules that bitcoind relays by: minimal pushes,
 * numbers and conditions, null dummy, null fail, one true item left.
 */
export const runScript = (
  script: Uint8Array,
  items: readonly Uint8Array[],
  context: SpendingContext,
): Result<void, ScriptFault> => {
  if (script.length > MAX_SCRIPT_SIZE) return err('script-size')
  if (items.some(({ length }) => length > MAX_PUSH_SIZE)) return err('push-size')
  const instructions = parse(script)
  if (instructions === undefined) return err('unsupported-script')

  const machine = new Machine(items, context)
  for (const instruction of instructions) {
    const fault = machine.step(instruction)
    if (fault !== undefined) return err(fault)
  }
  const fault = machine.finish()
  return fault === undefined ? ok(undefined) : err(fault)
}

class Machine {
  readonly #stack: Uint8Array[]
  readonly #context: SpendingContext
  /** Whether each open condition holds. */
  readonly #conditions: boolean[] = []
  #ops = 0

  constructor(items: readonly Uint8Array[], context: SpendingContext) {
    this.#stack = [...items]
    this.#context = context
  }

  step({ opcode, data, isMinimal }: Instruction): ScriptFault | undefined {
    if (data.length > MAX_PUSH_SIZE) return 'push-size'
    if (opcode > OPS.OP_16 && ++this.#ops > MAX_OPS) return 'op-count'
    const running = this.#conditions.every((holds) => holds)
    if (isPush(opcode) || isSmallNumber(opcode)) {
      if (!running) return undefined
      if (!isMinimal) return 'minimal-data'
      this.#stack.push(data)
    } else if (running || (opcode >= OPS.OP_IF && opcode <= OPS.OP_ENDIF)) {
      const fault = this.#execute(opcode, running)
      if (fault !== undefined) return fault
    }
    return this.#stack.length > MAX_STACK ? 'stack-size' : undefined
  }

  finish(): ScriptFault | undefined {
    if (this.#conditions.length > 0) return 'unbalanced-conditional'
    // BIP 141: a witness script must leave exactly one item, and it must be true.
    if (this.#stack.length !== 1) return 'clean-stack'
    return isTrue(this.#stack[0] as Uint8Array) ? undefined : 'eval-false'
  }

  #execute(opcode: number, running: boolean): ScriptFault | undefined {
    switch (opcode) {
      case OPS.OP_IF:
      case OPS.OP_NOTIF:
        return this.#openCondition(opcode, running)
      case OPS.OP_ELSE: {
        const holds = this.#conditions.pop()
        if (holds === undefined) return 'unbalanced-conditional'
        this.#conditions.push(!holds)
        return undefined
      }
      case OPS.OP_ENDIF:
        return this.#conditions.pop() === undefined ? 'unbalanced-conditional' : undefined
      case OPS.OP_CHECKLOCKTIMEVERIFY:
      case OPS.OP_CHECKSEQUENCEVERIFY:
        return this.#checkTime(opcode)
      case OPS.OP_CHECKSIG:
      case OPS.OP_CHECKSIGVERIFY:
        return this.#checkSig(opcode)
      case OPS.OP_CHECKMULTISIG:
        return this.#checkMultisig()
      case OPS.OP_VERIFY: {
        const item = this.#stack.pop()
        return item === undefined ? 'invalid-stack-operation' : isTrue(item) ? undefined : 'verify'
      }
      case OPS.OP_EQUAL:
      case OPS.OP_EQUALVERIFY: {
        const [a, b] = [this.#stack.pop(), this.#stack.pop()]
        if (a === undefined || b === undefined) return 'invalid-stack-operation'
        const equal = equalBytes(a, b)
        if (opcode === OPS.OP_EQUALVERIFY) return equal ? undefined : 'equal-verify'
        this.#stack.push(equal ? TRUE : FALSE)
        return undefined
      }
      default:
        return this.#moveItems(opcode)
    }
  }

  #moveItems(opcode: number): ScriptFault | undefined {
    const top = this.#stack.pop()
    if (top === undefined) return 'invalid-stack-operation'
    switch (opcode) {
      case OPS.OP_DROP:
        return undefined
      case OPS.OP_DUP:
        this.#stack.push(top, top)
        return undefined
      case OPS.OP_IFDUP:
        this.#stack.push(top)
        if (isTrue(top)) this.#stack.push(top)
        return undefined
      case OPS.OP_SWAP: {
        const below = this.#stack.pop()
        if (below === undefined) return 'invalid-stack-operation'
        this.#stack.push(top, below)
        return undefined
      }
      case OPS.OP_SIZE:
        this.#stack.push(top, numberItem(top.length))
        return undefined
      case OPS.OP_HASH160:
        this.#stack.push(hash160(top))
        return undefined
      default:
        return 'unsupported-script'
    }
  }

  #openCondition(opcode: number, running: boolean): ScriptFault | undefined {
    let holds = false
    if (running) {
      const item = this.#stack.pop()
      if (item === undefined) return 'unbalanced-conditional'
      // The relay rule minimal-if: a condition is empty or a single 1.
      if (item.length > 1 || (item.length === 1 && item[0] !== 1)) return 'minimal-if'
      holds = isTrue(item) === (opcode === OPS.OP_IF)
    }
    this.#conditions.push(holds)
    return undefined
  }

  // BIP 65 and BIP 112: the number stays on the stack.
  #checkTime(opcode: number): ScriptFault | undefined {
    const item = this.#stack.at(-1)
    if (item === undefined) return 'invalid-stack-operation'
    const value = readNumber(item, LOCKTIME_LENGTH)
    if (value === undefined) return 'bad-number'
    if (value < 0) return 'negative-locktime'
    if (opcode === OPS.OP_CHECKLOCKTIMEVERIFY) {
      return this.#context.checkLockTime(value) ? undefined : 'unsatisfied-locktime'
    }
    // BIP 112: with the disable flag set it does nothing.
    if (Math.floor(value / SEQUENCE_DISABLE) % 2 === 1) return undefined
    return this.#context.checkSequence(value) ? undefined : 'unsatisfied-locktime'
  }

  #checkSig(opcode: number): ScriptFault | undefined {
    const [publicKey, signature] = [this.#stack.pop(), this.#stack.pop()]
    if (publicKey === undefined || signature === undefined) return 'invalid-stack-operation'
    const valid = this.#isSigned(signature, publicKey)
    if (!valid.ok) return valid.error
    // The relay rule null-fail: a signature that does not count must be empty.
    if (!valid.value && signature.length > 0) return 'null-fail'
    if (opcode === OPS.OP_CHECKSIGVERIFY) return valid.value ? undefined : 'checksig-verify'
    this.#stack.push(valid.value ? TRUE : FALSE)
    return undefined
  }

  #checkMultisig(): ScriptFault | undefined {
    const keyCount = this.#popCount()
    if (typeof keyCount === 'string') return keyCount
    if (keyCount < 0 || keyCount > MAX_KEYS) return 'pubkey-count'
    this.#ops += keyCount
    if (this.#ops > MAX_OPS) return 'op-count'
    if (this.#stack.length < keyCount) return 'invalid-stack-operation'
    const keys = this.#popMany(keyCount)
    const signatureCount = this.#popCount()
    if (typeof signatureCount === 'string') return signatureCount
    if (signatureCount < 0 || signatureCount > keyCount) return 'sig-count'
    if (this.#stack.length < signatureCount + 1) return 'invalid-stack-operation'
    const signatures = this.#popMany(signatureCount)

    // Both lists run from the last to the first, and each key is tried once.
    let keyIndex = 0
    let signed = 0
    while (signed < signatureCount && signatureCount - signed <= keyCount - keyIndex) {
      const valid = this.#isSigned(signatures[signed] as Uint8Array, keys[keyIndex] as Uint8Array)
      if (!valid.ok) return valid.error
      if (valid.value) signed++
      keyIndex++
    }
    const success = signed === signatureCount
    if (!success && signatures.some(({ length }) => length > 0)) return 'null-fail'
    const dummy = this.#stack.pop() as Uint8Array
    if (dummy.length > 0) return 'null-dummy'
    this.#stack.push(success ? TRUE : FALSE)
    return undefined
  }

  #isSigned(signature: Uint8Array, publicKey: Uint8Array): Result<boolean, ScriptFault> {
    const valid = signature.length === 0 ? ok(false) : this.#context.checkSignature(signature, publicKey)
    if (valid.ok && !this.#context.isPublicKeyAllowed(publicKey)) return err('pubkey-type')
    return valid
  }

  #popCount(): number | ScriptFault {
    const item = this.#stack.pop()
    return item === undefined ? 'invalid-stack-operation' : (readNumber(item, NUMBER_LENGTH) ?? 'bad-number')
  }

  #popMany(count: number): Uint8Array[] {
    return count === 0 ? [] : this.#stack.splice(-count).reverse()
  }
}

/** Every instruction, or `undefined` when one is not supported or a push runs past the end. */
const parse = (script: Uint8Array): Instruction[] | undefined => {
  const instructions: Instruction[] = []
  let offset = 0
  while (offset < script.length) {
    const start = offset
    const opcode = script[offset++] as number
    if (isSmallNumber(opcode)) {
      instructions.push({ opcode, data: numberItem(opcode - OPS.OP_1 + 1), isMinimal: true })
      continue
    }
    if (!isPush(opcode)) {
      if (!SUPPORTED.has(opcode)) return undefined
      instructions.push({ opcode, data: FALSE, isMinimal: true })
      continue
    }
    const lengthBytes = opcode < OPS.OP_PUSHDATA1 ? 0 : 1 << (opcode - OPS.OP_PUSHDATA1)
    let length = lengthBytes === 0 ? opcode : 0
    for (let i = 0; i < lengthBytes; i++) length += (script[offset + i] ?? 0) * 256 ** i
    offset += lengthBytes + length
    if (offset > script.length) return undefined
    const data = script.subarray(offset - length, offset)
    const isMinimal = equalBytes(script.subarray(start, offset), compileScript([data]))
    instructions.push({ opcode, data, isMinimal })
  }
  return instructions
}
