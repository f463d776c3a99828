import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MIGRATIONS } from '../../node/storage/tables.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { ResetOptions } from '../options.ts'
import { type StartFailure, startFailureOf } from '../start-failure.ts'
import { tellFailure } from '../tell-failure.ts'
import { stdoutTerminal } from '../terminal.ts'

/** All that a development network keeps in its folder: what else is there stays. */
const KEPT = [
  ...['node.sqlite', 'node.sqlite-wal', 'node.sqlite-shm', 'node.log', 'node.log.1', 'seed', 'seed.new'],
  ...['api.json', 'run.json', 'last-plugin', 'plugins', 'peers', 'chain'],
]

/** Takes a development network away, so that the next start makes a new one. Resolves to the exit code. */
export const resetDevnet = async ({ data, json }: ResetOptions): Promise<number> => {
  // A real node has no chain in its folder.
  if (!existsSync(join(data, 'chain', 'blocks'))) {
    const failure: StartFailure = { code: 'not-a-devnet', path: data }
    return tellFailure(failure, json)
  }
  try {
    // Whoever runs it holds the database.
    const store = await openSqliteStore({ path: join(data, 'node.sqlite'), migrations: MIGRATIONS, onFatal: () => {} })
    await store.close()
  } catch (error) {
    return tellFailure(startFailureOf(error, data), json)
  }
  for (const name of KEPT) rmSync(join(data, name), { recursive: true, force: true, maxRetries: 3 })
  if (json) process.stdout.write(`${JSON.stringify({ data })}\n`)
  else stdoutTerminal().line(`the development network in ${data} is gone: the next start makes a new one`)
  return 0
}
