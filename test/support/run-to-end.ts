import { spawn } from 'node:child_process'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from './launcher.ts'
import { PATIENCE_MS } from './patience.ts'

/** Standard output and error of a process that has ended by itself, and its exit code. */
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `fulgurite` with these arguments to its own end: for a start that must be refused. */
export const runToEnd = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> => {
  const child = spawn(process.execPath, [...NODE_FLAGS, LAUNCHER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: nodeEnvironment({ ...process.env, ...env }),
  })
  const ended = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      ended[stream] += text
    })
  }
  const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearTimeout(force)
      resolve({ ...ended, code })
    }),
  )
}
