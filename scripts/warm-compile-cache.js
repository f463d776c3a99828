// Runs after an install: compiles what `fulgurite start` loads once, so that even the first start finds Node's compile
// cache filled. It helps or does nothing: an install never fails by it.
import { existsSync } from 'node:fs'
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const source = new URL('../core/src/', import.meta.url)
const entries = ['cli/main.ts', 'app/start-on-bitcoind.ts', 'app/devnet/start-devnet.ts'].map(
  (path) => new URL(path, source),
)

if ((major >= 26 || (major === 24 && minor >= 12)) && entries.every((entry) => existsSync(entry))) {
  module.enableCompileCache()
  try {
    for (const entry of entries) await import(entry.href)
  } catch {
    // What is wrong will be said by the command that needs it.
  }
  process.exit(0)
}
