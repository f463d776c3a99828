import type { ChildProcess } from 'node:child_process'
import { err, ok, type Result } from '../lib/result.ts'
import type { NodePlaces } from './running-node.ts'

/** How a process ended. */
interface ChildEnd {
  /** The exit code; `null` if a signal ended it, or if it never began. */
  readonly code: number | null
  /** `exit code 1`, `signal SIGKILL`, or why it never began. */
  readonly how: string
}

/** `fulgurite start --json` in a process of its own. */
export interface NodeChild {
  /** Where the node is, as it says when it is at work; or why it is not, in words. One that is not ready in time is killed. */
  readonly ready: Promise<Result<NodePlaces, string>>
  readonly ended: Promise<ChildEnd>
  /** Asks the process to end, and kills it if it does not. */
  end(ask: () => void): Promise<ChildEnd>
}

export interface NodeChildOptions {
  readonly readyWithinMs: number
  readonly endWithinMs: number
  /** Told all that it writes, as it comes. */
  readonly onOutput?: (text: string) => void
}

/** How much of what it complains of is kept for the reason. */
const COMPLAINTS = 2_000

/** Follows such a process, which has just been started, from its first line to its end. */
export const followNode = (child: ChildProcess, options: NodeChildOptions): NodeChild => {
  const ended = endOf(child)
  return {
    ready: readyOf(child, ended, options),
    ended,
    async end(ask) {
      ask()
      const timer = setTimeout(() => child.kill('SIGKILL'), options.endWithinMs)
      const end = await ended
      clearTimeout(timer)
      return end
    },
  }
}

const endOf = (child: ChildProcess): Promise<ChildEnd> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, how: error.message }))
    child.once('exit', (code, signal) =>
      resolve({ code, how: signal === null ? `exit code ${code}` : `signal ${signal}` }),
    )
    // The process may be gone when it is told to stop.
    child.stdin?.on('error', () => {})
  })

const readyOf = (
  child: ChildProcess,
  ended: Promise<ChildEnd>,
  { readyWithinMs, onOutput = () => {} }: NodeChildOptions,
): NodeChild['ready'] =>
  new Promise((resolve) => {
    let line: string | undefined
    let out = ''
    let complaints = ''
    const finish = (result: Result<NodePlaces, string>): void => {
      clearTimeout(timer)
      if (!result.ok) child.kill('SIGKILL')
      resolve(result)
    }
    const timer = setTimeout(() => finish(err(`not ready within ${readyWithinMs / 1000} s`)), readyWithinMs)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      onOutput(text)
      complaints = (complaints + text).slice(-COMPLAINTS)
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      onOutput(text)
      if (line !== undefined) return
      out += text
      const end = out.indexOf('\n')
      if (end === -1) return
      line = out.slice(0, end)
      finish(readPlaces(line))
    })
    // Its last words may come after its end.
    child.once('close', async () => {
      const { how } = await ended
      finish(err(complaints.trim() === '' ? how : complaints.trim()))
    })
  })

const readPlaces = (line: string): Result<NodePlaces, string> => {
  try {
    const said = JSON.parse(line) as NodePlaces | { readonly error: { readonly message: string } }
    return 'error' in said ? err(said.error.message) : ok(said)
  } catch {
    return err('it said something else')
  }
}
