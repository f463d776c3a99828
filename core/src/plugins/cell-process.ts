import { encodeFrame, FrameDecoder } from '../actor/frame-codec.ts'
import type { Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import { CellChild, type ChildEnvironment } from './cell-child.ts'
import { HEADER_CHARS, readFaultFrame, readOutboxFrame } from './cell-frames.ts'
import type { CellFault, CellLimits, OutboxHeader } from './cell-protocol.ts'
import { hostFault } from './host-fault.ts'
import type { UsageProbe } from './process-usage.ts'
import type { DataLimiter } from './walls/resource-limits.ts'
import type { WallPlan } from './walls/wall-plan.ts'
import type { Watchdog, WatchedCell } from './watchdog.ts'

export interface CellEnvironment extends ChildEnvironment {
  readonly clock: Clock
  readonly watchdog: Watchdog
  readonly probe: UsageProbe
  /** `undefined` where the kernel cannot be asked to. */
  readonly limitData: DataLimiter | undefined
}

/** How long a turn may take. */
export interface CellTimes {
  /** In processor time, which is what counts. */
  readonly maxCpuMs: number
  /** Real time may be much longer, because a busy machine gives a cell little processor time. */
  readonly maxWallMs: number
}

/** What the owner of a cell hears of it. */
export interface CellListener {
  outbox(header: OutboxHeader, text: string): void
  /** It has answered that it is there, and can take a turn again. */
  idle(): void
  /** Called once, whatever the reason. */
  ended(fault: CellFault): void
}

const START_MS = 30_000
const MB = 1_048_576
/** The kernel's limit is above the watchdog's, because only the watchdog says what was wrong. */
const KERNEL_SLACK = 32 * MB

type Phase = 'starting' | 'empty' | 'preparing' | 'limiting' | 'loading' | 'idle' | 'ping' | 'turn' | 'ended'

/**
 * What a cell's process is doing, seen from the core. The process has no environment, no file, no network and no child, and walls
 * around it. It speaks only when spoken to: a frame that nobody waits for ends it, and so does one that is too large, too deep or
 * malformed.
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
  readonly #child: CellChild
  #phase: Phase = 'starting'
  #saidReady = false
  #refused = false
  #decoder = this.#decoderFor(HEADER_CHARS)
  #outboxBytes = 0
  #dataBudget = 0
  #turnCpuMs = START_MS
  #code = ''
  #fault: CellFault | undefined
  #listener: CellListener | undefined
  #onReady: (fault: CellFault | undefined) => void = () => {}
  #onLoaded: () => void = () => {}

  constructor(environment: CellEnvironment, plan: WallPlan, serial: number) {
    this.#environment = environment
    this.#limited = plan.walls.memory === 'kernel-limit'
    this.#child = new CellChild(environment, plan, serial, {
      told: () => this.#settleReady(),
      gone: (fault) => this.#gone(fault),
    })
    this.#child.pipe.on('data', (chunk: Buffer) => this.#take(chunk))
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve
    })
    environment.watchdog.add(this)
    this.#begin('starting')
  }

  /** The process in which the plugin runs; -1 as long as nobody knows. */
  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Whether the program that was to put up the walls ended by itself before there was a cell. */
  get refused(): boolean {
    return this.#refused
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Loads a plugin. Calls `loaded` when its module has run; the listener is told what goes wrong, or has gone wrong before. */
  load(
    code: string,
    limits: CellLimits,
    { maxCpuMs, maxWallMs }: CellTimes,
    listener: CellListener,
    loaded: () => void,
  ): void {
    if (this.#fault !== undefined) {
      listener.ended(this.#fault)
      return
    }
    invariant(this.#phase === 'empty', 'a cell takes one plugin')
    this.#listener = listener
    this.#onLoaded = loaded
    this.#code = code
    this.#outboxBytes = limits.outboxBytes
    // A character takes three bytes at most.
    this.#decoder = this.#decoderFor(3 * limits.outboxBytes + HEADER_CHARS)
    // A heap may pass its limit for a moment, and collecting it takes room.
    this.#dataBudget = (2 * limits.memoryMb + 16) * MB
    this.#turnCpuMs = maxCpuMs
    this.maxWallMs = maxWallMs
    this.#begin('preparing')
    const whole = this.#child.endsWithNode ? limits : { ...limits, wallMs: maxWallMs }
    this.#child.pipe.write(encodeFrame(`I${JSON.stringify(whole)}`))
  }

  /** Hands the plugin its inbox. Only when the last turn is over. */
  turn(inbox: string): void {
    invariant(this.#phase === 'idle', 'one turn at a time')
    this.#begin('turn')
    this.#child.pipe.write(encodeFrame(`T${inbox}`))
  }

  /** Asks for a sign of life, if it is not at work. */
  ping(): void {
    if (this.#phase !== 'idle') return
    this.#begin('ping')
    this.#child.pipe.write(encodeFrame('P'))
  }

  /** Ends the process, at once and for ever. */
  end(fault: CellFault): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#fault = fault
    this.work = 0
    this.#environment.watchdog.remove(this)
    this.#child.kill()
    this.#child.pipe.destroy()
    this.#onReady(fault)
    this.#listener?.ended(fault)
  }

  /** Memory of the process, as the system counts it. */
  residentBytes(): number | undefined {
    return this.#environment.probe(this.pid)?.residentBytes
  }

  /**
   * The isolate exists, and none of the plugin's code has run: what the process takes from here on is the plugin's. The watchdog
   * checks what is used; the kernel refuses what is reserved beyond that, within any turn however short.
   */
  async #limit(): Promise<void> {
    const { probe, limitData } = this.#environment
    const usage = probe(this.pid)
    this.maxResidentBytes = (usage?.residentBytes ?? 64 * MB) + this.#dataBudget
    if (this.#limited && limitData !== undefined && usage?.dataBytes !== undefined) {
      const bytes = usage.dataBytes + this.#dataBudget + KERNEL_SLACK
      const limited = await limitData(this.pid, bytes, this.#child.actBy)
      if (this.#phase !== 'limiting') return
      if (!limited) return this.end({ code: 'cell-failed', text: 'the kernel would not limit its memory' })
    }
    this.#begin('loading')
    this.#child.pipe.write(encodeFrame(`L${this.#code}`))
    this.#code = ''
  }

  #settleReady(): void {
    if (this.#phase !== 'starting' || !this.#saidReady || this.#child.pid === undefined) return
    this.#child.started()
    this.#rest('empty')
    this.#onReady(undefined)
  }

  #begin(phase: 'starting' | 'preparing' | 'loading' | 'ping' | 'turn'): void {
    this.#phase = phase
    // Nothing of the plugin runs for a sign of life; but the cell may collect garbage before it gives one.
    this.maxCpuMs = phase === 'ping' ? START_MS : this.#turnCpuMs
    this.work += 1
    this.workSince = this.#environment.clock.monotonic()
    this.#environment.watchdog.wake()
  }

  #rest(phase: 'empty' | 'limiting' | 'idle'): void {
    this.#phase = phase
    this.work += 1
  }

  /** Everything that a cell sends passes here: an exception on the way ends the cell, never the core's process. */
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
}
