import { appendFile, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const MAX_FILE_BYTES = 1 << 20
/** How much may wait for a slow disk; more is left out of the file. */
const MAX_WAITING_CHARS = 1 << 20

/**
 * A log on the disk, rotated once. It has one writer, and one write at a time. Whatever is wrong with the disk or the folder, it neither
 * throws nor rejects: the node is worth more than a plugin's log.
 */
export class PluginLogFile {
  readonly #path: string
  #waiting: string[] = []
  #waitingChars = 0
  #bytes: number | undefined
  #writing: Promise<void> | undefined

  constructor(path: string) {
    this.#path = path
  }

  append(line: string): void {
    if (this.#waitingChars + line.length > MAX_WAITING_CHARS) return
    this.#waiting.push(line)
    this.#waitingChars += line.length
    this.#writing ??= this.#writeAll()
  }

  /** Resolves when all that was appended is written, or could not be. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      this.#waitingChars = 0
      try {
        await this.#write(lines.join(''))
      } catch {
        // The folder may come back, or the disk may get room: the next lines are tried again.
        this.#bytes = undefined
      }
    }
    this.#writing = undefined
  }

  async #write(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true })
    this.#bytes ??= await sizeOf(this.#path)
    if (this.#bytes > MAX_FILE_BYTES) {
      this.#bytes = 0
      // A file that cannot be rotated is begun anew, or it would grow without end.
      if (!(await turnedOver(this.#path))) await writeFile(this.#path, '', { mode: 0o600 })
    }
    await appendFile(this.#path, text, { mode: 0o600 })
    this.#bytes += Buffer.byteLength(text)
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

const turnedOver = (path: string): Promise<boolean> =>
  rename(path, `${path}.1`).then(
    () => true,
    () => false,
  )
