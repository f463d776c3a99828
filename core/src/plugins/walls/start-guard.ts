import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

const SHELL = '/bin/sh'

// Reads which groups of processes are being started (`+`) and which have started (`-`). Once nobody is left who could tell it anything, it
// kills the groups that it still knows.
const GUARD = `
known=
while read -r what group; do
  case $what in
    +) known="$known $group" ;;
    -) rest=; for each in $known; do [ "$each" = "$group" ] || rest="$rest $each"; done; known=$rest ;;
  esac
done
for each in $known; do kill -s KILL -- "-$each"; done
`

/** What a guarded start is: a command, and what it finds open at the descriptor that was asked for. */
export interface GuardedStart {
  readonly command: readonly string[]
  readonly open: Writable | 'ignore'
}

/**
 * Ends cells that were just being started when the node was killed. A cell's first process waits for bubblewrap before it is bound to
 * anything; if bubblewrap ends then, because the node has, it would wait for ever. So a shell outlives the node for a moment. The process
 * that is to become the cell reports its start to this shell before it does anything else.
 */
export class StartGuard {
  #shell: ChildProcess | undefined

  /** The command, to be run as the first of a group of processes of its own. */
  around(command: readonly string[], descriptor: number): GuardedStart {
    const told = this.#tell()
    if (told === undefined) return { command, open: 'ignore' }
    const program = `echo "+ $$" >&${descriptor}; exec ${descriptor}>&-; exec "$@"`
    return { command: [SHELL, '-c', program, 'sh', ...command], open: told }
  }

  /** It runs and will end by itself when it has to, or it has ended. */
  done(group: number | undefined): void {
    if (group !== undefined) this.#shell?.stdin?.write(`- ${group}\n`)
  }

  close(): void {
    this.#shell?.stdin?.end()
    this.#shell = undefined
  }

  #tell(): Writable | undefined {
    if (this.#shell !== undefined) return this.#shell.stdin ?? undefined
    // In a group of its own, what ends the node does not end it.
    const shell = spawn(SHELL, ['-c', GUARD], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      cwd: '/',
      detached: true,
    })
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined
    }
    shell.on('error', gone).on('exit', gone)
    shell.stdin.on('error', gone)
    shell.unref()
    this.#shell = shell
    return shell.pid === undefined ? undefined : shell.stdin
  }
}
