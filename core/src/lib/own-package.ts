import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Bundled, a module lies in another folder than its source: what belongs to the package is found from its root.

const rootFrom = (folder: string): string =>
  existsSync(join(folder, 'package.json')) ? folder : rootFrom(dirname(folder))

/** The folder of this package. */
export const OWN_PACKAGE = rootFrom(dirname(fileURLToPath(import.meta.url)))

/** The version of this package. */
export const ownVersion = (): string =>
  (JSON.parse(readFileSync(join(OWN_PACKAGE, 'package.json'), 'utf8')) as { version: string }).version
