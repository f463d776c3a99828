// A process that starts cells until it is killed, a dot for each: behind walls that are put up and never let a cell through
// (`stuck`), or by the walls of this machine, several at a time, to end them as soon as they are there.
import { systemClock } from '../../../core/src/lib/clock.ts'
import { isolateAddonPath } from '../../../core/src/plugins/addon-path.ts'
import { cellBundle } from '../../../core/src/plugins/cell-bundle.ts'
import { CellProcess } from '../../../core/src/plugins/cell-process.ts'
import { openCells } from '../../../core/src/plugins/open-cells.ts'
import { systemUsageProbe } from '../../../core/src/plugins/process-usage.ts'
import { StartGuard } from '../../../core/src/plugins/walls/start-guard.ts'
import type { WallPlan } from '../../../core/src/plugins/walls/wall-plan.ts'
import { Watchdog } from '../../../core/src/plugins/watchdog.ts'

const AT_ONCE = 6

const [mode = '', folder = ''] = process.argv.slice(2)
const watchdog = new Watchdog(systemClock, systemUsageProbe)
const dot = (): void => void process.stdout.write('.')

/** What is started waits for what started it, and for nothing else. */
const STUCK: WallPlan = {
  name: 'stuck',
  bare: false,
  walls: {
    files: 'own-root',
    network: 'own-namespace',
    processes: 'own-namespace',
    systemCalls: 'unfiltered',
    memory: 'watched',
    user: 'namespaced',
  },
  launch: () => ({
    command: ['/bin/sh', '-c', '/bin/sleep 86400 & exec /bin/sleep 86400', 'stuck'],
    addon: '',
    actBy: [],
    open: [],
    closeInside: [],
    env: {},
    endsWithNode: true,
    tells: true,
  }),
}

const stuck = async (): Promise<void> => {
  const environment = {
    clock: systemClock,
    watchdog,
    probe: systemUsageProbe,
    files: { program: await cellBundle(folder), addon: isolateAddonPath(), filter: '' },
    limitData: undefined,
    startGuard: new StartGuard(),
  }
  const cell = new CellProcess(environment, STUCK, 1)
  dot()
  await cell.ready
}

const walled = async (): Promise<void> => {
  const pool = await openCells({
    folder,
    clock: systemClock,
    watchdog,
    keepSpare: false,
    withoutWalls: false,
    onWalls: () => {},
  })
  const startAndEnd = async (): Promise<void> => {
    for (;;) {
      const taken = await pool.take()
      if (!taken.ok) throw new Error(taken.error.text)
      dot()
      taken.value.end({ code: 'stopped', text: 'another one' })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, startAndEnd))
}

await (mode === 'stuck' ? stuck() : walled())
