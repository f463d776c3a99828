import type { Failure } from '../lib/errors.ts'
import type { Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import { loadOrCreateSeed, type SeedFailure } from '../node/keys/seed-file.ts'
import type { PassphraseSource } from './passphrase.ts'

/**
 * The seed of the node that keeps it in this file. A passphrase that was handed over is used, for a new seed too; where there is none and
 * the words are under one, the terminal is asked for it.
 */
export const openSeed = async (
  path: string,
  rng: Rng,
  source: PassphraseSource,
): Promise<Result<Uint8Array, SeedFailure | Failure>> =>
  withPassphrase(source, (phrase) => loadOrCreateSeed(path, rng, phrase))

/** What needs the passphrase, with the one that was given, or else with what is typed if it turns out to need one. */
export const withPassphrase = async <T>(
  source: PassphraseSource,
  use: (passphrase: string | undefined) => Result<T, SeedFailure>,
): Promise<Result<T, SeedFailure | Failure>> => {
  const given = source.given()
  if (!given.ok) return given
  const first = use(given.value)
  if (first.ok || first.error.code !== 'seed-encrypted') return first
  const typed = await source.ask('Passphrase of the seed: ')
  return typed === undefined ? first : use(typed)
}
