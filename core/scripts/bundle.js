// Bundles the program into `dist`: `node core/scripts/bundle.js`. An install does it, and whoever changes a source may.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { COMPILED, DIST, STAMPS, stampOf } from '../bin/program.js'

const core = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(core, DIST)
const stampsPath = join(core, STAMPS)

/** What a start loads, step by step. */
const STARTED = ['cli/main', 'app/start-on-bitcoind', 'app/devnet/start-devnet']

/** The programs of threads. */
const THREADS = ['node/gossip/signature-worker', 'node/routing/paths-worker']

/** How long a part stays that no new bundle has. */
const KEPT_DAYS = 30

/** Clocks of files tick in steps. */
const TICK_MS = 20

// What has a binary of its own stays where it was installed.
const NATIVE = ['esbuild', 'isolated-vm', 'secp256k1', 'sqlite3', 'tiny-secp256k1', 'zeromq']

// Loaded for routes with schemas of their own, of which there are none (`api/server.ts`).
const UNUSED = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler']

// What CommonJS packages expect to find.
const REQUIRE = "import { createRequire as toRequire } from 'node:module'\nconst require = toRequire(import.meta.url)"

/** Makes `dist` anew. Returns the modules that a node's start loads. */
export const bundle = async () => {
  const before = partsBefore()
  // Until all is written the sources run.
  for (const path of [stampsPath, join(core, COMPILED)]) rmSync(path, { recursive: true, force: true })
  const startedAt = Date.now()
  const { metafile } = await build({
    absWorkingDir: core,
    // Each is loaded by itself, at its time.
    entryPoints: [...STARTED, ...THREADS, 'plugins/cell/main'].map((name) => `src/${name}.ts`),
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
    external: [...NATIVE, ...UNUSED],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  })
  const parts = Object.keys(metafile.outputs)
  removeOld(before, new Set(parts))
  const inputs = new Set(Object.keys(metafile.inputs).map(stampedFor))
  // What was written meanwhile may have been read before.
  const isSettled = [...inputs].every((path) => statSync(join(core, path)).mtimeMs < startedAt - TICK_MS)
  if (isSettled) {
    const stamps = Object.fromEntries([...inputs, ...parts].map((path) => [path, stampOf(join(core, path))]))
    writeFileSync(stampsPath, JSON.stringify(stamps))
  }
  return STARTED.map((name) => join(dist, `${name}.js`))
}

/** Our own sources stand for themselves, and a package's description for all of its files, which come and go with it. */
const stampedFor = (input) => {
  const [, packageFolder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
  return packageFolder === undefined ? input : join(packageFolder, 'package.json')
}

const partsBefore = () => {
  try {
    return Object.keys(JSON.parse(readFileSync(stampsPath, 'utf8'))).filter((path) => path.startsWith(`${DIST}/`))
  } catch {
    return []
  }
}

/** A node that runs loads parts of what it was started from when they are asked for: they stay as long as it may run. */
const removeOld = (before, written) => {
  const replaced = new Set(before.filter((path) => !written.has(path)))
  const folder = join(dist, 'chunks')
  const old = Date.now() - KEPT_DAYS * 86_400_000
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name)
    const part = relative(core, path)
    if (replaced.has(part)) utimesSync(path, new Date(), new Date())
    else if (!written.has(part) && statSync(path).mtimeMs < old) rmSync(path)
  }
}

if (import.meta.main) await bundle()
