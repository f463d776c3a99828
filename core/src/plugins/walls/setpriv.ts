import { randomInt } from 'node:crypto'
import { type CellFiles, FIRST_EXTRA, type Launch } from './wall-plan.ts'

/** Numbers of users that are nobody else's. */
export interface OwnUsers {
  readonly first: number
  readonly count: number
}

/** Another one in each node, so that the cells of two nodes on one machine are hardly ever one user. */
const START = randomInt(2 ** 47)
/** The kernel ends the cell when the node ends. */
const ENDING = ['--pdeathsig', 'KILL'] as const

/**
 * A cell as a user of its own, without groups, capabilities, or a way to get any: files and processes of others are out of its
 * reach as they are for any user. Only root can do that. Node and the addon are handed over open, since they may lie where
 * that user sees nothing.
 */
export const asOwnUser = (setpriv: string, { addon }: CellFiles, users: OwnUsers, serial: number): Launch => {
  // No two cells may share a user: the same user may signal, and see, the other.
  const user = users.first + ((START + serial) % users.count)
  const [node, library] = [FIRST_EXTRA, FIRST_EXTRA + 1]
  const become = [setpriv, `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs']
  return {
    command: [...become, ...ENDING, '--inh-caps=-all', '--bounding-set=-all', '--', `/proc/self/fd/${node}`],
    addon: `/proc/self/fd/${library}`,
    // Root in a container may lack the right to limit another user's process; that user itself has it.
    actBy: [...become, '--'],
    open: [process.execPath, addon],
    closeInside: [node, library],
    env: {},
    endsWithNode: true,
    tells: false,
  }
}

/** What anybody can do: nothing that the cell starts gets rights that the cell has not. */
export const noNewPrivileges = (setpriv: string): readonly string[] => [setpriv, '--no-new-privs', ...ENDING, '--']
