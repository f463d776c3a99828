import { closeSync, fstatSync, openSync } from 'node:fs'
import type { Failure } from '../lib/errors.ts'
import { readInput } from '../lib/read-input.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { systemReason } from '../lib/system-reason.ts'

/** Where the passphrase of the seed comes from. */
export interface PassphraseSource {
  /** What was handed to the process: by a file or a pipe, or by the environment, out of which it is taken. */
  given(): Result<string | undefined, PassphraseFailure>
  /** Asks at the terminal, without showing what is typed; `undefined` if nobody can be asked. */
  ask(question: string): Promise<string | undefined>
}

export type PassphraseFailure =
  | (Failure<'passphrase-unreadable'> & { readonly path: string; readonly reason: string })
  | Failure<'passphrase-empty'>

const VARIABLE = 'FULGURITE_SEED_PASSPHRASE'
const STANDARD_INPUT = '-'

/** Processes that are started from here, and a dump of this one, do not have it. */
export const passphraseSource = (
  env: Record<string, string | undefined>,
  file: string | undefined,
  ask: PassphraseSource['ask'],
): PassphraseSource => {
  let known: ReturnType<PassphraseSource['given']> | undefined
  const read = (): ReturnType<PassphraseSource['given']> => {
    const variable = env[VARIABLE]
    delete env[VARIABLE]
    if (file !== undefined) return fromFile(file)
    if (variable === undefined) return ok(undefined)
    return variable === '' ? err({ code: 'passphrase-empty' }) : ok(variable)
  }
  return {
    given() {
      known ??= read()
      return known
    },
    ask,
  }
}

/** For a node that keeps its words as they are. */
export const noPassphrase: PassphraseSource = { given: () => ok(undefined), ask: async () => undefined }

/** The first line. What lies on the disk must be for its owner alone; a pipe is read as it is. */
const fromFile = (path: string): Result<string, PassphraseFailure> => {
  const unreadable = (reason: string) => err({ code: 'passphrase-unreadable', path, reason } as const)
  try {
    const fd = path === STANDARD_INPUT ? 0 : openSync(path, 'r')
    try {
      const stat = fstatSync(fd)
      if (stat.isFile() && process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
        return unreadable('others can read it: allow its owner alone (chmod 600)')
      }
      const [line = ''] = readInput(fd).split(/\r?\n/)
      return line === '' ? err({ code: 'passphrase-empty' }) : ok(line)
    } finally {
      if (fd !== 0) closeSync(fd)
    }
  } catch (error) {
    return unreadable(systemReason(error))
  }
}
