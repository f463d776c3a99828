import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { bubblewrapped } from './bubblewrap.ts'
import { limited } from './resource-limits.ts'
import { asOwnUser, noNewPrivileges, type OwnUsers } from './setpriv.ts'
import { hasServiceManager, inScope, managerEnvironment } from './systemd-scope.ts'
import type { Launch, WallPlan, Walls } from './wall-plan.ts'

/** The means for walls on this machine. */
export interface WallSurroundings {
  readonly platform: NodeJS.Platform
  readonly root: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether system calls can be filtered on this architecture. */
  readonly filter: boolean
  /** Runs plugins as root even if only Node's permission model confines them. */
  readonly withoutWalls: boolean
  /** Where a program is, if it is installed. */
  find(program: string): string | undefined
}

const NO_WALLS: Walls = {
  files: 'permission-model',
  network: 'permission-model',
  processes: 'permission-model',
  systemCalls: 'unfiltered',
  memory: 'watched',
  user: 'same',
}

// First a range that nobody hands out; then, if a container does not know these numbers, one that is hardly used.
const OWN_USERS: readonly OwnUsers[] = [
  { first: 1_900_000_000, count: 200_000_000 },
  { first: 60_600, count: 500 },
]

/**
 * The ways to start a cell here, the strongest first. Only a trial shows whether one works: a container may have all the programs and
 * forbid what they do. For root the list is empty if there is no wall and the operator has not insisted.
 */
export const wallPlans = (around: WallSurroundings): readonly WallPlan[] => {
  const { platform, root, env, withoutWalls } = around
  if (platform !== 'linux') return root && !withoutWalls ? [] : [bare]
  const [prlimit, setpriv, bwrap, systemdRun] = ['prlimit', 'setpriv', 'bwrap', 'systemd-run'].map(around.find)
  const memory = prlimit === undefined ? 'watched' : 'kernel-limit'
  const limits = (ownUser: boolean): readonly string[] => (prlimit === undefined ? [] : limited(prlimit, ownUser))
  const before = (prefix: readonly string[], launch: Launch): Launch => ({
    ...launch,
    command: [...prefix, ...launch.command],
  })

  const plans: WallPlan[] = []
  if (bwrap !== undefined) {
    for (const filtered of around.filter ? [true, false] : [false]) {
      plans.push({
        name: filtered ? 'bubblewrap with a filter of system calls' : 'bubblewrap',
        bare: false,
        walls: {
          files: 'own-root',
          network: 'own-namespace',
          processes: 'own-namespace',
          systemCalls: filtered ? 'filtered' : 'unfiltered',
          memory,
          user: 'namespaced',
        },
        launch: (files) => before(limits(false), bubblewrapped(bwrap, files, filtered)),
      })
    }
  }
  if (root && setpriv !== undefined) {
    for (const users of OWN_USERS) {
      plans.push({
        name: `a user of its own (${users.first} and above)`,
        bare: false,
        walls: { ...NO_WALLS, files: 'own-user', processes: 'own-user', memory, user: 'own' },
        launch: (files, serial) => before(limits(true), asOwnUser(setpriv, files, users, serial)),
      })
    }
  }
  if (!root || withoutWalls) {
    if (prlimit !== undefined || setpriv !== undefined) {
      const prefix = [...limits(false), ...(setpriv === undefined ? [] : noNewPrivileges(setpriv))]
      plans.push({
        name: "Node's permission model, within limits of the kernel",
        bare: false,
        walls: { ...NO_WALLS, memory, user: setpriv === undefined ? 'same' : 'no-new-privileges' },
        launch: (files, serial) => ({
          ...before(prefix, bare.launch(files, serial)),
          endsWithNode: setpriv !== undefined,
        }),
      })
    }
    plans.push(bare)
  }
  if (systemdRun === undefined || !hasServiceManager(root, env)) return plans
  const scoped = (plan: WallPlan): WallPlan => ({
    name: `${plan.name}, in a control group`,
    bare: false,
    walls: plan.walls,
    launch: (files, serial) => ({
      ...before(inScope(systemdRun, root), plan.launch(files, serial)),
      env: managerEnvironment(root, env),
    }),
  })
  return plans.flatMap((plan) => [scoped(plan), plan])
}

const bare: WallPlan = {
  name: "Node's permission model alone",
  bare: true,
  walls: NO_WALLS,
  launch: ({ addon }) => ({
    command: [process.execPath],
    addon,
    actBy: [],
    open: [],
    closeInside: [],
    env: {},
    endsWithNode: false,
    tells: false,
  }),
}

/** This machine, as this process sees it. */
export const systemSurroundings = (filter: boolean, withoutWalls: boolean): WallSurroundings => ({
  platform: process.platform,
  root: process.getuid?.() === 0,
  env: process.env,
  filter,
  withoutWalls,
  find: (program) => onPath(program, process.env.PATH ?? '/usr/bin:/bin'),
})

const onPath = (program: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
