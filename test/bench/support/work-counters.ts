import sqlite3 from 'sqlite3'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'

// Loaded before a node's own code (`--import`): counts what its work consists of, and tells the bench when asked.

/** What a node has done since it started. CPU is of all its threads, in microseconds. */
export interface WorkCounts {
  readonly cpu: number
  readonly signatures: number
  readonly verifications: number
  readonly statements: number
  readonly commits: number
  /** Values bound to statements: two for each row written. */
  readonly boundValues: number
}

const counts = { signatures: 0, verifications: 0, statements: 0, commits: 0, boundValues: 0 }

const engine: { -readonly [K in keyof typeof secp256k1]: (typeof secp256k1)[K] } = secp256k1
const { sign, verify } = secp256k1
engine.sign = (digest, privateKey) => {
  counts.signatures++
  return sign(digest, privateKey)
}
engine.verify = (signature, digest, publicKey) => {
  counts.verifications++
  return verify(signature, digest, publicKey)
}

const texts = new WeakMap<object, string>()
const { prepare } = sqlite3.Database.prototype
sqlite3.Database.prototype.prepare = function (this: sqlite3.Database, sql: string, ...rest: never[]) {
  const statement = prepare.call(this, sql, ...rest)
  texts.set(statement, sql)
  return statement
} as typeof prepare
const { run } = sqlite3.Statement.prototype
sqlite3.Statement.prototype.run = function (this: sqlite3.Statement, values: unknown[], ...rest: never[]) {
  const sql = texts.get(this)
  if (sql === 'COMMIT') counts.commits++
  else if (sql !== 'BEGIN') counts.statements++
  counts.boundValues += values.length
  return run.call(this, values, ...rest)
} as typeof run

process.on('message', (message) => {
  if (message !== 'counts') return
  const { user, system } = process.cpuUsage()
  process.send?.({ ...counts, cpu: user + system } satisfies WorkCounts)
})
// The channel to the bench keeps no node alive.
process.channel?.unref()
