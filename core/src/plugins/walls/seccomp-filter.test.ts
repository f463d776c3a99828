import test from 'ava'
import { seccompFilter } from './seccomp-filter.ts'

const ALLOW = 0x7fff0000
const KILL = 0x80000000
const errno = (number: number): number => 0x00050000 + number

/** What the kernel would do: runs the filter over one call. */
const judge = (filter: Buffer, arch: number, call: number, args: readonly number[] = []): number => {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call, 0)
  data.writeUInt32LE(arch, 4)
  args.forEach((argument, index) => void data.writeUInt32LE(argument, 16 + 8 * index))
  let accumulator = 0
  for (let at = 0; at < filter.length / 8; at++) {
    const code = filter.readUInt16LE(8 * at)
    const [ifTrue, ifFalse] = [filter.readUInt8(8 * at + 2), filter.readUInt8(8 * at + 3)]
    const value = filter.readUInt32LE(8 * at + 4)
    if (code === 0x20) accumulator = data.readUInt32LE(value)
    else if (code === 0x15) at += accumulator === value ? ifTrue : ifFalse
    else if (code === 0x45) at += (accumulator & value) !== 0 ? ifTrue : ifFalse
    else if (code === 0x06) return value
    else throw new Error(`instruction ${code}`)
  }
  throw new Error('it ends without a verdict')
}

const SYSTEMS = {
  x64: {
    audit: 0xc000003e,
    other: 0x40000003,
    calls: { read: 0, mmap: 9, ioctl: 16, socket: 41, clone: 56, kill: 62, ptrace: 101, prctl: 157, mount: 165 },
    rest: { openat: 257, readv: 310, prlimit: 302, seccomp: 317, bpf: 321, memfd: 319, io_uring: 425, clone3: 435 },
  },
  arm64: {
    audit: 0xc00000b7,
    other: 0x40000028,
    calls: { read: 63, mmap: 222, ioctl: 29, socket: 198, clone: 220, kill: 129, ptrace: 117, prctl: 167, mount: 40 },
    rest: { openat: 56, readv: 270, prlimit: 261, seccomp: 277, bpf: 280, memfd: 279, io_uring: 425, clone3: 435 },
  },
} as const

for (const [arch, { audit, other, calls, rest }] of Object.entries(SYSTEMS)) {
  test(`the filter for ${arch} lets through what Node needs, and nothing that reaches out`, (t) => {
    const filter = seccompFilter(arch)
    if (filter === undefined) return t.fail()
    const of = (call: number, ...args: readonly number[]): number => judge(filter, audit, call, args)
    for (const call of [calls.read, calls.mmap, rest.openat]) t.is(of(call), ALLOW)
    for (const call of [
      calls.socket,
      calls.kill,
      calls.ptrace,
      calls.mount,
      rest.readv,
      rest.seccomp,
      rest.bpf,
      rest.memfd,
    ])
      t.is(of(call), errno(1))
    t.is(of(1_000), errno(1))
    t.is(of(rest.io_uring), errno(38))
    t.is(of(rest.clone3), errno(38))
  })

  test(`the filter for ${arch} looks at what a call is for`, (t) => {
    const filter = seccompFilter(arch)
    if (filter === undefined) return t.fail()
    const of = (call: number, ...args: readonly number[]): number => judge(filter, audit, call, args)
    // A thread, and a process.
    t.is(of(calls.clone, 0x3d0f00), ALLOW)
    t.is(of(calls.clone, 0x11), errno(1))
    // What is a terminal may be asked; what would put text into one may not.
    t.is(of(calls.ioctl, 0, 0x5401), ALLOW)
    t.is(of(calls.ioctl, 0, 0x5412), errno(25))
    t.is(of(calls.prctl, 15), ALLOW)
    t.is(of(calls.prctl, 22), errno(22))
    t.is(of(rest.prlimit, 0), ALLOW)
    t.is(of(rest.prlimit, 1), errno(1))
  })

  test(`the filter for ${arch} ends who calls by another architecture's numbers`, (t) => {
    const filter = seccompFilter(arch)
    if (filter === undefined) return t.fail()
    t.is(judge(filter, other, calls.read), KILL)
  })
}

test('there is no filter for an architecture whose numbers are not known', (t) => {
  t.is(seccompFilter('riscv64'), undefined)
})
