import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { FailureError } from '../lib/errors.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import { loadOrCreateSeed } from '../node/keys/seed-file.ts'
import { MIGRATIONS, TABLE } from '../node/storage/tables.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import type { Store, StoreOpenFailure } from '../store/store.ts'
import type { NodeConfig } from './config.ts'
import { fileLogger, type NodeLogger } from './node-logger.ts'
import { explain, type StartFailure } from './start-failure.ts'

/** A node's folder, held: no other process has it while the store is open. */
export interface DataFolder {
  readonly path: string
  readonly logPath: string
  readonly log: NodeLogger
  readonly store: Store
  readonly seed: Uint8Array
  /** Ends the process at once, after a failure that leaves memory ahead of the disk or blind to the chain. */
  readonly end: (error: unknown) => never
  close(): Promise<void>
}

const OWNER_ONLY = 0o700
const NETWORK_KEY = utf8Encode('network')

/** Opens or makes the data folder of a node on this network. */
export const openDataFolder = async (
  { data, network, logLevel }: NodeConfig,
  rng: Rng,
): Promise<Result<DataFolder, StartFailure>> => {
  try {
    const made = mkdirSync(data, { recursive: true, mode: OWNER_ONLY })
    if (made !== undefined) chmodSync(data, OWNER_ONLY)
  } catch (error) {
    return err({ code: 'data-folder-unusable', path: data, reason: (error as Error).message })
  }
  const path = join(data, 'node.sqlite')
  const logPath = join(data, 'node.log')
  let log: NodeLogger | undefined
  const end = (error: unknown): never => {
    const reason = reasonOf(error)
    log?.error('node.fatal', { reason })
    log?.flush()
    process.stderr.write(`error: the node cannot go on: ${reason}\nIt has ended; what is on the disk is whole.\n`)
    process.exit(1)
  }
  const opened = await openStore(path, end)
  if (!opened.ok) return opened
  const store = opened.value
  const refuse = async (failure: StartFailure): Promise<Result<never, StartFailure>> => {
    await store.close()
    return err(failure)
  }
  const kept = await store.get(TABLE.meta, NETWORK_KEY)
  if (kept === undefined) store.submit([{ table: TABLE.meta, key: NETWORK_KEY, value: utf8Encode(network.name) }])
  else if (utf8Decode(kept) !== network.name) {
    const actual = utf8Decode(kept)
    return refuse({ code: 'data-of-another-network', path: data, expected: network.name, actual })
  }
  const seed = loadOrCreateSeed(join(data, 'seed'), rng)
  if (!seed.ok) return refuse(seed.error)
  const logger = fileLogger(logPath, logLevel)
  log = logger
  return ok({
    path: data,
    logPath,
    log: logger,
    store,
    seed: seed.value,
    end,
    async close() {
      await store.close()
      logger.close()
    },
  })
}

const openStore = async (path: string, onFatal: (error: Error) => void): Promise<Result<Store, StoreOpenFailure>> => {
  try {
    return ok(await openSqliteStore({ path, migrations: MIGRATIONS, onFatal }))
  } catch (error) {
    if (error instanceof FailureError) return err(error.failure as StoreOpenFailure)
    throw error
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof FailureError) {
    const { message, fix } = explain(error.failure)
    return `${message} [${error.failure.code}]\n${fix}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
