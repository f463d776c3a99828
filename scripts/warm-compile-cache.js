// Runs after an install: compiles what `fulgurite start` loads once, so that even the first start finds Node's compile
// cache filled. It helps or does nothing: an install never fails by it.
import { existsSync } from 'node:fs'
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const entries = ['../core/src/cli/main.ts', '../core/src/app/commands.ts'].map((path) => new URL(path, import.meta.url))

if ((major >= 26 || (major === 24 && minor >= 12)) && entries.every((entry) => existsSync(entry))) {
  module.enableCompileCache()
  try {
    for (const entry of entries) await import(entry.href)
  } catch {
    // What is wrong will be said by the command that needs it.
  }
  process.exit(0)
}
