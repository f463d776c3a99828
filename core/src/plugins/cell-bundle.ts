import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { type BuildOptions, build } from 'esbuild'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { OWN_PACKAGE } from '../lib/own-package.ts'
import { whileBundling } from './bundler.ts'

// In the repository both are sources, in a published package neither is.
const source = join(OWN_PACKAGE, 'src/plugins/cell/main.ts')
const [extension, cellEntry] = existsSync(source)
  ? ['ts', source]
  : ['js', join(OWN_PACKAGE, 'dist/plugins/cell/main.js')]
const guestEntry = fileURLToPath(new URL(`./runtime/main.${extension}`, import.meta.resolve('@fulgurite/plugin-sdk')))

const Stamp = z.object({ key: z.string(), inputs: z.record(z.string(), z.string()) })

const common = {
  bundle: true,
  write: false,
  minify: true,
  legalComments: 'none',
  target: 'es2024',
  metafile: true,
  logLevel: 'silent',
  conditions: ['fulgurite-source'],
  tsconfigRaw: {},
} as const satisfies BuildOptions

const buildCell = async (entry: string) => {
  const guest = await build({ ...common, entryPoints: [guestEntry], format: 'iife', globalName: 'guest' })
  // Plain members: the bundler's own are getters.
  const members = '{ load: guest.load, turn: guest.turn, collect: guest.collect }'
  const runtime = `(function () {${textOf(guest)}\nreturn ${members}\n})()`
  const cell = await build({
    ...common,
    entryPoints: [entry],
    format: 'cjs',
    platform: 'node',
    define: { GUEST_RUNTIME: JSON.stringify(runtime) },
  })
  return { guest, cell }
}

/**
 * The cell's program as one file, with what runs in its isolates inside. It is bundled when it is first asked for and kept
 * in `folder`, until one of its sources changes. Returns its path.
 */
export const cellBundle = async (folder: string, entry: string = cellEntry): Promise<string> => {
  const name = createHash('sha256').update(entry).digest('hex').slice(0, 12)
  const path = join(folder, `cell-${name}.cjs`)
  const stampPath = join(folder, `cell-${name}.json`)
  const key = `${process.versions.node} ${entry}`
  if (await isFresh(path, stampPath, key)) return path

  const { guest, cell } = await whileBundling(undefined, () => buildCell(entry))
  const inputs: Record<string, string> = {}
  for (const input of [...Object.keys(guest.metafile.inputs), ...Object.keys(cell.metafile.inputs)]) {
    const source = join(process.cwd(), input)
    inputs[source] = await stampOf(source)
  }
  await mkdir(folder, { recursive: true })
  await writeWhole(path, textOf(cell))
  await writeWhole(stampPath, JSON.stringify({ key, inputs }))
  return path
}

const textOf = ({ outputFiles = [] }: { outputFiles?: readonly { text: string }[] | undefined }): string =>
  outputFiles.map(({ text }) => text).join('\n')

const stampOf = async (path: string): Promise<string> => {
  const { mtimeMs, size } = await stat(path)
  return `${mtimeMs} ${size}`
}

const isFresh = async (path: string, stampPath: string, key: string): Promise<boolean> => {
  try {
    const json = readJson(await readFile(stampPath, 'utf8'), 4)
    const read = json.ok ? evaluate(Stamp, json.value) : json
    if (!read.ok || read.value.key !== key) return false
    await stat(path)
    const stamps = await Promise.all(
      Object.entries(read.value.inputs).map(async ([input, was]) => (await stampOf(input)) === was),
    )
    return stamps.every(Boolean)
  } catch {
    return false
  }
}

/** Writes to another file and renames it, so that no reader finds half a file. */
export const writeWhole = async (path: string, content: string): Promise<void> => {
  const beside = `${path}.${process.pid}.tmp`
  await writeFile(beside, content, { mode: 0o600 })
  await rename(beside, path)
}
