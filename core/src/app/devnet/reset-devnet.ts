import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { NETWORKS } from '../../bitcoin/network.ts'
import { MIGRATIONS } from '../../node/storage/tables.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { networkOf } from '../data-folder.ts'
import { HOLDER_FILE } from '../folder-holder.ts'
import type { ResetOptions } from '../options.ts'
import { type StartFailure, startFailureOf } from '../start-failure.ts'
import { tellFailure } from '../tell-failure.ts'
import { stdoutTerminal } from '../terminal.ts'

/** Everything that a development network keeps in its folder: any other file stays. */
const KEPT = [
  ...['node.sqlite', 'node.sqlite-wal', 'node.sqlite-shm', 'node.log', 'node.log.1', 'seed', 'seed.new'],
  ...['api.json', 'run.json', 'last-plugin', HOLDER_FILE, 'channels.backup', 'gossip.log', 'plugins', 'peers', 'chain'],
]

/** Removes a development network, so that the next start makes a new one. Resolves to the exit code. */
export const resetDevnet = async ({ data, json }: ResetOptions): Promise<number> => {
  const refuse = (failure: StartFailure): number => tellFailure(failure, json)
  if (!existsSync(join(data, 'chain', 'blocks'))) return refuse({ code: 'not-a-devnet', path: data })
  try {
    // The process that runs it has locked the database.
    const store = await openSqliteStore({ path: join(data, 'node.sqlite'), migrations: MIGRATIONS, onFatal: () => {} })
    const network = await networkOf(store)
    await store.close()
    // A chain may be left over in the folder of a node that has become a real one: then its seed holds real money.
    if (network !== undefined && network !== NETWORKS.regtest.name) return refuse({ code: 'not-a-devnet', path: data })
  } catch (error) {
    return tellFailure(startFailureOf(error, data), json)
  }
  for (const name of KEPT) rmSync(join(data, name), { recursive: true, force: true, maxRetries: 3 })
  if (json) process.stdout.write(`${JSON.stringify({ data })}\n`)
  else stdoutTerminal().line(`the development network in ${data} is gone: the next start makes a new one`)
  return 0
}
