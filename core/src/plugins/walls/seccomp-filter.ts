import { ABSENT, CONDITIONAL, NEEDED, type SystemCall } from './system-calls.ts'

// A seccomp filter is a program of the classic BPF machine over `struct seccomp_data`: the call's number at 0, the
// architecture at 4, six arguments of 8 bytes from 16 on. An instruction is 8 bytes: code, two jumps, a value.
const LOAD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_SET = 0x45
const RETURN = 0x06

const NUMBER = 0
const ARCHITECTURE = 4
const ARGUMENTS = 16

const ALLOW = 0x7fff0000
const FAIL = 0x00050000
const KILL_PROCESS = 0x80000000
const EPERM = 1
const ENOSYS = 38

const AUDIT_ARCH: Readonly<Record<string, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 }

type Instruction = readonly [code: number, value: number, ifTrue?: number, ifFalse?: number]

/**
 * The filter for cells on this architecture: needed calls are let through, all others fail; a call with the numbers of another architecture
 * ends the process. `undefined` if the numbers are not known.
 */
export const seccompFilter = (arch: string): Buffer | undefined => {
  const audit = AUDIT_ARCH[arch]
  if (audit === undefined) return undefined
  const numberOf = (call: SystemCall): number | undefined => (arch === 'x64' ? call[0] : call[1])
  const program: Instruction[] = [
    [LOAD, ARCHITECTURE],
    [JUMP_IF_EQUAL, audit, 1, 0],
    [RETURN, KILL_PROCESS],
    [LOAD, NUMBER],
  ]
  const when = (call: SystemCall, then: readonly Instruction[]): void => {
    const number = numberOf(call)
    if (number !== undefined) program.push([JUMP_IF_EQUAL, number, 0, then.length], ...then)
  }
  for (const call of Object.values(NEEDED)) when(call, [[RETURN, ALLOW]])
  for (const { numbers, argument, errno, equals = [], has } of Object.values(CONDITIONAL)) {
    const tests: Instruction[] = equals.map((value) => [JUMP_IF_EQUAL, value, 0, 1])
    if (has !== undefined) tests.push([JUMP_IF_SET, has, 0, 1])
    when(numbers, [
      [LOAD, ARGUMENTS + 8 * argument],
      ...tests.flatMap((test): readonly Instruction[] => [test, [RETURN, ALLOW]]),
      [RETURN, FAIL | errno],
    ])
  }
  for (const call of Object.values(ABSENT)) when(call, [[RETURN, FAIL | ENOSYS]])
  program.push([RETURN, FAIL | EPERM])
  return encode(program)
}

const encode = (program: readonly Instruction[]): Buffer => {
  const bytes = Buffer.alloc(8 * program.length)
  program.forEach(([code, value, ifTrue = 0, ifFalse = 0], index) => {
    bytes.writeUInt16LE(code, 8 * index)
    bytes.writeUInt8(ifTrue, 8 * index + 2)
    bytes.writeUInt8(ifFalse, 8 * index + 3)
    bytes.writeUInt32LE(value >>> 0, 8 * index + 4)
  })
  return bytes
}
