import { hash160, sha256 } from '../crypto/hashes.ts'
import { concat } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { PublicKey } from '../lib/ids.ts'

/** The opcodes that Lightning and wallet scripts use, and the pushes. */
export const OPS = {
  OP_0: 0x00,
  OP_PUSHDATA1: 0x4c,
  OP_PUSHDATA2: 0x4d,
  OP_PUSHDATA4: 0x4e,
  OP_1NEGATE: 0x4f,
  OP_1: 0x51,
  OP_2: 0x52,
  OP_3: 0x53,
  OP_16: 0x60,
  OP_IF: 0x63,
  OP_NOTIF: 0x64,
  OP_ELSE: 0x67,
  OP_ENDIF: 0x68,
  OP_VERIFY: 0x69,
  OP_RETURN: 0x6a,
  OP_IFDUP: 0x73,
  OP_DROP: 0x75,
  OP_DUP: 0x76,
  OP_SWAP: 0x7c,
  OP_SIZE: 0x82,
  OP_EQUAL: 0x87,
  OP_EQUALVERIFY: 0x88,
  OP_HASH160: 0xa9,
  OP_CHECKSIG: 0xac,
  OP_CHECKSIGVERIFY: 0xad,
  OP_CHECKMULTISIG: 0xae,
  OP_CHECKLOCKTIMEVERIFY: 0xb1,
  OP_CHECKSEQUENCEVERIFY: 0xb2,
} as const

/** A number is an opcode, bytes are pushed. */
export type ScriptElement = number | Uint8Array

/** Joins opcodes and pushes; each push takes its shortest form (BIP 62, rule 3). */
export const compileScript = (elements: readonly ScriptElement[]): Uint8Array =>
  concat(...elements.map((element) => (typeof element === 'number' ? Uint8Array.of(element) : pushOf(element))))

/** The element that pushes a number: an opcode for -1 to 16, else the shortest little-endian bytes with a sign bit. */
export const scriptNumber = (value: number): ScriptElement => {
  if (value === 0) return OPS.OP_0
  if (value === -1) return OPS.OP_1NEGATE
  return value >= 1 && value <= 16 ? OPS.OP_1 + value - 1 : encodeScriptNumber(value)
}

/** The bytes by which scripts hold a number; empty for zero. */
export const encodeScriptNumber = (value: number): Uint8Array => {
  invariant(Number.isSafeInteger(value), 'a script number is a whole number')
  const bytes: number[] = []
  let rest = Math.abs(value)
  while (rest > 0) {
    bytes.push(rest % 256)
    rest = Math.floor(rest / 256)
  }
  const top = bytes.at(-1)
  if (top === undefined) return new Uint8Array(0)
  if (top >= 0x80) bytes.push(value < 0 ? 0x80 : 0)
  else if (value < 0) bytes[bytes.length - 1] = top | 0x80
  return Uint8Array.from(bytes)
}

/** Opcodes and pushes in order, a small number staying an opcode; `undefined` when a push runs past the end. */
export const decompileScript = (script: Uint8Array): ScriptElement[] | undefined => {
  const elements: ScriptElement[] = []
  let offset = 0
  while (offset < script.length) {
    const opcode = script[offset++] as number
    if (opcode === OPS.OP_0 || opcode > OPS.OP_PUSHDATA4) {
      elements.push(opcode)
      continue
    }
    const lengthBytes = opcode < OPS.OP_PUSHDATA1 ? 0 : 1 << (opcode - OPS.OP_PUSHDATA1)
    if (offset + lengthBytes > script.length) return undefined
    let length = lengthBytes === 0 ? opcode : 0
    for (let i = 0; i < lengthBytes; i++) length += (script[offset + i] as number) * 256 ** i
    offset += lengthBytes
    if (offset + length > script.length) return undefined
    elements.push(script.subarray(offset, offset + length))
    offset += length
  }
  return elements
}

/** The output script that pays a key (BIP 141). */
export const p2wpkh = (publicKey: PublicKey): Uint8Array => p2wpkhOfHash(hash160(publicKey))

/** The same from the key's HASH160. */
export const p2wpkhOfHash = (keyHash: Uint8Array): Uint8Array => witnessProgram(0, keyHash)

/** What BIP 143 takes as script code for an output made by `p2wpkhOfHash`. */
export const p2wpkhScriptCode = (keyHash: Uint8Array): Uint8Array => p2pkhOfHash(keyHash)

/** The output script that pays to a witness script (BIP 141). */
export const p2wsh = (witnessScript: Uint8Array): Uint8Array => witnessProgram(0, sha256(witnessScript))

/** The output script that pays to a taproot output key, 32 bytes (BIP 341). */
export const p2tr = (outputKey: Uint8Array): Uint8Array => {
  invariant(outputKey.length === 32, 'a taproot output key has 32 bytes')
  return witnessProgram(1, outputKey)
}

/** The output script of a segwit version (0 to 16) and a program (BIP 141). */
export const witnessProgram = (version: number, program: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(version === 0 ? OPS.OP_0 : OPS.OP_1 + version - 1, program.length), program)

/** The output script that pays to the HASH160 of a key without segwit. */
export const p2pkhOfHash = (keyHash: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(OPS.OP_DUP, OPS.OP_HASH160, 20), keyHash, Uint8Array.of(OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG))

/** The output script that pays to the HASH160 of a script (BIP 16). */
export const p2shOfHash = (scriptHash: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(OPS.OP_HASH160, 20), scriptHash, Uint8Array.of(OPS.OP_EQUAL))

/** The version and program of a segwit output script; `undefined` for any other script. */
export const parseWitnessProgram = (script: Uint8Array): { version: number; program: Uint8Array } | undefined => {
  const [opcode = -1, length] = script
  const isVersion = opcode === OPS.OP_0 || (opcode >= OPS.OP_1 && opcode <= OPS.OP_16)
  if (!isVersion || script.length < 4 || script.length > 42 || length !== script.length - 2) return undefined
  return { version: opcode === OPS.OP_0 ? 0 : opcode - OPS.OP_1 + 1, program: script.subarray(2) }
}

export type OutputType =
  | 'p2pkh'
  | 'p2sh'
  | 'p2wpkh'
  | 'p2wsh'
  | 'p2tr'
  | 'p2a'
  | 'future-witness'
  | 'op-return'
  | 'non-standard'

/** Which of the known templates an output script follows. */
export const outputType = (script: Uint8Array): OutputType => {
  const witness = parseWitnessProgram(script)
  if (witness !== undefined) {
    const { version, program } = witness
    if (version === 0) return program.length === 20 ? 'p2wpkh' : program.length === 32 ? 'p2wsh' : 'non-standard'
    if (version === 1 && program.length === 32) return 'p2tr'
    return version === 1 && program.length === 2 && program[0] === 0x4e && program[1] === 0x73
      ? 'p2a'
      : 'future-witness'
  }
  if (script[0] === OPS.OP_RETURN) return 'op-return'
  if (isTemplate(script, [OPS.OP_HASH160, 20], [OPS.OP_EQUAL])) return 'p2sh'
  if (isTemplate(script, [OPS.OP_DUP, OPS.OP_HASH160, 20], [OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG])) return 'p2pkh'
  return 'non-standard'
}

const isTemplate = (script: Uint8Array, head: readonly number[], tail: readonly number[]): boolean =>
  script.length === head.length + 20 + tail.length &&
  head.every((byte, i) => script[i] === byte) &&
  tail.every((byte, i) => script[head.length + 20 + i] === byte)

const pushOf = (data: Uint8Array): Uint8Array => {
  const [first = 0] = data
  if (data.length === 0) return Uint8Array.of(OPS.OP_0)
  if (data.length === 1 && first >= 1 && first <= 16) return Uint8Array.of(OPS.OP_1 + first - 1)
  if (data.length === 1 && first === 0x81) return Uint8Array.of(OPS.OP_1NEGATE)
  if (data.length < OPS.OP_PUSHDATA1) return concat(Uint8Array.of(data.length), data)
  if (data.length <= 0xff) return concat(Uint8Array.of(OPS.OP_PUSHDATA1, data.length), data)
  return concat(Uint8Array.of(OPS.OP_PUSHDATA2, data.length & 0xff, data.length >> 8), data)
}
