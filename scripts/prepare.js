// Runs after an install: bundles the program and compiles what its start loads once, so that even the first start finds
// Node's compile cache filled. It helps or does nothing: an install never fails by it.
import { spawnSync } from 'node:child_process'
import module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const prepare = async () => {
  const { FLAGS, SOURCE_FLAGS } = await import('../core/bin/launch.js')
  const { bundle } = await import('../core/scripts/bundle.js')
  const started = await bundle()
  const [commandLine] = started
  const self = fileURLToPath(import.meta.url)
  // What is compiled under other flags is not taken: a node is started with some, and a command that asks one with none.
  spawnSync(process.execPath, [...FLAGS, ...SOURCE_FLAGS, self, ...started])
  spawnSync(process.execPath, [self, commandLine])
}

const warm = async (modules) => {
  const { COMPILED } = await import('../core/bin/program.js')
  module.enableCompileCache(fileURLToPath(new URL(`../core/${COMPILED}`, import.meta.url)))
  for (const path of modules) await import(pathToFileURL(path).href)
}

const modules = process.argv.slice(2)
try {
  await (modules.length === 0 ? prepare() : warm(modules))
} catch {
  // What is wrong will be said by the command that needs it.
}
process.exit(0)
