import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Duplex } from 'node:stream'
import { encodeFrame, FrameDecoder } from '../actor/frame-codec.ts'
import type { Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import { HEADER_CHARS, readFaultFrame, readOutboxFrame } from './cell-frames.ts'
import type { CellFault, LoadFrame, OutboxHeader } from './cell-protocol.ts'
import { hostFault } from './host-fault.ts'
import type { UsageProbe } from './process-usage.ts'
import type { Watchdog, WatchedCell } from './watchdog.ts'

export interface CellEnvironment {
  readonly clock: Clock
  readonly watchdog: Watchdog
  readonly probe: UsageProbe
  /** The bundled program. */
  readonly program: string
  /** The native addon. */
  readonly addon: string
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

/** Everything Node can refuse a process, and one file it may read. */
const flagsFor = ({ program }: CellEnvironment): readonly string[] => [
  '--permission',
  '--allow-addons',
  `--allow-fs-read=${program}`,
  '--no-experimental-sqlite',
  '--single-threaded',
  '--no-node-snapshot',
  '--no-warnings',
  '--disable-proto=throw',
]

type Phase = 'starting' | 'empty' | 'loading' | 'idle' | 'ping' | 'turn' | 'ended'

/**
 * A cell's process, seen from the core. It has no environment, no file but its program, no network and no child. It speaks
 * only when spoken to: a frame that nobody waits for ends it, as does one that is too large, too deep or malformed.
 */
export class CellProcess implements WatchedCell {
  readonly pid: number
  readonly ready: Promise<boolean>
  work = 0
  workSince = 0
  maxResidentBytes = 256 * MB
  maxCpuMs = START_MS
  maxWallMs = START_MS
  readonly #environment: CellEnvironment
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  #phase: Phase = 'starting'
  #decoder = this.#decoderFor(HEADER_CHARS)
  #outboxBytes = 0
  #stderr = ''
  #listener: CellListener | undefined
  #onReady: (ready: boolean) => void = () => {}
  #onLoaded: () => void = () => {}

  constructor(environment: CellEnvironment) {
    this.#environment = environment
    const argv = [...flagsFor(environment), environment.program, environment.addon, String(MAX_INBOX_BYTES)]
    this.#child = spawn(process.execPath, argv, {
      env: {},
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // In a group of its own, an interrupt at the terminal is the node's alone; the cell ends when its pipe closes.
      detached: process.platform !== 'win32',
    })
    this.pid = this.#child.pid ?? -1
    this.#giveWay()
    this.#pipe = this.#child.stdio[3] as Duplex
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve
    })
    this.#listen()
    environment.watchdog.add(this)
    this.#begin('starting')
  }

  /** From its very start: starting takes Node more than most turns do. The cell does it too, and cannot undo it. */
  #giveWay(): void {
    if (this.pid <= 0) return
    try {
      setPriority(this.pid, NICE)
      // Where Linux shares the processors out among sessions first, niceness says nothing across them, and a cell is a
      // session of its own: the session must be nice too.
      if (process.platform === 'linux') writeFileSync(`/proc/${this.pid}/autogroup`, String(NICE))
    } catch {
      // It has ended already, or there are no such groups here, or the system wants to be asked less often: then it is
      // asked again when the cell is ready.
    }
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Puts a plugin in. `loaded` is called when its module has run; what goes wrong is told to the listener. */
  load(frame: LoadFrame, maxCpuMs: number, listener: CellListener, loaded: () => void): void {
    invariant(this.#phase === 'empty', 'a cell takes one plugin')
    this.#listener = listener
    this.#onLoaded = loaded
    this.#outboxBytes = frame.outboxBytes
    // A character takes three bytes at most.
    this.#decoder = this.#decoderFor(3 * frame.outboxBytes + HEADER_CHARS)
    const before = this.#environment.probe(this.pid)?.residentBytes ?? 64 * MB
    // A heap may pass its limit for a moment, and collecting it takes room.
    this.maxResidentBytes = before + (2 * frame.memoryMb + 16) * MB
    this.maxCpuMs = maxCpuMs
    this.maxWallMs = 2 * frame.wallMs
    this.#begin('loading')
    this.#pipe.write(encodeFrame(`L${JSON.stringify(frame)}`))
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
    this.#child.kill('SIGKILL')
    this.#pipe.destroy()
    this.#onReady(false)
    this.#listener?.ended(fault)
  }

  /** Memory of the process, as the system counts it. */
  residentBytes(): number | undefined {
    return this.#environment.probe(this.pid)?.residentBytes
  }

  #begin(phase: 'starting' | 'loading' | 'ping' | 'turn'): void {
    this.#phase = phase
    this.work += 1
    this.workSince = this.#environment.clock.monotonic()
    this.#environment.watchdog.wake()
  }

  #rest(phase: 'empty' | 'idle'): void {
    this.#phase = phase
    this.work += 1
  }

  #listen(): void {
    this.#child.on('error', (error) => this.end({ code: 'cell-failed', text: error.message }))
    this.#child.on('exit', (code, signal) => this.end(this.#exitFault(code, signal)))
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
    if (kind === 'R' && this.#phase === 'starting') {
      this.#giveWay()
      this.#rest('empty')
      this.#onReady(true)
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
