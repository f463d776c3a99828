#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { becomesNode, flagsFor, hasAllocator, withAllocator } from './launch.js'
import { COMPILED, hasSources, isSource, programOf } from './program.js'

const here = dirname(fileURLToPath(import.meta.url))
const core = dirname(here)
const given = process.argv.slice(2)
const isNode = becomesNode(given)
let found
/** Looked for once, as it takes a look at every source. */
const program = () => {
  found ??= programOf(core)
  return found
}
const flags = flagsFor(given, { hasSources: hasSources(core), runsSources: () => isSource(program()) })

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

const run = async (node) => {
  const args = [...flags, fileURLToPath(import.meta.url), ...given]
  const env = { ...(isNode ? withAllocator(process.env) : process.env), FULGURITE_LAUNCHED: '1' }
  // Where a process can replace itself no second one stays behind in memory.
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node, ...args], env)
  }
  const { spawn } = await import('node:child_process')
  // Beside the streams a channel that says nothing: its end tells the node that we are gone.
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) =>
    process.exit(code ?? (signal === null ? 1 : 128 + (constants.signals[signal] ?? 0))),
  )
}

const supported = isSupported(process.versions.node)
const node = supported ? process.execPath : installedNode()
const isAllocating = !isNode || hasAllocator(process.env)
const ready = supported && flags.every((flag) => process.execArgv.includes(flag)) && isAllocating

/**
 * To whoever started the launcher, it is the program: if it is killed, the program is asked to stop, in its own order. A launcher that
 * lives in the background, or in a session of its own, changes nothing.
 */
const endWithLauncher = () => {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

if (ready) {
  if (process.env.FULGURITE_LAUNCHED === '1' && process.connected) endWithLauncher()
  // The mark is for one launch: a node may start others.
  delete process.env.FULGURITE_LAUNCHED
  module.enableCompileCache(join(core, COMPILED))
  const { main } = await import(pathToFileURL(program()).href)
  await main()
} else if (supported && process.env.FULGURITE_LAUNCHED === '1') {
  process.stderr.write(
    `Fulgurite was launched without the flags and the environment that it needs: ${flags.join(' ')}\n` +
      'Unset FULGURITE_LAUNCHED, and start it as fulgurite, or with npx fulgurite.\n',
  )
  process.exitCode = 1
} else if (node === undefined || process.env.FULGURITE_LAUNCHED === '1') {
  process.stderr.write(
    `Fulgurite needs Node 24.12 or newer, or 26; this is ${process.versions.node}.\n` +
      'Run npm ci in its folder, which installs one, or install Node from https://nodejs.org.\n',
  )
  process.exitCode = 1
} else {
  await run(node)
}
