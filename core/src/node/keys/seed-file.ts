import { pbkdf2Sync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { entropyToMnemonic, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { Failure } from '../../lib/errors.ts'
import { openOwnFile, openToRead } from '../../lib/own-file.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'

export type SeedFailure =
  | (Failure<'seed-not-a-mnemonic'> & { readonly path: string })
  | (Failure<'seed-readable-by-others'> & { readonly path: string; readonly mode: string })
  | (Failure<'seed-unreadable'> & { readonly path: string; readonly reason: string })

const ENTROPY_BYTES = 32

/**
 * The 64-byte seed (BIP 39) of the node that keeps its mnemonic in this file. A new node draws 24 words and writes them,
 * readable by the owner only; they are on the disk, whole, before this returns. A file that others can read is refused.
 */
export const loadOrCreateSeed = (path: string, rng: Rng): Result<Uint8Array, SeedFailure> => {
  try {
    if (!existsSync(path)) create(path, entropyToMnemonic(rng.bytes(ENTROPY_BYTES), wordlist))
    return load(path)
  } catch (error) {
    return err({ code: 'seed-unreadable', path, reason: (error as Error).message })
  }
}

// The words appear whole or not at all: half of them, after a full disk or a power cut, would be a seed that nobody can use.
const create = (path: string, mnemonic: string): void => {
  const draft = `${path}.new`
  const fd = openOwnFile(draft)
  try {
    ftruncateSync(fd)
    writeFileSync(fd, `${mnemonic}\n`)
    fsyncSync(fd)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
  syncFolder(dirname(path))
}

const syncFolder = (folder: string): void => {
  // Windows opens no folders, and needs no such thing.
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const load = (path: string): Result<Uint8Array, SeedFailure> => {
  const fd = openToRead(path)
  try {
    const mode = fstatSync(fd).mode & 0o777
    // Windows has no such bits: there the folder's access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      return err({ code: 'seed-readable-by-others', path, mode: mode.toString(8) })
    }
    const mnemonic = readFileSync(fd, 'utf8').trim().replace(/\s+/g, ' ')
    if (!validateMnemonic(mnemonic, wordlist)) return err({ code: 'seed-not-a-mnemonic', path })
    return ok(seedOf(mnemonic))
  } finally {
    closeSync(fd)
  }
}

// BIP 39, from mnemonic to seed, without a passphrase. Node's own does it in a millisecond, the library's in forty.
const seedOf = (mnemonic: string): Uint8Array =>
  new Uint8Array(pbkdf2Sync(mnemonic.normalize('NFKD'), 'mnemonic', 2048, 64, 'sha512'))
