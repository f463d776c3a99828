import { createHash } from 'node:crypto'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Bundle } from './bundle-plugin.ts'

export const MANIFEST_FILE = 'fulgurite.plugin.json'

/** A plugin as its folder holds it at one moment. */
export interface PluginSource extends Bundle {
  /** The folder, absolute and without links. */
  readonly source: string
  readonly manifestText: string
  readonly manifest: Manifest
  /** Of manifest and code, as `sha256-<hex>`. */
  readonly integrity: string
}

/** A digest of a manifest and the code that goes with it. */
export const integrityOf = (manifest: string, code: string): string =>
  `sha256-${createHash('sha256').update(`${manifest.length}\n`).update(manifest).update(code).digest('hex')}`
