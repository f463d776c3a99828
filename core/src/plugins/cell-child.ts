import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import type { Duplex, Readable } from 'node:stream'
import type { CellFault } from './cell-protocol.ts'
import { inheritableDescriptors } from './walls/open-descriptors.ts'
import type { StartGuard } from './walls/start-guard.ts'
import { type CellFiles, TELLS, type WallPlan } from './walls/wall-plan.ts'

export interface ChildEnvironment {
  readonly files: CellFiles
  readonly startGuard: StartGuard
}

interface ChildListener {
  /** The process that the plugin runs in is known now. Not called if it was known from the start. */
  told(): void
  /** The process has ended by itself, or could not be started. Its last output has been read. */
  gone(fault: CellFault): void
}

const MAX_INBOX_BYTES = 16 << 20
const MAX_TOLD_CHARS = 8_192
const STDERR_CHARS = 16_384
const NICE = 10

/**
 * How it reads its program, which comes over its standard input because it may read no file at all. Node left to do that
 * reads as a stream would: it loads a quarter more of its library, and starts four threads.
 */
const READ_PROGRAM = "new Function('require', require('node:fs').readFileSync(0, 'utf8'))(require)"

/** Everything Node can refuse a process. */
const FLAGS = [
  '--permission',
  '--allow-addons',
  '--no-experimental-sqlite',
  '--single-threaded',
  // With one thread V8 leaves less room for what is new. Asks cost 7 % less with this much (`plugins.ask.parallel20`).
  '--max-semi-space-size=2',
  '--no-node-snapshot',
  '--no-warnings',
  '--disable-proto=throw',
  // Without /proc, where it looks for its own code, V8 would copy all of that code for each isolate: 2 MB.
  '--no-short-builtin-calls',
  // The engine is told to use one thread, and Node would start four more for it.
  '--v8-pool-size=1',
  '--input-type=commonjs',
  '-e',
  READ_PROGRAM,
] as const

/** A cell's process as the system sees it: how it is started within its walls, which process it is, and how it ends. */
export class CellChild {
  /** What the cell and the core say to each other. */
  readonly pipe: Duplex
  /** Whether the cell ends when the node does, whatever the cell is doing. */
  readonly endsWithNode: boolean
  /** The command by which it is acted on as the user that it runs as. */
  readonly actBy: readonly string[]
  readonly #startGuard: StartGuard
  readonly #tells: boolean
  readonly #child: ChildProcess
  readonly #listener: ChildListener
  #pid: number | undefined
  #killed = false
  #stderr = ''

  constructor({ files, startGuard }: ChildEnvironment, plan: WallPlan, serial: number, listener: ChildListener) {
    const { command, addon, actBy, open, closeInside, env, endsWithNode, tells } = plan.launch(files, serial)
    this.#startGuard = startGuard
    this.#listener = listener
    this.actBy = actBy
    this.endsWithNode = endsWithNode
    this.#tells = tells
    const opened: number[] = []
    try {
      for (const path of [files.program, ...open]) opened.push(openSync(path, 'r'))
      const [program = -1, ...extra] = opened
      const usual = [program, 'ignore', 'pipe', 'pipe', tells ? 'pipe' : 'ignore', ...extra] as const
      const guarded = tells ? startGuard.around(command, usual.length) : { command, open: 'ignore' as const }
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
    this.pipe = this.#child.stdio[3] as Duplex
    if (tells) this.#hearWho(this.#child.stdio[TELLS] as Readable)
    else this.#pid = this.#child.pid
    giveWay(this.#child.pid)
    this.#listen()
  }

  /** The process in which the plugin runs, as the core sees it. The program that put up the walls has another one. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** The cell runs. If the node is killed from now on, something else ends the cell. */
  started(): void {
    this.#guardIsDone()
    giveWay(this.#pid)
  }

  /**
   * The program that put up the walls ends with the cell. It is not killed before it has said which process the cell is: the process
   * that it was starting would wait for it for ever.
   */
  kill(): void {
    this.#killed = true
    const { pid } = this.#child
    if (this.#tells && this.#pid === undefined) return
    try {
      if (this.#pid !== undefined && this.#pid !== pid && isChildOf(this.#pid, pid)) process.kill(this.#pid, 'SIGKILL')
      else this.#child.kill('SIGKILL')
    } catch {
      // It has ended already.
    }
  }

  #hearWho(told: Readable): void {
    let text = ''
    told.setEncoding('latin1').on('data', (chunk: string) => {
      text = (text + chunk).slice(0, MAX_TOLD_CHARS)
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1]
      if (pid === undefined || this.#pid !== undefined) return
      this.#pid = Number(pid)
      if (this.#killed) this.kill()
      giveWay(this.#pid)
      this.#listener.told()
    })
  }

  #guardIsDone(): void {
    if (this.#tells) this.#startGuard.done(this.#child.pid)
  }

  #listen(): void {
    this.#child.on('error', (error) => this.#listener.gone({ code: 'cell-failed', text: error.message }))
    // Its last output is in the pipe by now, and is read in the round of the event loop in between.
    this.#child.on('exit', (code, signal) => {
      this.#guardIsDone()
      setImmediate(() => setImmediate(() => this.#listener.gone(exitFault(this.#stderr, code, signal))))
    })
    this.#child.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.#stderr += text.slice(0, STDERR_CHARS)
      // Nothing more is read: a process that floods it blocks itself.
      if (this.#stderr.length >= STDERR_CHARS) this.#child.stderr?.destroy()
    })
    this.pipe.on('error', () => {})
  }
}

/** Lowers the priority from the start, because starting Node takes more than most turns. The cell does it too, and cannot undo it. */
const giveWay = (pid: number | undefined): void => {
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

/** Why a process ended by itself, from what it wrote to its standard error last. */
export const exitFault = (stderr: string, code: number | null, signal: string | null): CellFault => {
  const said = essence(stderr)
  const how = signal === null ? `exit code ${code}` : signal
  const memory = /out of memory|allocation failed/i.test(said)
  return {
    code: memory ? 'memory-limit' : 'cell-crashed',
    text: `the cell ended by ${how}${said === '' ? '' : `: ${said}`}`,
  }
}

// Node prints the whole line of source, which is the whole program, before the error itself.
const essence = (stderr: string): string => {
  const line = stderr.split('\n').find((text) => /^\w*Error\b|FATAL ERROR/.test(text)) ?? stderr.trim()
  return line.replaceAll(/\s+/g, ' ').slice(0, 512)
}

/** Whether the process still is the child that it was said to be. */
const isChildOf = (pid: number, parent: number | undefined): boolean => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
}
