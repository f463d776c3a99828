import { chmodSync, closeSync, existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sha256 } from '../crypto/hashes.ts'
import { concat, equalBytes, utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { systemClock } from '../lib/clock.ts'
import type { Failure } from '../lib/errors.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { openOwnFile } from '../lib/own-file.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import { systemReason } from '../lib/system-reason.ts'
import { firstKeyIndexWrites } from '../node/channel/key-indexes.ts'
import { isRestored, restoredMark } from '../node/storage/restored-mark.ts'
import { MIGRATIONS, SOUGHT, TABLE } from '../node/storage/tables.ts'
import { hasForeignLog, openSqliteStore } from '../store/sqlite-store.ts'
import type { Store } from '../store/store.ts'
import type { NodeConfig } from './config.ts'
import { forgetDamage, isNotedAsDamaged, noteDamage } from './damage-note.ts'
import { noteHolder, removeHolder } from './folder-holder.ts'
import { isCopy, placeOf } from './folder-place.ts'
import { isRiskAccepted, riskAccepted } from './mainnet-risk.ts'
import { fileLogger, type NodeLogger } from './node-logger.ts'
import { openSeed } from './open-seed.ts'
import { noPassphrase, type PassphraseSource } from './passphrase.ts'
import { tellChecking, tellOpening, toldIfSlow } from './slow-start.ts'
import { explain, type StartFailure, startFailureOf, toldFailureOf } from './start-failure.ts'

/** A node's folder, locked: no other process can use it while the store is open. */
export interface DataFolder {
  readonly path: string
  readonly logPath: string
  readonly log: NodeLogger
  readonly store: Store
  readonly seed: Uint8Array
  /** Ends the process at once, after a failure that leaves memory ahead of the disk, or the node unable to see the chain. */
  readonly end: (error: unknown) => never
  /** What is done before the process ends so: one thing, the last that was given. */
  readonly onEnd: (fire: (error: unknown) => void) => void
  close(): Promise<void>
  /**
   * Closes the folder after a failed start. If no node has run here before, and no channel was added meanwhile, everything that the start
   * has made is removed, so that the next start begins as if this one had not been.
   */
  abandon(): Promise<void>
}

const OWNER_ONLY = 0o700
/** Key indexes are 31 bits. No node has come so far by counting, and two new folders hardly ever meet. */
const FIRST_OF_USED_WORDS = 1_000_000
const ROOM_OF_USED_WORDS = 1_000_000_000
const DATABASE = 'node.sqlite'
const NETWORK_KEY = utf8Encode('network')
const SEED_KEY = utf8Encode('seed-mark')
const PLACE_KEY = utf8Encode('place')

/** Opens or makes the data folder of a node on this network. */
export const openDataFolder = async (
  { data, network, logLevel, moved, restored, mainnetRiskAccepted }: NodeConfig,
  rng: Rng,
  passphrase: PassphraseSource = noPassphrase,
): Promise<Result<DataFolder, Failure>> => {
  const prepared = prepareFolder(data)
  if (!prepared.ok) return prepared
  const before = prepared.value
  const path = join(data, DATABASE)
  const logPath = join(data, 'node.log')
  let log: NodeLogger | undefined
  let beforeEnd: (error: unknown) => void = () => {}
  const end = (error: unknown): never => {
    const reason = reasonOf(error, data)
    log?.error('node.fatal', { reason })
    log?.flush()
    beforeEnd(error)
    const isDamaged = toldFailureOf(error, data)?.code === 'store-damaged'
    if (isDamaged) noteDamage(path, reason)
    const rest = isDamaged ? 'it does not start on this database again.' : 'what is on the disk is whole.'
    process.stderr.write(`error: the node cannot go on: ${reason}\nIt has ended; ${rest}\n`)
    process.exit(1)
  }
  const seedPath = join(data, 'seed')
  const opened = await openStore(path, end)
  if (!opened.ok) return opened
  const store = opened.value
  noteHolder(data)
  const refuse = async (failure: StartFailure | Failure): Promise<Result<never, Failure>> => {
    removeHolder(data)
    await store.close()
    removeWhatIsNew(data, before)
    return err(failure)
  }
  try {
    const [kept, mark, keptPlace] = await Promise.all([
      networkOf(store),
      store.get(TABLE.meta, SEED_KEY),
      store.get(TABLE.meta, PLACE_KEY),
    ])
    const actual = kept ?? network.name
    if (actual !== network.name) {
      return await refuse({ code: 'data-of-another-network', path: data, expected: network.name, actual })
    }
    const isAgreedTo = await isRiskAccepted(store, network)
    if (!isAgreedTo && !mainnetRiskAccepted) return await refuse({ code: 'mainnet-risk-not-accepted', path: data })
    // A new seed cannot sign for the channels of an old one.
    if (kept !== undefined && !existsSync(seedPath)) return await refuse({ code: 'seed-missing', path: seedPath })
    const seed = await openSeed(seedPath, rng, passphrase)
    if (!seed.ok) return await refuse(seed.error)
    const own = markOf(seed.value)
    if (mark !== undefined && !equalBytes(mark, own))
      return await refuse({ code: 'seed-of-another-node', path: seedPath })
    // Peers take the channels of a node that starts from an old state; a copy may be one, and cannot know.
    const place = placeOf(path)
    const copied = keptPlace !== undefined && isCopy(keptPlace, place)
    // A backup says of itself that it is one: its channels wait for their peers, whatever the operator says.
    const putBack = restored || (await isRestored(store))
    if (copied && !moved && !putBack) return await refuse({ code: 'data-folder-copied', path })
    // Otherwise a node that is started again whenever it ends would go on with what is damaged, from one read to the next.
    const wasDamaged = isNotedAsDamaged(path)
    if (copied || putBack || wasDamaged) {
      const damage = await toldIfSlow(systemClock, store.damage(), () => tellChecking(path))
      if (damage !== undefined) {
        const reason = wasDamaged
          ? damage
          : `it is as a copy is that was made while its node ran, or put beside the log of another: ${damage}`
        return await refuse({ code: 'store-damaged', path, reason })
      }
    }
    if (wasDamaged) forgetDamage(path)
    if (keptPlace === undefined || !equalBytes(keptPlace, place)) {
      store.submit([{ table: TABLE.meta, key: PLACE_KEY, value: place }])
    }
    if (restored) store.submit([restoredMark])
    if (!isAgreedTo) store.submit([riskAccepted(new Date(systemClock.now()))])
    // The owner of the database is written first: nothing is kept in it before.
    if (mark === undefined) {
      store.submit([
        { table: TABLE.meta, key: NETWORK_KEY, value: utf8Encode(network.name) },
        { table: TABLE.meta, key: SEED_KEY, value: own },
        // Words that were there before had channels, maybe, that nobody knows here: a new one must not have the keys, and with them the
        // per-commitment secrets, that a peer has been told of an old one.
        ...(before.names.has('seed') ? firstKeyIndexWrites(FIRST_OF_USED_WORDS + rng.below(ROOM_OF_USED_WORDS)) : []),
      ])
    }
    const logger = fileLogger(logPath, logLevel)
    log = logger
    const onEnd = (fire: (error: unknown) => void): void => {
      beforeEnd = fire
    }
    return ok(held(data, before, logPath, logger, store, seed.value, end, onEnd))
  } catch (error) {
    return await refuse(startFailureOf(error, data))
  }
}

const held = (
  path: string,
  before: Before,
  logPath: string,
  log: NodeLogger,
  store: Store,
  seed: Uint8Array,
  end: (error: unknown) => never,
  onEnd: (fire: (error: unknown) => void) => void,
): DataFolder => ({
  path,
  logPath,
  log,
  store,
  seed,
  end,
  onEnd,
  async close() {
    removeHolder(path)
    await store.close()
    await log.close()
  },
  async abandon() {
    const [channel] = await store.scan(TABLE.channel, { limit: 1 })
    removeHolder(path)
    await store.close()
    await log.close()
    if (channel === undefined) removeWhatIsNew(path, before)
  },
})

/** What was there before a start. */
interface Before {
  /** The topmost folder of the path that had to be made. */
  readonly made: string | undefined
  readonly names: ReadonlySet<string>
}

/** Makes the folder for its owner alone. If it exists, restricts it to its owner. */
const prepareFolder = (data: string): Result<Before, StartFailure> => {
  try {
    const made = makeFolder(data, OWNER_ONLY)
    if (made !== undefined) chmodSync(data, OWNER_ONLY)
    const names = new Set(readdirSync(data))
    const mode = statSync(data).mode & 0o777
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
      // A folder that also serves others is not ours to close to them.
      if (names.size > 0 && !names.has(DATABASE)) {
        return err({ code: 'data-folder-shared', path: data, mode: mode.toString(8) })
      }
      chmodSync(data, OWNER_ONLY)
    }
    return ok({ made, names })
  } catch (error) {
    return err({ code: 'data-folder-unusable', path: data, reason: systemReason(error) })
  }
}

const removeWhatIsNew = (data: string, { made, names }: Before): void => {
  if (names.has(DATABASE)) return
  for (const name of readdirSync(data)) {
    if (!names.has(name)) rmSync(join(data, name), { recursive: true, force: true })
  }
  if (made === undefined) return
  try {
    // Only empty folders are removed.
    for (let folder = data; folder.length >= made.length; folder = dirname(folder)) rmdirSync(folder)
  } catch {
    // Somebody else has put something there.
  }
}

/** The network that the node of this database is on; `undefined` if it is nobody's yet. */
export const networkOf = async (store: Store): Promise<string | undefined> => {
  const kept = await store.get(TABLE.meta, NETWORK_KEY)
  return kept === undefined ? undefined : utf8Decode(kept)
}

/** Tells one seed from another, and reveals nothing about it: there are 2^256 seeds. */
const markOf = (seed: Uint8Array): Uint8Array =>
  sha256(concat(utf8Encode('fulgurite: whose database this is'), seed)).slice(0, 16)

const openStore = async (path: string, onFatal: (error: Error) => void): Promise<Result<Store, Failure>> => {
  try {
    // The database gives its other files the same permissions as this one.
    closeSync(openOwnFile(path))
    if (hasForeignLog(path)) return err({ code: 'store-log-foreign', path } satisfies StartFailure)
    const opening = openSqliteStore({ path, migrations: MIGRATIONS, sought: SOUGHT, onFatal })
    return ok(await toldIfSlow(systemClock, opening, () => tellOpening(path)))
  } catch (error) {
    return err(startFailureOf(error, dirname(path)))
  }
}

const reasonOf = (error: unknown, data: string): string => {
  const failure = toldFailureOf(error, data)
  if (failure !== undefined) {
    const { message, fix } = explain(failure)
    return `${message} [${failure.code}]\n${fix}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
