import { dirname } from 'node:path'
import { type BuildFailure, build, type Loader, type Plugin } from 'esbuild'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { whileBundling } from './bundler.ts'
import type { PluginError } from './plugin-error.ts'
import type { PluginFolder } from './plugin-folder.ts'
import { MAX_SOURCE_MAP_CHARS } from './source-stack.ts'

const BUNDLE_FILE = 'plugin.js'
const MAX_BUNDLE_BYTES = 4 << 20
/** For looking through the folder and bundling it. */
const BUNDLING_MS = 60_000

/** The result of bundling a plugin's files. */
export interface Bundle {
  readonly code: string
  /** Empty where it is too large to be read. */
  readonly sourceMap: string
}

/** What `with { type }` makes of a file; by its name otherwise. */
const LOADERS: Readonly<Record<string, Loader>> = { json: 'json', text: 'text', bytes: 'binary' }

/**
 * A bundle contains only files from the plugin's folder, its own packages included, and no other file of the operator's machine. The
 * bundler receives each file's contents, and opens no file itself.
 */
const onlyOwnFiles = (folder: PluginFolder): Plugin => ({
  name: 'only-own-files',
  setup({ onLoad }) {
    onLoad({ filter: /.*/ }, async ({ path, with: attributes }) => {
      const read = await folder.read(path)
      if (!read.ok) return { errors: [{ text: read.error }] }
      return { contents: read.value, loader: LOADERS[attributes.type ?? ''] ?? 'default', resolveDir: dirname(path) }
    })
  },
})

/** Surveys a plugin's folder and bundles it into one file. */
export const bundlePlugin = async (
  folder: PluginFolder,
  entry: string,
  clock: Clock,
): Promise<Result<Bundle, PluginError<'bundle-failed'>>> => {
  const late = new AbortController()
  const cancel = clock.setTimer(BUNDLING_MS, () => late.abort())
  try {
    const { outputFiles } = await whileBundling(late.signal, async () => {
      const surveyed = await folder.survey(late.signal)
      if (!surveyed.ok) throw new Error(surveyed.error)
      return build({
        absWorkingDir: folder.root,
        entryPoints: [entry.startsWith('.') ? entry : `./${entry}`],
        outfile: BUNDLE_FILE,
        bundle: true,
        write: false,
        format: 'cjs',
        platform: 'neutral',
        mainFields: ['module', 'main'],
        target: 'es2024',
        // Many packages ask which of their two builds is meant.
        define: { 'process.env.NODE_ENV': '"production"' },
        // The isolate has these already.
        external: ['@fulgurite/plugin-sdk', 'rxjs', 'rxjs/operators'],
        sourcemap: 'external',
        sourcesContent: false,
        tsconfigRaw: {},
        logLevel: 'silent',
        plugins: [onlyOwnFiles(folder)],
      })
    })
    // Sizes first: a text is made of the bytes only when it is asked for.
    const output = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))
    const code = output(BUNDLE_FILE)
    const sourceMap = output(`${BUNDLE_FILE}.map`)
    if (code !== undefined && code.contents.length > MAX_BUNDLE_BYTES) {
      return bundleFailed(`the bundle is larger than ${MAX_BUNDLE_BYTES} bytes`)
    }
    const mapFits = sourceMap !== undefined && sourceMap.contents.length <= MAX_SOURCE_MAP_CHARS
    return ok({ code: code?.text ?? '', sourceMap: mapFits ? sourceMap.text : '' })
  } catch (thrown) {
    if (late.signal.aborted) return bundleFailed(`it took longer than ${BUNDLING_MS} ms`)
    const { errors = [] } = thrown as Partial<BuildFailure>
    const [first] = errors
    const where = first?.location ? `${first.location.file}:${first.location.line}: ` : ''
    return bundleFailed(`${where}${first?.text ?? (thrown instanceof Error ? thrown.message : String(thrown))}`)
  } finally {
    cancel()
  }
}

const bundleFailed = (message: string): Result<never, PluginError<'bundle-failed'>> =>
  err({ code: 'bundle-failed', message })
