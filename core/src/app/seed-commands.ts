import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from '../lib/errors.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { systemRng } from '../lib/rng.ts'
import type { GuessCost } from '../node/keys/sealed-words.ts'
import { readWords, wordsIn, writeNewWords, writeWords } from '../node/keys/seed-file.ts'
import { withPassphrase } from './open-seed.ts'
import type { SeedOptions } from './options.ts'
import { passphraseSource } from './passphrase.ts'
import { tellFailure } from './tell-failure.ts'

/** How `seed` commands reach people. */
export interface SeedIo {
  out(text: string): void
  /** Reads a line without showing it; `undefined` if nobody can be asked. */
  askSecretly(question: string): Promise<string | undefined>
  /** All of standard input, where it is no terminal. */
  readInput(): Promise<string | undefined>
  readonly env: Record<string, string | undefined>
  /** What a guess of the passphrase is to cost, if it is not the usual. */
  readonly guessCost?: GuessCost
}

const OWNER_ONLY = 0o700

/** Shows the words of a seed, puts them under a passphrase or out of it, or writes those of a node that was lost. */
export const seed = async (options: SeedOptions, io: SeedIo): Promise<number> => {
  const done = await COMMANDS[options.command](options, io)
  if (!done.ok) return tellFailure(done.error, options.json)
  const { text, ...fields } = done.value
  io.out(options.json ? `${JSON.stringify(fields)}\n` : `${text}\n`)
  return 0
}

type Done = Promise<Result<{ readonly text: string; readonly [field: string]: unknown }, Failure>>

const COMMANDS: Readonly<Record<SeedOptions['command'], (options: SeedOptions, io: SeedIo) => Done>> = {
  async show(options, io) {
    const words = await ownWords(options, io)
    return words.ok ? ok({ text: words.value, words: words.value }) : words
  },
  async encrypt(options, io) {
    const path = seedPath(options)
    const words = readWords(path)
    if (!words.ok) {
      return words.error.code === 'seed-encrypted' ? err({ code: 'seed-encrypted-already', path }) : words
    }
    const passphrase = await newPassphrase(options, io)
    if (!passphrase.ok) return passphrase
    const written = writeWords(path, words.value, systemRng, passphrase.value, io.guessCost)
    if (!written.ok) return written
    return ok({
      text: 'The words are under the passphrase now: the node asks for it when it starts. Without both, its coins and channels are lost.',
      path,
      encrypted: true,
    })
  },
  async decrypt(options, io) {
    const path = seedPath(options)
    const words = await ownWords(options, io)
    if (!words.ok) return words
    const written = writeWords(path, words.value, systemRng)
    if (!written.ok) return written
    return ok({
      text: `The words can be read by the owner of ${path} now, without a passphrase.`,
      path,
      encrypted: false,
    })
  },
  async restore(options, io) {
    const path = seedPath(options)
    if (existsSync(path)) return err({ code: 'seed-exists', path })
    const typed =
      (await io.readInput()) ?? (await io.askSecretly('The words of the node, with spaces between (not shown): '))
    const words = typed === undefined ? undefined : wordsIn(typed)
    if (words === undefined) return err({ code: typed === undefined ? 'words-missing' : 'words-invalid' })
    const given = passphraseSource(io.env, options.seedPassphraseFile, io.askSecretly).given()
    if (!given.ok) return given
    makeFolder(options.data, OWNER_ONLY)
    // A node may have been started meanwhile, and have drawn words of its own.
    const written = writeNewWords(path, words, systemRng, given.value, io.guessCost)
    if (!written.ok) return written
    return ok({
      text: [
        `The words are in ${path}.`,
        'Start the node on the network that they were used on, and then let it look for its coins:',
        '  fulgurite wallet rescan <height>   (the block that the node was first used at, or earlier)',
        'Channels are not in the words: see docs/guides/backup.md.',
      ].join('\n'),
      path,
      encrypted: given.value !== undefined,
    })
  },
}

const seedPath = ({ data }: SeedOptions): string => join(data, 'seed')

const ownWords = async (options: SeedOptions, io: SeedIo): Promise<Result<string, Failure>> => {
  const source = passphraseSource(io.env, options.seedPassphraseFile, io.askSecretly)
  return withPassphrase(source, (passphrase) => readWords(seedPath(options), passphrase))
}

/** Twice, where it is typed: what was mistyped once would be known to nobody. */
const newPassphrase = async (options: SeedOptions, io: SeedIo): Promise<Result<string, Failure>> => {
  const given = passphraseSource(io.env, options.seedPassphraseFile, io.askSecretly).given()
  if (!given.ok) return given
  if (given.value !== undefined) return ok(given.value)
  const first = await io.askSecretly('New passphrase of the seed: ')
  if (first === undefined) return err({ code: 'passphrase-missing' })
  if (first === '') return err({ code: 'passphrase-empty' })
  const second = await io.askSecretly('Once more: ')
  return first === second ? ok(first) : err({ code: 'passphrases-differ' })
}
