import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

// Which program a launch runs: the one that was bundled, which starts sooner and holds less, or the sources themselves
// where they, or the packages that were bundled with them, have changed since.

/** Where the bundled program lies in the package. */
export const DIST = 'dist'

/** What the bundled program was made of and consists of, with a stamp for each file: in the repository alone. */
export const STAMPS = 'dist/stamps.json'

/**
 * Where Node keeps what it has compiled, in the package. It runs what it finds there: so it is a folder that nobody can write
 * who cannot write the program, and none that is shared, as Node's own choice is.
 */
export const COMPILED = 'dist/compiled'

const SOURCE = 'src/cli/main.ts'

/** What tells one state of a file from another, without reading it. */
export const stampOf = (path) => {
  const { mtimeMs, size } = statSync(path)
  return `${mtimeMs} ${size}`
}

const isFresh = (core) => {
  try {
    const stamps = JSON.parse(readFileSync(join(core, STAMPS), 'utf8'))
    return Object.entries(stamps).every(([path, stamp]) => stampOf(join(core, path)) === stamp)
  } catch {
    // It was never made, or a part of it or of its sources is gone.
    return false
  }
}

/** Whether the package in this folder is that of the repository. */
export const hasSources = (core) => existsSync(join(core, SOURCE))

/** Whether a program is the sources, and not what was made of them. */
export const isSource = (program) => program.endsWith('.ts')

/** The path of the module to run, of the package in this folder. */
export const programOf = (core) => join(core, hasSources(core) && !isFresh(core) ? SOURCE : `${DIST}/cli/main.js`)
