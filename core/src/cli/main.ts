import { randomBytes } from 'node:crypto'
import { readFileSync, watch } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { homeFolder } from '../lib/home.ts'
import { watchOutputs } from './broken-output.ts'
import type { CliIo } from './io.ts'
import type { AppCommands } from './own-commands.ts'
import { run } from './run.ts'

// Loaded only when it is needed: the rest of the command line needs nothing of the node.
const loadApp = async (): Promise<AppCommands> => import('../app/commands.ts')

// Version control writes there all the time, and no part of a plugin lies there.
const watchFolder = (folder: string, onChange: () => void): (() => void) => {
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || !/^\.git(\/|\\|$)/.test(file)) onChange()
  })
  // If the folder goes away, the next install says so.
  watcher.on('error', onChange)
  return () => watcher.close()
}

// Questions go to standard error: standard output may be redirected to a file.
const askAtTerminal = async (question: string, signal: AbortSignal): Promise<string | undefined> => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // No line comes after the end of the input.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
    return await Promise.race([lines.question(question, { signal }), ended])
  } catch {
    return ''
  } finally {
    lines.close()
  }
}

/** The `fulgurite` command on the process's own streams. */
export const main = async (): Promise<void> => {
  const interruption = new AbortController()
  const args = process.argv.slice(2)
  // The node stops in its own order; everything else just ends.
  if (args.includes('tail') || args.includes('--follow') || (args.includes('plugins') && args.includes('dev')))
    process.once('SIGINT', () => interruption.abort())
  watchOutputs(process, args.includes('start'))
  const isTerminal = process.stdout.isTTY === true
  const io: CliIo = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal,
    // A terminal that does not know its width says 0.
    columns: process.stdout.columns || 80,
    env: process.env,
    cwd: process.cwd(),
    home: homeFolder(),
    watch: watchFolder,
    readFile: (path) => readFileSync(path, 'utf8'),
    pause: (ms) => setTimeout(ms, undefined, { signal: interruption.signal }).catch(() => {}),
    ask: (question) => askAtTerminal(question, interruption.signal),
    askSecretly: async (question) => (await import('../lib/ask-secret.ts')).askSecretly(question),
    readInput: async () =>
      process.stdin.isTTY === true ? undefined : (await import('../lib/read-input.ts')).readInput(0),
    randomKey: () => `cli-${randomBytes(8).toString('hex')}`,
    interrupted: interruption.signal,
  }
  process.exitCode = await run(args, io, loadApp)
}
