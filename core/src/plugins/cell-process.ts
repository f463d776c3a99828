import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import type { Duplex, Readable } from 'node:stream'
import { encodeFrame, FrameDecoder } from '../actor/frame-codec.ts'
import type { Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import { HEADER_CHARS, readFaultFrame, readOutboxFrame } from './cell-frames.ts'
import type { CellFault, CellLimits, OutboxHeader } from './cell-protocol.ts'
import { hostFault } from './host-fault.ts'
import type { UsageProbe } from './process-usage.ts'
import { inheritableDescriptors } from './walls/open-descriptors.ts'
import type { DataLimiter } from './walls/resource-limits.ts'
import type { StartGuard } from './walls/start-guard.ts'
import { type CellFiles, TELLS, type WallPlan } from './walls/wall-plan.ts'
import type { Watchdog, WatchedCell } from './watchdog.ts'

export interface CellEnvironment {
  readonly clock: Clock
  readonly watchdog: Watchdog
  readonly probe: UsageProbe
  readonly files: CellFiles
  /** `undefined` where the kernel cannot be asked to. */
  readonly limitData: DataLimiter | undefined
  readonly startGuard: StartGuard
}

/** How long a turn may take. */
export interface CellTimes {
  /** In processor time, which is what counts. */
  readonly maxCpuMs: number
  /** On the wall it may take much longer, since a busy machine gives a cell little. */
  readonly maxWallMs: number
}

/** What the owner of a cell hears of it. */
export interface CellListener {
  outbox(header: OutboxHeader, text: string): void
  /** It has answered that it is there, and can take a turn again. */
  idle(): void
  /** Once, however it came about. */
  ended(fault: CellFault): void
}

const START_MS = 30_000
const MAX_INBOX_BYTES = 16 << 20
const STDERR_CHARS = 16_384
const MB = 1_048_576
const NICE = 10
/** The kernel's limit is behind the watchdog's, which says what was wrong. */
const KERNEL_SLACK = 32 * MB

/** Everything Node can refuse a process. It may read no file at all: its program comes over its standard input. */
const FLAGS = [
  '--permission',
  '--allow-addons',
  '--no-experimental-sqlite',
  '--single-threaded',
  '--no-node-snapshot',
  '--no-warnings',
  '--disable-proto=throw',
  // Without /proc, where it looks for its own code, V8 would copy all of that code for each isolate: 2 MB.
  '--no-short-builtin-calls',
  '--input-type=commonjs',
  '-',
] as const

type Phase = 'starting' | 'empty' | 'preparing' | 'limiting' | 'loading' | 'idle' | 'ping' | 'turn' | 'ended'

/**
 * A cell's process, seen from the core. It has no environment, no file, no network and no child, and walls around it. It
 * speaks only when spoken to: a frame that nobody waits for ends it, as does one that is too large, too deep or malformed.
 */
export class CellProcess implements WatchedCell {
  /** Resolves when it can be given a plugin, or with why it cannot. */
  readonly ready: Promise<CellFault | undefined>
  work = 0
  workSince = 0
  maxResidentBytes = 256 * MB
  maxCpuMs = START_MS
  maxWallMs = START_MS
  readonly #environment: CellEnvironment
  readonly #limited: boolean
  readonly #tells: boolean
  readonly #endsWithNode: boolean
  readonly #actBy: readonly string[]
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  #pid: number | undefined
  #phase: Phase = 'starting'
  #saidReady = false
  #refused = false
  #decoder = this.#decoderFor(HEADER_CHARS)
  #outboxBytes = 0
  #dataBudget = 0
  #code = ''
  #stderr = ''
  #listener: CellListener | undefined
  #onReady: (fault: CellFault | undefined) => void = () => {}
  #onLoaded: () => void = () => {}

  constructor(environment: CellEnvironment, plan: WallPlan, serial: number) {
    this.#environment = environment
    this.#limited = plan.walls.memory === 'kernel-limit'
    const { command, addon, actBy, open, closeInside, env, endsWithNode, tells } = plan.launch(
      environment.files,
      serial,
    )
    this.#actBy = actBy
    this.#tells = tells
    this.#endsWithNode = endsWithNode
    const opened: number[] = []
    try {
      for (const path of [environment.files.program, ...open]) opened.push(openSync(path, 'r'))
      const [program = -1, ...extra] = opened
      const usual = [program, 'ignore', 'pipe', 'pipe', tells ? 'pipe' : 'ignore', ...extra] as const
      const guarded = tells
        ? environment.startGuard.around(command, usual.length)
        : { command, open: 'ignore' as const }
      const stdio = [...usual, guarded.open] as const
      const inherited = inheritableDescriptors().filter((descriptor) => descriptor >= stdio.length)
      const close = [...(tells ? [] : [TELLS]), ...closeInside, ...inherited]
      const [file = '', ...wrapping] = guarded.command
      this.#child = spawn(file, [...wrapping, ...FLAGS, addon, String(MAX_INBOX_BYTES), close.join(',')], {
        env: { ...env },
        cwd: '/',
        stdio: [...stdio],
        // In a group of its own, an interrupt at the terminal is the node's alone; the cell ends when its pipe closes.
        detached: process.platform !== 'win32',
      })
    } finally {
      for (const descriptor of opened) closeSync(descriptor)
    }
    this.#pipe = this.#child.stdio[3] as Duplex
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve
    })
    if (tells) this.#hearWho(this.#child.stdio[TELLS] as Readable)
    else this.#pid = this.#child.pid
    this.#giveWay(this.#child.pid)
    this.#listen()
    environment.watchdog.add(this)
    this.#begin('starting')
  }

  /** The process in which the plugin runs, as the core sees it: what stands before it has another. */
  get pid(): number {
    return this.#pid ?? -1
  }

  /** Whether what was to put up the walls ended by itself before there was a cell. */
  get refused(): boolean {
    return this.#refused
  }

  #hearWho(told: Readable): void {
    let text = ''
    told.setEncoding('latin1').on('data', (chunk: string) => {
      text = (text + chunk).slice(0, HEADER_CHARS)
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1]
      if (pid === undefined || this.#pid !== undefined) return
      this.#pid = Number(pid)
      if (this.#phase === 'ended') this.#kill()
      this.#giveWay(this.#pid)
      this.#settleReady()
    })
  }

  /** From its very start: starting takes Node more than most turns do. The cell does it too, and cannot undo it. */
  #giveWay(pid: number | undefined): void {
    if (pid === undefined) return
    try {
      const nice = Math.max(NICE, getPriority())
      setPriority(pid, nice)
      // Where Linux shares the processors out among sessions first, niceness says nothing across them, and a cell is a
      // session of its own: the session must be nice too.
      if (process.platform === 'linux') writeFileSync(`/proc/${pid}/autogroup`, String(nice))
    } catch {
      // It has ended already, or there are no such groups here, or the system wants to be asked less often: then it is
      // asked again when the cell is ready.
    }
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Puts a plugin in. `loaded` is called when its module has run; what goes wrong is told to the listener. */
  load(
    code: string,
    limits: CellLimits,
    { maxCpuMs, maxWallMs }: CellTimes,
    listener: CellListener,
    loaded: () => void,
  ): void {
    invariant(this.#phase === 'empty', 'a cell takes one plugin')
    this.#listener = listener
    this.#onLoaded = loaded
    this.#code = code
    this.#outboxBytes = limits.outboxBytes
    // A character takes three bytes at most.
    this.#decoder = this.#decoderFor(3 * limits.outboxBytes + HEADER_CHARS)
    // A heap may pass its limit for a moment, and collecting it takes room.
    this.#dataBudget = (2 * limits.memoryMb + 16) * MB
    this.maxCpuMs = maxCpuMs
    this.maxWallMs = maxWallMs
    this.#begin('preparing')
    const whole = this.#endsWithNode ? limits : { ...limits, wallMs: maxWallMs }
    this.#pipe.write(encodeFrame(`I${JSON.stringify(whole)}`))
  }

  /** Hands the plugin its inbox. Only when the last turn is over. */
  turn(inbox: string): void {
    invariant(this.#phase === 'idle', 'one turn at a time')
    this.#begin('turn')
    this.#pipe.write(encodeFrame(`T${inbox}`))
  }

  /** Asks for a sign of life, if it is not at work. */
  ping(): void {
    if (this.#phase !== 'idle') return
    this.#begin('ping')
    this.#pipe.write(encodeFrame('P'))
  }

  /** Ends the process, at once and for ever. */
  end(fault: CellFault): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.work = 0
    this.#environment.watchdog.remove(this)
    this.#kill()
    this.#pipe.destroy()
    this.#onReady(fault)
    this.#listener?.ended(fault)
  }

  /** Memory of the process, as the system counts it. */
  residentBytes(): number | undefined {
    return this.#environment.probe(this.pid)?.residentBytes
  }

  /**
   * What stands before the cell ends with it. That one is not killed before it has told which process the cell is: what it
   * was starting would wait for it for ever.
   */
  #kill(): void {
    const { pid } = this.#child
    if (this.#tells && this.#pid === undefined) return
    try {
      if (this.#pid !== undefined && this.#pid !== pid && isChildOf(this.#pid, pid)) process.kill(this.#pid, 'SIGKILL')
      else this.#child.kill('SIGKILL')
    } catch {
      // It has ended already.
    }
  }

  /**
   * The isolate is made, and nothing of the plugin has run: from here on what the process takes is the plugin's. The
   * watchdog judges what is used; what is reserved beyond that is refused by the kernel, within any turn however short.
   */
  async #limit(): Promise<void> {
    const { probe, limitData } = this.#environment
    const usage = probe(this.pid)
    this.maxResidentBytes = (usage?.residentBytes ?? 64 * MB) + this.#dataBudget
    if (this.#limited && limitData !== undefined && usage?.dataBytes !== undefined) {
      const bytes = usage.dataBytes + this.#dataBudget + KERNEL_SLACK
      const limited = await limitData(this.pid, bytes, this.#actBy)
      if (this.#phase !== 'limiting') return
      if (!limited) return this.end({ code: 'cell-failed', text: 'the kernel would not limit its memory' })
    }
    this.#begin('loading')
    this.#pipe.write(encodeFrame(`L${this.#code}`))
    this.#code = ''
  }

  #settleReady(): void {
    if (this.#phase !== 'starting' || !this.#saidReady || this.#pid === undefined) return
    this.#guardIsDone()
    this.#giveWay(this.#pid)
    this.#rest('empty')
    this.#onReady(undefined)
  }

  #guardIsDone(): void {
    if (this.#tells) this.#environment.startGuard.done(this.#child.pid)
  }

  #begin(phase: 'starting' | 'preparing' | 'loading' | 'ping' | 'turn'): void {
    this.#phase = phase
    this.work += 1
    this.workSince = this.#environment.clock.monotonic()
    this.#environment.watchdog.wake()
  }

  #rest(phase: 'empty' | 'limiting' | 'idle'): void {
    this.#phase = phase
    this.work += 1
  }

  #listen(): void {
    this.#child.on('error', (error) => this.#gone({ code: 'cell-failed', text: error.message }))
    // What it said last is in the pipe by now: it is read in the round of the event loop that comes between.
    this.#child.on('exit', (code, signal) => {
      this.#guardIsDone()
      setImmediate(() => setImmediate(() => this.#gone(this.#exitFault(code, signal))))
    })
    this.#child.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.#stderr += text.slice(0, STDERR_CHARS)
      // Nothing more is read: who floods it blocks itself.
      if (this.#stderr.length >= STDERR_CHARS) this.#child.stderr?.destroy()
    })
    this.#pipe.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#pipe.on('error', () => {})
  }

  /** All that a cell sends passes here: what throws on the way ends the cell, never the core's process. */
  #take(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk)
    } catch (thrown) {
      this.end(hostFault(thrown))
    }
  }

  #gone(fault: CellFault): void {
    if (this.#phase === 'starting') this.#refused = true
    this.end(fault)
  }

  #decoderFor(maxBytes: number): FrameDecoder {
    return new FrameDecoder({
      maxBytes,
      onFrame: (text) => this.#frame(text),
      onError: (error) => this.end({ code: 'protocol-violation', text: `the cell sent a bad frame: ${error.code}` }),
    })
  }

  #frame(text: string): void {
    const kind = text[0]
    if (this.#phase === 'ended') return
    if (kind === 'F') {
      this.end(readFaultFrame(text))
      return
    }
    if (kind === 'R' && this.#phase === 'starting' && !this.#saidReady) {
      this.#saidReady = true
      this.#settleReady()
      return
    }
    if (kind === 'I' && this.#phase === 'preparing') {
      this.#rest('limiting')
      void this.#limit()
      return
    }
    if (kind === 'L' && this.#phase === 'loading') {
      this.#rest('idle')
      this.#onLoaded()
      return
    }
    if (kind === 'O' && this.#phase === 'turn') {
      this.#outbox(text)
      return
    }
    if (kind === 'P' && this.#phase === 'ping') {
      this.#rest('idle')
      this.#listener?.idle()
      return
    }
    this.end({ code: 'protocol-violation', text: `the cell sent a frame that nobody asked for while ${this.#phase}` })
  }

  #outbox(text: string): void {
    const read = readOutboxFrame(text, this.#outboxBytes)
    if (!read.ok) {
      this.end(read.error)
      return
    }
    this.#rest('idle')
    this.#listener?.outbox(read.value.header, read.value.outbox)
  }

  #exitFault(code: number | null, signal: string | null): CellFault {
    const said = essence(this.#stderr)
    const how = signal === null ? `exit code ${code}` : signal
    const memory = /out of memory|allocation failed/i.test(said)
    return {
      code: memory ? 'memory-limit' : 'cell-crashed',
      text: `the cell ended by ${how}${said === '' ? '' : `: ${said}`}`,
    }
  }
}

// Node prints the whole line of source, which is the whole program, before the error itself.
const essence = (stderr: string): string => {
  const line = stderr.split('\n').find((text) => /^\w*Error\b|FATAL ERROR/.test(text)) ?? stderr.trim()
  return line.replaceAll(/\s+/g, ' ').slice(0, 512)
}

/** Whether a process still is what it was said to be. */
const isChildOf = (pid: number, parent: number | undefined): boolean => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
}
