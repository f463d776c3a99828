import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from '../../support/launcher.ts'

// What a reader of the documentation does: in a shell of their own, in an empty folder, beside a development network.

/** Whether there is a shell for them here. */
export const canRead = (...programs: readonly string[]): boolean =>
  ['bash', ...programs].every((program) => spawnSync(program, ['--version']).status === 0)

/** A page of the documentation, by its path from the root. */
export const page = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')

export interface Block {
  readonly kind: string
  readonly text: string
}

/** What stands between fences, in its order. */
export const blocks = (markdown: string): readonly Block[] =>
  [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, kind = '', text = '']) => ({ kind, text }))

export interface Reader {
  /** An empty folder that is their home, and where they are. */
  readonly home: string
  /** Runs commands in one shell. A command that has no end of its own is left after its first line. */
  run(script: string): Promise<{ readonly code: number | null; readonly out: string }>
  /** Ends the network as a person does. */
  stop(): Promise<number | null>
}

// There is no terminal here on which `plugins install` could ask.
const SHELL = `
npx() {
  shift
  case "$*" in
    'plugins install'*) fulgurite "$@" --yes ;;
    'plugins dev'*) develop "$@" ;;
    *'--follow'* | 'events tail'*) fulgurite "$@" | head -n 1 ;;
    *) fulgurite "$@" ;;
  esac
}
fulgurite() { '${process.execPath}' ${NODE_FLAGS.join(' ')} '${LAUNCHER}' "$@"; }
# Saves something when the plugin runs, and leaves when it runs again.
develop() {
  coproc DEV { exec '${process.execPath}' ${NODE_FLAGS.join(' ')} '${LAUNCHER}' "$@" --yes 2>&1; }
  local pid="$DEV_PID" out="\${DEV[0]}"
  told_to_wait "$out"
  echo '// saved' >> "$3/index.ts"
  told_to_wait "$out"
  kill -INT "$pid"
  wait "$pid"
}
told_to_wait() {
  local line
  while read -r line <&"$1"; do
    echo "$line"
    case "$line" in waiting*) return 0 ;; esac
  done
  return 1
}
`

/** A reader beside a development network in which much is paid. */
export const reader = async (t: ExecutionContext): Promise<Reader> => {
  const home = mkdtempSync(join(tmpdir(), 'fulgurite-reader-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const env = nodeEnvironment({
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: home,
    FULGURITE_DEVNET_PAYMENT_SECONDS: '0.5',
    // Nothing is asked of a registry, and nothing is found in anybody's cache.
    npm_config_offline: 'true',
    npm_config_cache: join(home, '.npm'),
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  })
  const args = [LAUNCHER, 'start', '--devnet', '--json', '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0']
  const network = spawn(process.execPath, [...NODE_FLAGS, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  t.teardown(() => network.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => network.once('exit', resolve))
  await firstOutput(network, ended)
  return {
    home,
    run: (script) =>
      new Promise((resolve) => {
        const shell = spawn('bash', ['-eu', '-c', `${SHELL}\n${script}`], {
          stdio: ['ignore', 'pipe', 'inherit'],
          cwd: home,
          env,
        })
        let out = ''
        shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          out += chunk
        })
        shell.once('close', (code) => resolve({ code, out }))
      }),
    stop: () => {
      network.kill('SIGINT')
      return ended
    },
  }
}

const firstOutput = (network: ChildProcess, ended: Promise<number | null>): Promise<void> =>
  new Promise((resolve, reject) => {
    network.stdout?.once('data', () => resolve())
    void ended.then((code) => reject(new Error(`ended with ${code}`)))
  })
