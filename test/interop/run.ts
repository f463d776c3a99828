// Runs the scenarios with the peers that are asked for, or with all that are given; the rest of the line goes to the runner.
//   npm run test:interop -- --peer lnd --match='*close*'
// With --table it runs nothing, and writes what was run since the last time into docs/reference/interop.md.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PEER_FILES } from './peers.ts'
import { writeTable } from './table/write.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const AVA = 'node_modules/ava/entrypoints/cli.js'

const fail = (why: string): never => {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}

const files: string[] = []
const rest: string[] = []
const args = process.argv.slice(2)
for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
  if (arg !== '--peer' && !arg.startsWith('--peer=')) {
    rest.push(arg)
    continue
  }
  const name = arg === '--peer' ? args.shift() : arg.slice('--peer='.length)
  const file = Object.entries(PEER_FILES).find(([peer]) => peer === name)?.[1]
  files.push(file ?? fail(`no peer is called ${name ?? 'nothing'}; known are ${Object.keys(PEER_FILES).join(', ')}`))
}

if (rest.includes('--table')) {
  writeTable()
  process.exit(0)
}

spawn(process.execPath, [AVA, '--config', 'ava.interop.config.js', ...files, ...rest], {
  cwd: ROOT,
  stdio: 'inherit',
}).once('close', (code) => process.exit(code ?? 1))
