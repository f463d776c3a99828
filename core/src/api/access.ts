import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { err, type Result } from '../lib/result.ts'
import { systemReason } from '../lib/system-reason.ts'

/** Where a node's API is and what opens it. */
export interface ApiAccess {
  readonly url: string
  /** 32 random bytes as hexadecimal. */
  readonly token: string
}

const FILE = 'api.json'

const Access = z.object({ url: z.string(), token: z.string().regex(/^[0-9a-f]{64}$/) })

export type AccessError =
  | { readonly code: 'no-access-file'; readonly path: string }
  | { readonly code: 'access-file-unreadable'; readonly path: string; readonly reason: string }

/** Reads `api.json` in the data folder. */
export const readAccess = (dataFolder: string): Result<ApiAccess, AccessError> => {
  const path = join(dataFolder, FILE)
  try {
    const json = readJson(readFileSync(path, 'utf8'), 2)
    const access = json.ok ? evaluate(Access, json.value) : json
    return access.ok ? access : err({ code: 'access-file-unreadable', path, reason: 'it is malformed' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return err({ code: 'no-access-file', path })
    return err({ code: 'access-file-unreadable', path, reason: systemReason(error) })
  }
}

/** The token of this data folder: the one it has, or a new one. */
export const tokenOf = (dataFolder: string): string => {
  const access = readAccess(dataFolder)
  return access.ok ? access.value.token : randomBytes(32).toString('hex')
}

/** Writes `api.json`, for its owner's eyes only. It appears whole or not at all. */
export const writeAccess = (dataFolder: string, { url, token }: ApiAccess): void => {
  const path = join(dataFolder, FILE)
  const draft = `${path}.new`
  writeFileSync(draft, `${JSON.stringify({ url, token }, undefined, 2)}\n`, { mode: 0o600 })
  // An earlier draft keeps its mode when it is written over.
  chmodSync(draft, 0o600)
  renameSync(draft, path)
}
