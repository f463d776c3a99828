import { readSync } from 'node:fs'

const CHUNK_BYTES = 65_536
const PAUSE_MS = 20

/**
 * All that comes over a descriptor, up to its end. Standard input may be such that it says "not yet" (EAGAIN) where others wait: it is then
 * asked again. Nothing else happens in this thread meanwhile.
 */
export const readInput = (fd: number): string => {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const length = readSome(fd, chunk)
    if (length === 0) return Buffer.concat(chunks).toString('utf8')
    if (length === undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    else chunks.push(chunk.subarray(0, length))
  }
}

/** `undefined`: there is nothing yet. */
const readSome = (fd: number, chunk: Buffer): number | undefined => {
  try {
    return readSync(fd, chunk)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAGAIN') return undefined
    // What Windows says of an end.
    if (code === 'EOF') return 0
    throw error
  }
}
