import { type CellEnvironment, CellProcess } from './cell-process.ts'

/** Starts cells, and keeps one ready, so that a plugin's start does not wait for a process. */
export class CellPool {
  readonly #environment: CellEnvironment
  readonly #keepSpare: boolean
  readonly #starting = new Set<CellProcess>()
  #spare: CellProcess | undefined
  #closed = false

  constructor(environment: CellEnvironment, keepSpare: boolean) {
    this.#environment = environment
    this.#keepSpare = keepSpare
  }

  /** A cell without a plugin; `undefined` if none can be started. It is the caller's from now on. */
  async take(): Promise<CellProcess | undefined> {
    const spare = this.#spare
    this.#spare = undefined
    const cell = spare !== undefined && spare.phase !== 'ended' ? spare : new CellProcess(this.#environment)
    this.#starting.add(cell)
    const ready = await cell.ready
    this.#starting.delete(cell)
    this.warm()
    return ready && !this.#closed ? cell : undefined
  }

  /** Begins to start the spare, if there is none. */
  warm(): void {
    if (!this.#keepSpare || this.#closed) return
    if (this.#spare === undefined || this.#spare.phase === 'ended') this.#spare = new CellProcess(this.#environment)
  }

  close(): void {
    this.#closed = true
    for (const cell of [...this.#starting, this.#spare]) cell?.end({ code: 'stopped', text: 'the host is stopping' })
  }
}
