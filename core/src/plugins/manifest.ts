import { contract, evaluate, type Misfit } from '@fulgurite/plugin-sdk/contract'
import { type Manifest, ManifestSchema } from '@fulgurite/plugin-sdk/manifest'
import { readJson } from '../lib/json.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { satisfiesRange } from './contract-range.ts'

const MAX_BYTES = 256 * 1024
export const MANIFEST_DEPTH = 24

/** Which field of the manifest is wrong, and how to correct it. */
export interface ManifestError {
  readonly code: 'manifest-invalid' | 'contract-mismatch'
  readonly message: string
  readonly field?: string
}

/** Reads a manifest. Its size and nesting are checked before it is parsed. */
export const parseManifest = (text: string): Result<Manifest, ManifestError> => {
  if (text.length > MAX_BYTES) return invalid(`the manifest is larger than ${MAX_BYTES} characters`)
  const json = readJson(text, MANIFEST_DEPTH)
  if (!json.ok) {
    return invalid(
      json.error.code === 'too-deep' ? `the manifest nests deeper than ${MANIFEST_DEPTH} levels` : 'not JSON',
    )
  }
  const manifest = evaluate(ManifestSchema, json.value)
  if (!manifest.ok) return invalid(...wordsFor(manifest.error))
  const { contract: range } = manifest.value
  if (!satisfiesRange(contract.version, range)) {
    const message = `contract: the plugin asks for ${range}, this node speaks ${contract.version}`
    return err({ code: 'contract-mismatch', field: 'contract', message })
  }
  return ok(manifest.value)
}

const invalid = (message: string, field?: string): Result<never, ManifestError> =>
  err({ code: 'manifest-invalid', message, ...(field === undefined ? {} : { field }) })

const wordsFor = ({ field, message }: Misfit): [message: string, field?: string] =>
  field === '' ? [`the manifest ${message}`] : [`${field}: ${message}`, field]
