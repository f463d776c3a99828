import { pbkdf2Sync } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { entropyToMnemonic, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { Failure } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'

export type SeedFailure =
  | (Failure<'seed-not-a-mnemonic'> & { readonly path: string })
  | (Failure<'seed-readable-by-others'> & { readonly path: string; readonly mode: string })

const OWNER_ONLY = 0o600
const ENTROPY_BYTES = 32

/**
 * The 64-byte seed (BIP 39) of the node that keeps its mnemonic in this file. A new node draws 24 words and writes them,
 * readable by the owner only. A file that others can read is refused.
 */
export const loadOrCreateSeed = (path: string, rng: Rng): Result<Uint8Array, SeedFailure> => {
  if (!existsSync(path)) {
    const mnemonic = entropyToMnemonic(rng.bytes(ENTROPY_BYTES), wordlist)
    writeFileSync(path, `${mnemonic}\n`, { mode: OWNER_ONLY, flag: 'wx', flush: true })
    chmodSync(path, OWNER_ONLY)
    return ok(seedOf(mnemonic))
  }
  const mode = statSync(path).mode & 0o777
  // Windows has no such bits: there the folder's access list decides.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    return err({ code: 'seed-readable-by-others', path, mode: mode.toString(8) })
  }
  const mnemonic = readFileSync(path, 'utf8').trim().replace(/\s+/g, ' ')
  if (!validateMnemonic(mnemonic, wordlist)) return err({ code: 'seed-not-a-mnemonic', path })
  return ok(seedOf(mnemonic))
}

// BIP 39, from mnemonic to seed, without a passphrase. Node's own does it in a millisecond, the library's in forty.
const seedOf = (mnemonic: string): Uint8Array =>
  new Uint8Array(pbkdf2Sync(mnemonic.normalize('NFKD'), 'mnemonic', 2048, 64, 'sha512'))
