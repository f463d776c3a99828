#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const source = join(here, '../src/cli/main.ts')
const fromSource = existsSync(source)
// A node lives long and makes little garbage: four times more room for it, as by default, is memory and no speed.
const flags = ['--max-semi-space-size=4']
// In the repository packages are resolved to their TypeScript sources, which Node runs as they are.
if (fromSource) flags.push('--conditions=fulgurite-source', '--disable-warning=ExperimentalWarning')

const isSupported = (version) => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 26 || (major === 24 && minor >= 12)
}

/** The Node that npm installed beside us, which is there whatever the system has. */
const installedNode = () => {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules/.bin', name)
    if (existsSync(candidate)) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

const run = (node) => {
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  // Where a process can replace itself no second one stays behind in memory.
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node, ...args], { ...process.env, FULGURITE_LAUNCHED: '1' })
  }
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, FULGURITE_LAUNCHED: '1' } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}

const supported = isSupported(process.versions.node)
const node = supported ? process.execPath : installedNode()
const ready = supported && flags.every((flag) => process.execArgv.includes(flag))

if (ready) {
  // The mark is for one launch: a node may start others.
  delete process.env.FULGURITE_LAUNCHED
  module.enableCompileCache()
  const { main } = await import(fromSource ? '../src/cli/main.ts' : '../dist/cli/main.js')
  await main()
} else if (node === undefined || process.env.FULGURITE_LAUNCHED === '1') {
  process.stderr.write(
    `Fulgurite needs Node 24.12 or newer, or 26; this is ${process.versions.node}.\n` +
      'Run npm ci in its folder, which installs one, or install Node from https://nodejs.org.\n',
  )
  process.exitCode = 1
} else {
  run(node)
}
