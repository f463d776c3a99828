import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { writeWhole } from './cell-bundle.ts'

const Record = z.strictObject({
  name: z.string(),
  version: z.string(),
  publisher: z.string().optional(),
  /** Where it was installed from. */
  source: z.string(),
  /** SHA-256 over the manifest and the bundle, as `sha256-<hex>`. */
  integrity: z.string(),
  /** The folder that holds manifest and bundle, inside the data folder. */
  folder: z.string(),
  /** What the operator allowed: the manifest's permissions, budget and limits as they were read. */
  grant: z.string(),
  config: z.record(z.string(), z.json()),
  installedAt: z.number(),
  installCursor: z.string(),
})

const LockFile = z.strictObject({ version: z.literal(1), plugins: z.array(Record) })

/** One installed plugin, as the lock file has it. */
export type InstallRecord = z.output<typeof Record>

/** The installed plugins in the operator's order; none where there is no lock file yet. */
export const readLockFile = async (path: string): Promise<readonly InstallRecord[]> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
  return LockFile.parse(JSON.parse(text)).plugins
}

export const writeLockFile = async (path: string, plugins: readonly InstallRecord[]): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await writeWhole(path, `${JSON.stringify({ version: 1, plugins }, null, 2)}\n`)
}
