import { existsSync } from 'node:fs'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

// More than the largest plugin may have; what each may have is limited more narrowly as it is loaded.
const MEMORY_MAX = '3G'
const TASKS_MAX = '64'

/** Whether a service manager listens, root's or the user's own, whom one can ask for a control group. */
export const hasServiceManager = (root: boolean, { XDG_RUNTIME_DIR }: Environment): boolean =>
  root ? existsSync('/run/systemd/system') : XDG_RUNTIME_DIR !== undefined && existsSync(join(XDG_RUNTIME_DIR, 'bus'))

/** What the manager is found by. */
export const managerEnvironment = (root: boolean, env: Environment): Readonly<Record<string, string>> => {
  if (root) return {}
  const { XDG_RUNTIME_DIR = '', DBUS_SESSION_BUS_ADDRESS = `unix:path=${XDG_RUNTIME_DIR}/bus` } = env
  return { XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS }
}

/**
 * Runs a command in a control group of its own, whose memory and tasks are limited together, whatever it starts; and without
 * the environment that the manager was found by.
 */
export const inScope = (systemdRun: string, root: boolean): readonly string[] => [
  systemdRun,
  ...(root ? [] : ['--user']),
  '--scope',
  '--quiet',
  '--collect',
  `--property=MemoryMax=${MEMORY_MAX}`,
  '--property=MemorySwapMax=0',
  `--property=TasksMax=${TASKS_MAX}`,
  '--',
  '/usr/bin/env',
  '-i',
]
