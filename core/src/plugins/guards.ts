import { type HookAnswer, type HookName, type HookRequest, hooks } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import { askAll } from './ask-all.ts'
import { type InstallRecord, mayGuard } from './install-record.ts'
import type { Hold } from './plugin-status.ts'
import type { RunningPlugins } from './running-plugins.ts'

interface Guarded<Name extends HookName> {
  readonly name: Name
  readonly request: HookRequest<Name>
  readonly records: readonly InstallRecord[]
  readonly running: RunningPlugins
  readonly held: Hold | undefined
  readonly clock: Clock
}

/** Stands for the plugins that a damaged lock file would have named. */
const LOCK_FILE = 'lock-file'

/** Questions that are refused if a plugin that guards them gives no verdict. */
const CLOSED_HOOKS = (Object.keys(hooks) as HookName[]).filter((name) => hooks[name].onFailure === 'closed')

/** The plugins without which a question would be refused: the node waits for them before it takes on anything. */
export const guardsAmong = (records: readonly InstallRecord[]): readonly InstallRecord[] =>
  records.filter((record) => CLOSED_HOOKS.some((name) => mayGuard(record, name)))

/** Asks every plugin that holds the hook, in the operator's order. Never rejects. */
export const askGuards = async <Name extends HookName>({
  name,
  request,
  records,
  running,
  held,
  clock,
}: Guarded<Name>): Promise<readonly HookAnswer<Name>[]> => {
  // Nobody knows which guards there are, so every question counts as guarded.
  if (held?.code === 'lock-file-damaged') return [{ type: 'no-verdict', plugin: LOCK_FILE, code: 'not-running' }]
  // A plugin that should answer but does not run counts too: what it guards must not open because it crashed.
  const asked = records.filter((record) => {
    if (record.disabled) return false
    const run = running.runner(record.name)?.run
    return run?.running === true ? run.wants(name, request) : mayGuard(record, name)
  })
  if (asked.length === 0) return []
  return askAll(
    name,
    request,
    asked.map(({ name: plugin }) => ({ plugin, runner: running.runner(plugin) })),
    clock,
  )
}
