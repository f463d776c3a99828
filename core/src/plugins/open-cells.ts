import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { isolateAddonPath } from './addon-path.ts'
import { cellBundle } from './cell-bundle.ts'
import { CellPool, type StandingWalls } from './cell-pool.ts'
import { systemUsageProbe } from './process-usage.ts'
import { systemSurroundings, wallPlans } from './walls/choose-walls.ts'
import { dataLimiter } from './walls/resource-limits.ts'
import { seccompFilter } from './walls/seccomp-filter.ts'
import { StartGuard } from './walls/start-guard.ts'
import type { Watchdog } from './watchdog.ts'

export interface CellsOptions {
  /** Where the cell's program is kept. */
  readonly folder: string
  readonly clock: Clock
  readonly watchdog: Watchdog
  readonly keepSpare: boolean
  /** Where the cell's program begins; the cell's own if not said. */
  readonly entry?: string | undefined
  /** Runs plugins as root even where nothing but Node's permission model holds them. */
  readonly withoutWalls: boolean
  readonly onWalls: (standing: StandingWalls) => void
}

/** Prepares what cells are started from. It starts none yet. */
export const openCells = async (options: CellsOptions): Promise<CellPool> => {
  const { folder, clock, watchdog, keepSpare, withoutWalls, onWalls, entry } = options
  const program = await cellBundle(folder, entry)
  const filter = seccompFilter(process.arch)
  const filterPath = join(folder, 'system-calls.bpf')
  if (filter !== undefined) await writeFile(filterPath, filter, { mode: 0o600 })
  const around = () => systemSurroundings(filter !== undefined, withoutWalls)
  return new CellPool({
    environment: {
      clock,
      watchdog,
      probe: systemUsageProbe,
      files: { program, addon: isolateAddonPath(), filter: filterPath },
      limitData: dataLimiter(around().find('prlimit')),
      startGuard: new StartGuard(),
    },
    plans: () => wallPlans(around()),
    keepSpare,
    onWalls,
  })
}
