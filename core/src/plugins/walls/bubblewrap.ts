import { sharedLibraries } from './shared-libraries.ts'
import { type CellFiles, FIRST_EXTRA, type Launch, TELLS } from './wall-plan.ts'

const NODE = '/node'
const ADDON = '/isolate.node'
const USER = '65000'

let libraries: readonly string[] | undefined

/**
 * A cell in namespaces of its own, as another user without any capability: its root holds Node, the libraries that Node runs
 * on and the addon, all read-only, and nothing else; no /proc, no /dev; no network, not even loopback; no process but itself.
 */
export const bubblewrapped = (bwrap: string, { addon, filter }: CellFiles, filtered: boolean): Launch => {
  libraries ??= sharedLibraries()
  const bound = [...libraries.map((path) => [path, path]), [process.execPath, NODE], [addon, ADDON]]
  return {
    command: [
      bwrap,
      '--unshare-all',
      // Without a reaper of bubblewrap's before it.
      '--as-pid-1',
      '--die-with-parent',
      '--new-session',
      '--cap-drop',
      'ALL',
      '--uid',
      USER,
      '--gid',
      USER,
      '--clearenv',
      ...bound.flatMap(([from = '', to = '']) => ['--ro-bind', from, to]),
      '--remount-ro',
      '/',
      '--chdir',
      '/',
      '--info-fd',
      String(TELLS),
      ...(filtered ? ['--seccomp', String(FIRST_EXTRA)] : []),
      '--',
      NODE,
    ],
    addon: ADDON,
    actBy: [],
    open: filtered ? [filter] : [],
    // Bubblewrap closes what it has read.
    closeInside: [],
    env: {},
    endsWithNode: true,
    tells: true,
  }
}
