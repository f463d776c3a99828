import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { readJson } from '../lib/json.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { writeWhole } from './cell-bundle.ts'
import { checkConfig } from './check-config.ts'
import { isGrantOf } from './grant.ts'
import type { InstallRecord } from './install-record.ts'
import { MANIFEST_DEPTH, parseManifest } from './manifest.ts'
import type { PluginError } from './plugin-error.ts'
import { integrityOf, MANIFEST_FILE, type PluginSource } from './plugin-source.ts'
import { MAX_SOURCE_MAP_CHARS } from './source-stack.ts'

const BUNDLE_FILE = 'plugin.js'
const MAP_FILE = 'plugin.js.map'

/** A plugin that is ready to run. */
export interface InstalledPlugin {
  readonly record: InstallRecord
  readonly manifest: Manifest
  /** The manifest as its author wrote it. */
  readonly asWritten: Readonly<Record<string, unknown>>
  readonly code: string
  readonly sourceMap: string
  /** The operator's settings, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>
}

/** Writes a plugin's files into a folder of their own, directly inside that of all plugins. Returns the folder's name. */
export const writeInstalled = async (folder: string, plugin: PluginSource): Promise<string> => {
  const { name, version } = plugin.manifest
  const stem = `${name}-${version}-${plugin.integrity.slice('sha256-'.length, 'sha256-'.length + 16)}`
  const target = await ownFolder(folder, stem)
  await writeWhole(join(folder, target, MANIFEST_FILE), plugin.manifestText)
  await writeWhole(join(folder, target, BUNDLE_FILE), plugin.code)
  await writeWhole(join(folder, target, MAP_FILE), plugin.sourceMap)
  return target
}

// The same version may be installed now; its files are needed until nothing names them.
const ownFolder = async (folder: string, stem: string): Promise<string> => {
  await mkdir(folder, { recursive: true })
  for (let n = 1; ; n++) {
    const name = n === 1 ? stem : `${stem}-${n}`
    try {
      await mkdir(join(folder, name))
      return name
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    }
  }
}

/** Reads an installed plugin, and checks that it is what the operator agreed to. */
export const readInstalled = async (
  folder: string,
  record: InstallRecord,
): Promise<
  Result<
    InstalledPlugin,
    PluginError<'integrity-mismatch' | 'manifest-invalid' | 'contract-mismatch' | 'config-invalid'>
  >
> => {
  const [manifestText, code, sourceMap] = await Promise.all(
    [MANIFEST_FILE, BUNDLE_FILE, MAP_FILE].map((file) =>
      readFile(join(folder, record.folder, file), 'utf8').catch(() => ''),
    ),
  )
  if (manifestText === undefined || code === undefined || integrityOf(manifestText, code) !== record.integrity) {
    return err({
      code: 'integrity-mismatch',
      message: `the files of ${record.name} have changed since it was installed: install it again`,
    })
  }
  const parsed = parseManifest(manifestText)
  if (!parsed.ok) return parsed
  if (!isGrantOf(record.grant, parsed.value)) {
    return err({
      code: 'integrity-mismatch',
      message: `the manifest of ${record.name} does not ask for what was granted: install it again`,
    })
  }
  const config = checkConfig(parsed.value.config, record.config)
  if (!config.ok) return config
  const asWritten = readJson(manifestText, MANIFEST_DEPTH)
  return ok({
    record,
    manifest: parsed.value,
    asWritten: asWritten.ok ? (asWritten.value as InstalledPlugin['asWritten']) : {},
    code,
    sourceMap: whereFit(sourceMap),
    config: config.value,
  })
}

/** A map that is too large to be read is not kept in memory either. */
const whereFit = (sourceMap = ''): string => (sourceMap.length > MAX_SOURCE_MAP_CHARS ? '' : sourceMap)

export const removeInstalled = async (folder: string, record: Pick<InstallRecord, 'folder'>): Promise<void> => {
  await rm(join(folder, record.folder), { recursive: true, force: true })
}
