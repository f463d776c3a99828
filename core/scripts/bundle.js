// Bundles the program into `dist`: `node core/scripts/bundle.js`. An install does it, and whoever changes a source may.
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { DIST, STAMPS, stampOf } from '../bin/program.js'

const core = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a start loads, step by step. */
const STARTED = ['cli/main', 'app/start-on-bitcoind', 'app/devnet/start-devnet']

const KEPT_DAYS = 30

// What has a binary of its own stays where it was installed.
const NATIVE = ['esbuild', 'isolated-vm', 'secp256k1', 'sqlite3', 'tiny-secp256k1', 'zeromq']

// What CommonJS packages expect to find.
const REQUIRE = "import { createRequire as toRequire } from 'node:module'\nconst require = toRequire(import.meta.url)"

/** Makes `dist` anew. Returns the modules that a node's start loads. */
export const bundle = async () => {
  const dist = join(core, DIST)
  // Until all is written the sources run.
  rmSync(join(core, STAMPS), { force: true })
  const { metafile } = await build({
    absWorkingDir: core,
    entryPoints: [...STARTED.map((name) => `src/${name}.ts`), 'src/plugins/cell/main.ts'],
    outbase: 'src',
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Lines and names stay: the place that a fault names can be found.
    legalComments: 'none',
    conditions: ['fulgurite-source'],
    external: NATIVE,
    banner: { js: REQUIRE },
    logLevel: 'warning',
  })
  const own = Object.keys(metafile.inputs).filter((path) => !path.includes('node_modules/'))
  writeFileSync(
    join(core, STAMPS),
    JSON.stringify(Object.fromEntries(own.map((path) => [path, stampOf(join(core, path))]))),
  )
  removeOld(join(dist, 'chunks'), new Set(Object.keys(metafile.outputs).map((path) => join(core, path))))
  return STARTED.map((name) => join(dist, `${name}.js`))
}

/** A node that runs loads parts of what it was started from when they are asked for: they stay as long as it may run. */
const removeOld = (folder, written) => {
  const before = Date.now() - KEPT_DAYS * 86_400_000
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (!written.has(path) && statSync(path).mtimeMs < before) rmSync(path)
  }
}

if (import.meta.main) await bundle()
