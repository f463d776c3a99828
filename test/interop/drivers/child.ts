import { type ChildProcess, spawn } from 'node:child_process'
import { PATIENCE_MS } from '../../support/patience.ts'

const KEPT_LINES = 2_000

/** A peer's program. It does not outlive this process. */
export class Child {
  /** What it wrote, the last lines of it. */
  readonly lines: string[] = []
  readonly #program: string
  readonly #args: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #process: ChildProcess | undefined

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#program = program
    this.#args = args
    this.#env = env
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  start(): void {
    const child = spawn(this.#program, this.#args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        this.lines.push(...lines)
        this.lines.splice(0, this.lines.length - KEPT_LINES)
      })
    }
    const endWithUs = (): void => void child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('error', (error) => this.lines.push(String(error)))
    child.once('close', (code, signal) => {
      process.off('exit', endWithUs)
      this.lines.push(`(ended: ${signal ?? code})`)
      if (this.#process === child) this.#process = undefined
    })
  }

  /** Resolves when it has ended. One that does not heed the signal is killed after a while. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    child.kill(signal)
    const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    await ended
    clearTimeout(force)
  }
}
