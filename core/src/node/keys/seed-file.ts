import { pbkdf2Sync, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
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
import { openToRead } from '../../lib/own-file.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import { syncFolder } from '../../lib/sync-folder.ts'
import { systemReason } from '../../lib/system-reason.ts'
import { GUESS_COST, type GuessCost, looksSealed, openWords, readSealed, sealWords } from './sealed-words.ts'

export type SeedFailure =
  /** Words are never written over others. */
  | (Failure<'seed-exists'> & { readonly path: string })
  | (Failure<'seed-not-a-mnemonic'> & { readonly path: string })
  | (Failure<'seed-readable-by-others'> & { readonly path: string; readonly mode: string })
  | (Failure<'seed-unreadable'> & { readonly path: string; readonly reason: string })
  /** No passphrase was given. */
  | (Failure<'seed-encrypted'> & { readonly path: string })
  | (Failure<'seed-passphrase-wrong'> & { readonly path: string })

const ENTROPY_BYTES = 32

/**
 * The 64-byte seed (BIP 39) of the node that keeps its mnemonic in this file. A new node draws 24 words and writes them, readable by the
 * owner only, and under the passphrase if there is one; they are on the disk, whole, before this returns. A file that others can read is
 * refused.
 */
export const loadOrCreateSeed = (path: string, rng: Rng, passphrase?: string): Result<Uint8Array, SeedFailure> => {
  if (!existsSync(path)) {
    const written = writeNewWords(path, entropyToMnemonic(rng.bytes(ENTROPY_BYTES), wordlist), rng, passphrase)
    // Who was quicker has written the words of this node.
    if (!written.ok && written.error.code !== 'seed-exists') return written
  }
  const words = readWords(path, passphrase)
  return words.ok ? ok(seedOf(words.value)) : words
}

/** The words in the file; a passphrase is of no use where they are not under one. */
export const readWords = (path: string, passphrase?: string): Result<string, SeedFailure> => {
  try {
    const text = readOwn(path)
    if (!text.ok) return text
    if (!looksSealed(text.value)) return validWords(text.value, path)
    const sealed = readSealed(text.value)
    if (sealed === undefined) {
      return err({ code: 'seed-unreadable', path, reason: 'it is damaged, or was written by a newer version' })
    }
    if (passphrase === undefined) return err({ code: 'seed-encrypted', path })
    const opened = openWords(sealed, passphrase)
    return opened === undefined ? err({ code: 'seed-passphrase-wrong', path }) : validWords(opened, path)
  } catch (error) {
    return err({ code: 'seed-unreadable', path, reason: systemReason(error) })
  }
}

/** Puts a whole draft in its place. */
type Publish = (draft: string, path: string) => void

const writer =
  (publish: Publish) =>
  (path: string, words: string, rng: Rng, passphrase?: string, cost = GUESS_COST): Result<void, SeedFailure> => {
    try {
      writeWhole(path, textOf(words, rng, passphrase, cost), (draft) => {
        const kept = readWords(draft, passphrase)
        // What was there may be the only place of the words: it goes once they are read from the new one.
        if (!kept.ok || kept.value !== words) throw new Error('what was written does not keep the words')
        publish(draft, path)
      })
      return ok(undefined)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return err({ code: 'seed-exists', path })
      return err({ code: 'seed-unreadable', path, reason: systemReason(error) })
    }
  }

/** Keeps these words in the file, under the passphrase if there is one, in the place of what was there. */
export const writeWords = writer(renameSync)

/** For a node that has none yet. Whatever is there at that moment stays. `link` gives the draft its second name. */
export const newWordsWriter = (link: Publish) =>
  writer((draft, path) => {
    try {
      link(draft, path)
      rmSync(draft)
    } catch (error) {
      if (!HAS_NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      // An empty file keeps the name free of others until the words take its place.
      closeSync(openSync(path, 'wx', 0o600))
      try {
        renameSync(draft, path)
      } catch (failed) {
        rmSync(path)
        throw failed
      }
    }
  })

/** What file systems without hard links say, as FAT and those of some networks. */
const HAS_NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

export const writeNewWords = newWordsWriter(linkSync)

const textOf = (words: string, rng: Rng, passphrase: string | undefined, cost: GuessCost): string =>
  passphrase === undefined ? `${words}\n` : sealWords(words, passphrase, rng, cost)

/** Words as people type them, if their checksum is right (BIP 39: 12 to 24 of them). */
export const wordsIn = (text: string): string | undefined => {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ')
  return validateMnemonic(words, wordlist) ? words : undefined
}

// The words appear whole or not at all: half of them, after a full disk or a power cut, would be a seed that nobody can use.
const writeWhole = (path: string, text: string, publish: (draft: string) => void): void => {
  // Two processes may write at once; and a draft that is still there may be the seed itself, by another name.
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
    publish(draft)
    // Of a version before that did not come to its end.
    rmSync(`${path}.new`, { force: true })
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
  syncFolder(dirname(path))
}

const readOwn = (path: string): Result<string, SeedFailure> => {
  const fd = openToRead(path)
  try {
    const mode = fstatSync(fd).mode & 0o777
    // Windows has no such bits: there the folder's access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      return err({ code: 'seed-readable-by-others', path, mode: mode.toString(8) })
    }
    return ok(readFileSync(fd, 'utf8'))
  } finally {
    closeSync(fd)
  }
}

const validWords = (text: string, path: string): Result<string, SeedFailure> => {
  const words = wordsIn(text)
  return words === undefined ? err({ code: 'seed-not-a-mnemonic', path }) : ok(words)
}

// BIP 39, from mnemonic to seed, without a passphrase of its own. Node's own does it in a millisecond, the library's in forty.
const seedOf = (words: string): Uint8Array =>
  new Uint8Array(pbkdf2Sync(words.normalize('NFKD'), 'mnemonic', 2048, 64, 'sha512'))
