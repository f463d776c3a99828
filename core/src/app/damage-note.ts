import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'

const noteOf = (database: string): string => `${database}-damaged`

/** Notes beside the database that a read has found it damaged: nothing more is written into it. */
export const noteDamage = (database: string, reason: string): void => {
  try {
    const file = openSync(noteOf(database), 'w', 0o600)
    try {
      writeSync(file, `${reason}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch {
    // The disk takes nothing more: what the node says as it ends has to do.
  }
}

/** Whether the database has to be looked through before a node goes on with it. */
export const isNotedAsDamaged = (database: string): boolean => existsSync(noteOf(database))

/** What is in its place now is whole. */
export const forgetDamage = (database: string): void => rmSync(noteOf(database), { force: true })
