import { createHash } from 'node:crypto'
import { lstat, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Cursor } from '@fulgurite/plugin-sdk/contract'
import { type BuildFailure, build, type Loader, type Plugin } from 'esbuild'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { whileBundling } from './bundler.ts'
import { writeWhole } from './cell-bundle.ts'
import { checkConfig } from './config-schema.ts'
import type { InstallRecord } from './install-record.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { type FolderLimits, PluginFolder } from './plugin-folder.ts'
import { MAX_SOURCE_MAP_CHARS } from './source-stack.ts'

const MANIFEST_FILE = 'fulgurite.plugin.json'
const BUNDLE_FILE = 'plugin.js'
const MAP_FILE = 'plugin.js.map'
const MAX_BUNDLE_BYTES = 4 << 20
/** For looking through the folder and bundling it. */
const BUNDLING_MS = 60_000

/** Why a plugin cannot be installed or started. */
export interface InstallError {
  readonly code:
    | 'path-not-found'
    | 'manifest-invalid'
    | 'contract-mismatch'
    | 'config-invalid'
    | 'bundle-failed'
    | 'already-installed'
    | 'node-too-old'
    | 'walls-missing'
    | 'start-failed'
    | 'plugin-not-found'
    | 'integrity-mismatch'
    | 'lock-file-damaged'
    | 'too-many-plugins'
    | 'limits-exceeded'
  readonly message: string
  readonly field?: string
}

export type InstallStep = 'manifest' | 'config' | 'bundle' | 'write'

export interface InstallRequest {
  readonly source: string
  readonly config: unknown
  /** Whether there is a place for it; asked before anything is bundled. */
  readonly admit: (manifest: Manifest) => InstallError | undefined
  /** Where plugins are kept. */
  readonly folder: string
  readonly clock: Clock
  /** Of the folder; the defaults if absent. */
  readonly limits?: FolderLimits
  readonly cursor: Cursor
  readonly onProgress: (step: InstallStep) => void
}

/** A plugin that is ready to run. */
export interface InstalledPlugin {
  readonly record: InstallRecord
  readonly manifest: Manifest
  readonly code: string
  readonly sourceMap: string
}

/** Reads a plugin's folder, bundles it and puts it where plugins are kept. Nothing of it is run. */
export const installFromFolder = async (request: InstallRequest): Promise<Result<InstalledPlugin, InstallError>> => {
  const { source, folder, clock, onProgress } = request
  onProgress('manifest')
  const opened = await PluginFolder.open(source, request.limits)
  const manifestPath = opened.ok ? join(opened.value.root, MANIFEST_FILE) : undefined
  if (!opened.ok || manifestPath === undefined || !(await exists(manifestPath))) {
    return err({ code: 'path-not-found', message: `there is no ${MANIFEST_FILE} in ${source}`, field: 'path' })
  }
  const plugin = opened.value
  const read = await plugin.read(manifestPath)
  if (!read.ok) return err({ code: 'manifest-invalid', message: read.error })
  const manifestText = read.value.toString('utf8')
  const parsed = parseManifest(manifestText)
  if (!parsed.ok) return parsed
  const manifest = parsed.value
  const refused = request.admit(manifest)
  if (refused !== undefined) return err(refused)
  onProgress('config')
  const config = checkConfig(manifest.config, request.config ?? {})
  if (!config.ok) return config
  onProgress('bundle')
  const bundled = await bundle(plugin, manifest.entry, clock)
  if (!bundled.ok) return bundled
  const { code, sourceMap } = bundled.value
  const integrity = integrityOf(manifestText, code)
  onProgress('write')
  const name = `${manifest.name}-${manifest.version}-${integrity.slice('sha256-'.length, 'sha256-'.length + 16)}`
  const target = join(folder, name)
  await mkdir(target, { recursive: true })
  await writeWhole(join(target, MANIFEST_FILE), manifestText)
  await writeWhole(join(target, BUNDLE_FILE), code)
  await writeWhole(join(target, MAP_FILE), sourceMap)
  const { version, publisher } = manifest
  const record: InstallRecord = {
    name: manifest.name,
    version,
    ...(publisher === undefined ? {} : { publisher }),
    source: plugin.root,
    integrity,
    folder: name,
    grant: grantOf(manifest),
    config: (request.config ?? {}) as InstallRecord['config'],
    installedAt: clock.now(),
    installCursor: request.cursor,
  }
  return ok({ record, manifest, code, sourceMap })
}

/** Reads what was installed, and checks that it is what the operator allowed. Errors: `integrity-mismatch`, as `parseManifest`. */
export const readInstalled = async (
  folder: string,
  record: InstallRecord,
): Promise<Result<InstalledPlugin & { readonly config: Readonly<Record<string, unknown>> }, InstallError>> => {
  const [manifestText, code, sourceMap] = await Promise.all(
    [MANIFEST_FILE, BUNDLE_FILE, MAP_FILE].map((file) =>
      readFile(join(folder, record.folder, file), 'utf8').catch(() => ''),
    ),
  )
  if (manifestText === undefined || code === undefined || integrityOf(manifestText, code) !== record.integrity) {
    return err({ code: 'integrity-mismatch', message: `${record.name}: its files are not those that were installed` })
  }
  const parsed = parseManifest(manifestText)
  if (!parsed.ok) return parsed
  if (grantOf(parsed.value) !== record.grant) {
    return err({ code: 'integrity-mismatch', message: `${record.name}: it asks for other than what was granted` })
  }
  const config = checkConfig(parsed.value.config, record.config)
  if (!config.ok) return config
  return ok({ record, manifest: parsed.value, code, sourceMap: whereFit(sourceMap), config: config.value })
}

/** A map that is too large to be read is not kept in memory either. */
const whereFit = (sourceMap = ''): string => (sourceMap.length > MAX_SOURCE_MAP_CHARS ? '' : sourceMap)

export const removeInstalled = async (folder: string, record: InstallRecord): Promise<void> => {
  await rm(join(folder, record.folder), { recursive: true, force: true })
}

const grantOf = ({ permissions, budget, limits, calls }: Manifest): string =>
  JSON.stringify({ permissions, budget, limits, calls }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )

const integrityOf = (manifest: string, code: string): string =>
  `sha256-${createHash('sha256').update(`${manifest.length}\n`).update(manifest).update(code).digest('hex')}`

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** What `with { type }` makes of a file; by its name otherwise. */
const LOADERS: Readonly<Record<string, Loader>> = { json: 'json', text: 'text', bytes: 'binary' }

/**
 * A bundle takes in only what lies in the plugin's folder, its own packages among it: no other file of the operator's machine.
 * The bundler is handed each file's contents, and opens none itself.
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

const bundle = async (
  folder: PluginFolder,
  entry: string,
  clock: Clock,
): Promise<Result<{ readonly code: string; readonly sourceMap: string }, InstallError>> => {
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
        // What the isolate has already.
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
    const sourceMap = output(MAP_FILE)
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

const bundleFailed = (message: string): Result<never, InstallError> => err({ code: 'bundle-failed', message })
