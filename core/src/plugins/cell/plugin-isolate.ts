import type ivm from 'isolated-vm'
import type { CellFault, CellLimits } from '../cell-protocol.ts'
import { EVERYTHING, withCollector } from './garbage.ts'

type Argument = string | ivm.Dereference<unknown> | undefined
type Guest = ivm.Reference<(argument?: Argument) => string>

/** The result of a turn. */
export type TurnOutcome =
  | { readonly type: 'outbox'; readonly text: string; readonly cpuMicros: number; readonly fault?: string }
  | { readonly type: 'ended'; readonly fault: CellFault }

const MB = 1_048_576
/** Collecting all garbage stops the plugin for as long as it takes to mark what lives: a larger heap is left to the engine. */
const MOST_BYTES = 16 * MB
/** The least garbage that is worth it. */
const WORTH_BYTES = 256 << 10

/** One plugin in its isolate. Text goes in and out; nothing of this process is reachable from inside. */
export class PluginIsolate {
  readonly #isolate: ivm.Isolate
  readonly #limits: CellLimits
  readonly #timeout: { readonly timeout?: number }
  readonly #guest: { readonly load: Guest; readonly turn: Guest; readonly collect: Guest }
  readonly #context: ivm.Context
  #collector: ivm.Reference | undefined
  #kept = 0
  #cpu = 0n

  /** Compiles and hardens; the plugin's own code has not run yet. */
  constructor({ Isolate }: typeof ivm, runtime: string, limits: CellLimits) {
    this.#limits = limits
    this.#timeout = limits.wallMs === undefined ? {} : { timeout: limits.wallMs }
    this.#isolate = new Isolate({ memoryLimit: limits.memoryMb })
    this.#context = this.#isolate.createContextSync()
    const guest = this.#context.evalSync(runtime, { reference: true, filename: 'fulgurite:runtime' }) as ivm.Reference
    const member = (name: string): Guest => guest.getSync(name, { reference: true }) as unknown as Guest
    this.#guest = { load: member('load'), turn: member('turn'), collect: member('collect') }
  }

  /** Runs the plugin's module. Returns what went wrong. */
  load(code: string): CellFault | undefined {
    try {
      const plugin = this.#context.evalSync(`(function (module, exports, require) {${code}\n})`, {
        reference: true,
        filename: 'plugin.js',
        ...this.#timeout,
      }) as ivm.Reference
      const wrong = this.#call(this.#guest.load, plugin.derefInto())
      return wrong === '' ? undefined : { code: 'start-failed', text: wrong }
    } catch (thrown) {
      return this.#ended() ?? { code: 'start-failed', text: wordsOf(thrown) }
    }
  }

  turn(inbox: string): TurnOutcome {
    let fault: string | undefined
    try {
      const wrong = this.#call(this.#guest.turn, inbox)
      if (wrong !== '') return { type: 'ended', fault: { code: 'start-failed', text: wrong } }
    } catch (thrown) {
      // An error that is thrown here and leaves the isolate alive is a rejection that nobody handled.
      const ended = this.#ended()
      if (ended !== undefined) return { type: 'ended', fault: ended }
      fault = wordsOf(thrown)
    }
    try {
      const text = this.#call(this.#guest.collect, undefined)
      if (text.length > this.#limits.outboxBytes) {
        const size = `${text.length} characters in one turn, ${this.#limits.outboxBytes} are allowed`
        return { type: 'ended', fault: { code: 'outbox-too-large', text: size } }
      }
      return { type: 'outbox', text, cpuMicros: this.#charge(), ...(fault === undefined ? {} : { fault }) }
    } catch (thrown) {
      return { type: 'ended', fault: this.#ended() ?? { code: 'turn-failed', text: wordsOf(thrown) } }
    }
  }

  /** Releases what turns have left in the plugin's heap. Returns whether it was worth it. */
  collectGarbage(): boolean {
    const used = this.#usedBytes()
    // The collector's context needs room, too.
    if (used > Math.min(MOST_BYTES, (this.#limits.memoryMb * MB) / 2) || used < this.#kept + WORTH_BYTES) return false
    this.#collector ??= this.#makeCollector()
    this.#collector.applySync(undefined, [EVERYTHING], { arguments: { copy: true } })
    this.#kept = this.#usedBytes()
    // It is not the next turn's work.
    this.#charge()
    return true
  }

  /** A function out of another context, which the plugin's cannot reach. */
  #makeCollector(): ivm.Reference {
    const context = withCollector(() => this.#isolate.createContextSync())
    const collector = context.global.getSync('gc', { reference: true }) as ivm.Reference
    context.release()
    return collector
  }

  #usedBytes(): number {
    return this.#isolate.getHeapStatisticsSync().used_heap_size
  }

  #call(reference: Guest, argument: Argument): string {
    const result: unknown = reference.applySync(undefined, [argument], this.#timeout)
    if (typeof result !== 'string') throw new Error('a turn must end with a text')
    return result
  }

  #charge(): number {
    const before = this.#cpu
    this.#cpu = this.#isolate.cpuTime
    return Number((this.#cpu - before) / 1000n)
  }

  #ended(): CellFault | undefined {
    if (this.#isolate.isDisposed) {
      return { code: 'memory-limit', text: `the heap grew past ${this.#limits.memoryMb} MB` }
    }
    return undefined
  }
}

const MAX_WORDS = 4_000

// An error that isolated-vm throws in this process is a copy: plain data, whose members run no code of the plugin.
const wordsOf = (thrown: unknown): string => {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return text.slice(0, MAX_WORDS)
}
