import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { systemReason } from '../lib/system-reason.ts'
import { writeWhole } from './cell-bundle.ts'

const MAX_BYTES = 16 << 20
/** Settings may nest, and they are a few levels inside of their record. */
export const MAX_DEPTH = 40

const Record = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  version: z.string().max(64),
  publisher: z.string().max(128).optional(),
  /** Where it was installed from. */
  source: z.string(),
  /** SHA-256 over the manifest and the bundle, as `sha256-<hex>`. */
  integrity: z.string().max(128),
  /** The folder that holds manifest and bundle, directly inside that of all plugins. */
  folder: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/),
  /** What the operator allowed: the manifest's permissions, budget and limits as they were read. */
  grant: z.string(),
  config: z.record(z.string(), z.unknown()),
  /** The operator has switched it off. */
  disabled: z.literal(true).optional(),
  installedAt: z.number().nonnegative(),
  installCursor: z.string().max(128),
})

const LockFile = z
  .strictObject({ version: z.literal(1), plugins: z.array(Record).max(4_096) })
  .refine(({ plugins }) => new Set(plugins.map(({ name }) => name)).size === plugins.length, {
    error: 'two plugins have the same name',
  })

/** One installed plugin, as the lock file has it. */
export type InstallRecord = z.output<typeof Record>

/** The file that names the installed plugins is there, and cannot be read. */
export interface LockFileDamaged {
  readonly code: 'lock-file-damaged'
  readonly message: string
}

/** The installed plugins in the operator's order; none where there is no lock file yet. */
export const readLockFile = async (path: string): Promise<Result<readonly InstallRecord[], LockFileDamaged>> => {
  let text: string
  try {
    if ((await stat(path)).size > MAX_BYTES) return damaged(path, `it is larger than ${MAX_BYTES} bytes`)
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return code === 'ENOENT' ? ok([]) : damaged(path, systemReason(thrown))
  }
  return parseLockFile(path, text)
}

/** Reads the text of the lock file at `path`. */
export const parseLockFile = (path: string, text: string): Result<readonly InstallRecord[], LockFileDamaged> => {
  const json = readJson(text, MAX_DEPTH)
  if (!json.ok) return damaged(path, 'it is not JSON')
  const read = evaluate(LockFile, json.value)
  if (read.ok) return ok(read.value.plugins)
  const { field, message } = read.error
  return damaged(path, field === '' ? message : `${field}: ${message}`)
}

const damaged = (path: string, what: string): Result<never, LockFileDamaged> =>
  err({
    code: 'lock-file-damaged',
    message: `${path}: ${what}. Put back a copy, or take the file away to begin without plugins; then: fulgurite plugins resume`,
  })

export const writeLockFile = async (path: string, plugins: readonly InstallRecord[]): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await writeWhole(path, `${JSON.stringify({ version: 1, plugins }, null, 2)}\n`)
}
