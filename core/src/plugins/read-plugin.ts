import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bundlePlugin } from './bundle-plugin.ts'
import { parseManifest } from './manifest.ts'
import type { FolderErrorCode, PluginError, RoomErrorCode } from './plugin-error.ts'
import { type FolderLimits, PluginFolder } from './plugin-folder.ts'
import { integrityOf, MANIFEST_FILE, type PluginSource } from './plugin-source.ts'

export type ReadStep = 'manifest' | 'bundle'

export interface ReadRequest {
  readonly source: string
  readonly clock: Clock
  /** Whether there is room for it; asked before anything is bundled. */
  readonly admit?: (manifest: Manifest) => PluginError<RoomErrorCode> | undefined
  /** Of the folder; the defaults if absent. */
  readonly limits?: FolderLimits
  readonly onProgress?: (step: ReadStep) => void
}

/** Reads a plugin's folder and bundles it. It writes nothing, and runs no code of the plugin. */
export const readPlugin = async (
  request: ReadRequest,
): Promise<Result<PluginSource, PluginError<FolderErrorCode | RoomErrorCode>>> => {
  const { source, clock, onProgress } = request
  onProgress?.('manifest')
  const opened = await PluginFolder.open(source, request.limits)
  const manifestPath = opened.ok ? join(opened.value.root, MANIFEST_FILE) : undefined
  if (!opened.ok || manifestPath === undefined || !(await exists(manifestPath))) {
    return err({ code: 'path-not-found', message: `there is no ${MANIFEST_FILE} in ${source}`, field: 'path' })
  }
  const folder = opened.value
  const read = await folder.read(manifestPath)
  if (!read.ok) return err({ code: 'manifest-invalid', message: read.error })
  const manifestText = read.value.toString('utf8')
  const parsed = parseManifest(manifestText)
  if (!parsed.ok) return parsed
  const manifest = parsed.value
  const refused = request.admit?.(manifest)
  if (refused !== undefined) return err(refused)
  onProgress?.('bundle')
  const bundled = await bundlePlugin(folder, manifest.entry, clock)
  if (!bundled.ok) return bundled
  const integrity = integrityOf(manifestText, bundled.value.code)
  return ok({ source: folder.root, manifestText, manifest, integrity, ...bundled.value })
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
