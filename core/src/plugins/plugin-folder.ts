import { constants } from 'node:fs'
import { lstat, open, opendir, realpath } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { err, ok, type Result } from '../lib/result.ts'

export interface FolderLimits {
  readonly entries: number
  readonly bytes: number
  readonly depth: number
  /** Of what is read: one file, and all together. */
  readonly fileBytes: number
  readonly readBytes: number
}

export const FOLDER_LIMITS: FolderLimits = {
  entries: 20_000,
  bytes: 256 << 20,
  depth: 24,
  fileBytes: 4 << 20,
  readBytes: 16 << 20,
}

/** The bundler reads these by itself, to find out what a package is. */
const DESCRIPTIONS = new Set(['package.json', 'tsconfig.json', 'jsconfig.json'])
const MAX_DESCRIPTION_BYTES = 1 << 20

/**
 * A plugin's folder, made by somebody else: it may hold a pipe that never ends, a device, a link to the operator's keys, or more than
 * the machine can hold. Nothing in it is read before its kind and size were checked.
 */
export class PluginFolder {
  /** Absolute, without links. */
  readonly root: string
  readonly #limits: FolderLimits
  #readBytes = 0

  private constructor(root: string, limits: FolderLimits) {
    this.root = root
    this.#limits = limits
  }

  /** Errors, here and below: a sentence. */
  static async open(path: string, limits: FolderLimits = FOLDER_LIMITS): Promise<Result<PluginFolder, string>> {
    const root = await realpath(path).catch(() => undefined)
    return root === undefined ? err(`there is no folder ${path}`) : ok(new PluginFolder(root, limits))
  }

  /** Checks every entry, without reading any contents. */
  async survey(signal: AbortSignal): Promise<Result<void, string>> {
    const { entries: maxEntries, bytes: maxBytes, depth: maxDepth } = this.#limits
    const folders: { readonly path: string; readonly depth: number }[] = [{ path: this.root, depth: 0 }]
    let entries = 0
    let bytes = 0
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      if (folder.depth > maxDepth) return err(`${this.#name(folder.path)} lies more than ${maxDepth} folders deep`)
      for await (const { name } of await opendir(folder.path)) {
        if (signal.aborted) return err('there was not enough time to look through the folder')
        entries += 1
        if (entries > maxEntries) return err(`the folder holds more than ${maxEntries} files and folders`)
        const path = join(folder.path, name)
        const entry = await lstat(path)
        if (entry.isDirectory()) {
          folders.push({ path, depth: folder.depth + 1 })
          continue
        }
        if (entry.isSymbolicLink()) {
          if (!(await this.#holds(path))) return err(`${this.#name(path)} is a link to outside the plugin's folder`)
          continue
        }
        if (!entry.isFile()) return err(`${this.#name(path)} is neither a file nor a folder`)
        bytes += entry.size
        if (bytes > maxBytes) return err(`the folder holds more than ${maxBytes} bytes`)
        if (DESCRIPTIONS.has(name) && entry.size > MAX_DESCRIPTION_BYTES) {
          return err(`${this.#name(path)} is larger than ${MAX_DESCRIPTION_BYTES} bytes`)
        }
      }
    }
    return ok(undefined)
  }

  /** Reads a file. It reads exactly what it checked: it opens the file once, and opening never waits. */
  async read(path: string): Promise<Result<Buffer, string>> {
    const real = await realpath(path).catch(() => undefined)
    if (real === undefined) return err(`there is no ${this.#name(path)}`)
    if (!real.startsWith(this.root + sep)) return err(`${path} lies outside the plugin's folder`)
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
      () => undefined,
    )
    if (file === undefined) return err(`${this.#name(path)} cannot be opened`)
    try {
      const found = await file.stat()
      if (!found.isFile()) return err(`${this.#name(path)} is no file`)
      const { fileBytes, readBytes } = this.#limits
      if (found.size > fileBytes) return err(`${this.#name(path)} is larger than ${fileBytes} bytes`)
      this.#readBytes += found.size
      if (this.#readBytes > readBytes) return err(`what the plugin imports is larger than ${readBytes} bytes`)
      const contents = Buffer.alloc(found.size)
      const { bytesRead } = await file.read(contents, 0, found.size, 0)
      return ok(contents.subarray(0, bytesRead))
    } finally {
      await file.close()
    }
  }

  /** A broken link does no harm: an import of it is refused with words. */
  async #holds(path: string): Promise<boolean> {
    const real = await realpath(path).catch(() => undefined)
    return real === undefined || real === this.root || real.startsWith(this.root + sep)
  }

  #name(path: string): string {
    return relative(this.root, path) || basename(path)
  }
}
