import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import sqlite3 from 'sqlite3'

// Loaded before a node's own code (`--import`): counts what its work consists of, and tells the bench when asked.

/** What a node has done since it started. CPU is of all its threads, in microseconds. */
export interface WorkCounts {
  readonly cpu: number
  readonly signatures: number
  readonly verifications: number
  readonly statements: number
  readonly commits: number
  /** Keys and values written: two for each row, one for a row deleted. */
  readonly literals: number
}

const counts = { signatures: 0, verifications: 0, statements: 0, commits: 0, literals: 0 }

// The addons are counted at, which a bundled program and a source share.
interface Signer {
  ecdsaSign(...args: readonly Uint8Array[]): unknown
  ecdsaVerify(...args: readonly Uint8Array[]): unknown
}
const signer: Signer = createRequire(import.meta.resolve('../../../core/src/crypto/engines/native.ts'))(
  'secp256k1/bindings.js',
)
const { ecdsaSign, ecdsaVerify } = signer
signer.ecdsaSign = (...args) => {
  counts.signatures++
  return ecdsaSign(...args)
}
signer.ecdsaVerify = (...args) => {
  counts.verifications++
  return ecdsaVerify(...args)
}

const { exec } = sqlite3.Database.prototype
sqlite3.Database.prototype.exec = function (this: sqlite3.Database, sql: string, ...rest: never[]) {
  if (sql.endsWith(';COMMIT')) {
    counts.commits++
    counts.statements += sql.split(';').length - 2
    counts.literals += sql.split("x'").length - 1
  }
  return exec.call(this, sql, ...rest)
} as typeof exec

/** What the process holds on to, in bytes, once all garbage is gone. */
const held = (): number => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** How long the event loop kept others waiting, in milliseconds, and the most memory that the process had, in bytes. */
export interface Watched {
  readonly delay: number
  readonly longestDelay: number
  readonly memory: number
}

const RESOLUTION_MS = 5
const SAMPLE_MS = 20
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let memory = 0
let sampling: NodeJS.Timeout | undefined

const watch = (): void => {
  clearInterval(sampling)
  memory = 0
  delays.reset()
  delays.enable()
  sampling = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss())
  }, SAMPLE_MS).unref()
}

if (process.env.FULGURITE_BENCH_WATCHED !== undefined) watch()

const watched = (): Watched => {
  clearInterval(sampling)
  delays.disable()
  // The histogram holds the time between two timers: what is beyond their interval is the delay.
  const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  return { delay: beyond(delays.percentile(99.9)), longestDelay: beyond(delays.max), memory }
}

process.on('message', (message) => {
  if (message === 'held') process.send?.(held())
  if (message === 'watched') process.send?.(watched())
  if (message === 'watch') {
    watch()
    process.send?.('watching')
  }
  if (message !== 'counts') return
  const { user, system } = process.cpuUsage()
  process.send?.({ ...counts, cpu: user + system } satisfies WorkCounts)
})
// The channel to the bench keeps no node alive.
process.channel?.unref()
