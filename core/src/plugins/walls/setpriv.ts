import { type CellFiles, FIRST_EXTRA, type Launch } from './wall-plan.ts'

/** How many users cells take turns to be. */
const USERS = 400

/**
 * A cell as a user of its own, without groups, capabilities, or a way to get any: files and processes of others are out of its
 * reach as they are for any user. Only root can do that. Node and the addon are handed over open, since they may lie where
 * that user sees nothing.
 */
export const asOwnUser = (setpriv: string, { addon }: CellFiles, firstUser: number, serial: number): Launch => {
  const user = firstUser + (serial % USERS)
  const [node, library] = [FIRST_EXTRA, FIRST_EXTRA + 1]
  const become = [setpriv, `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs']
  return {
    command: [...become, '--inh-caps=-all', '--bounding-set=-all', '--', `/proc/self/fd/${node}`],
    addon: `/proc/self/fd/${library}`,
    // Root in a container may lack the right to limit another user's process, which that user has.
    actBy: [...become, '--'],
    open: [process.execPath, addon],
    closeInside: [node, library],
    env: {},
    tells: false,
  }
}

/** What anybody can do: nothing that the cell starts gets rights that the cell has not. */
export const noNewPrivileges = (setpriv: string): readonly string[] => [setpriv, '--no-new-privs', '--']
