import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** The file of isolated-vm's native addon for this system. The core never loads it: only cells do. */
export const isolateAddonPath = (): string => {
  const require = createRequire(import.meta.url)
  const main = require.resolve('isolated-vm')
  const finder = createRequire(main)('node-gyp-build') as { path(folder: string): string }
  return finder.path(dirname(main))
}
