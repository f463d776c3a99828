import { closeSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

// Before any isolate exists: V8's threads inherit it, and the parent's setting it would not reach them. 10 keeps as much of
// the node's speed beside looping plugins as 19 does (84 and 83 % with three of them on two cores), and a cell that starts
// or answers while the machine is busy takes a quarter of the time. A node that was itself given less stays there.
if (getPriority() < constants.priority.PRIORITY_BELOW_NORMAL) setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

interface Permissions {
  /** Node below 26 has none. */
  drop?(scope: 'addon'): void
}

/** The native addon, loaded by its path: finding it by name would read files that the cell may not see. */
export const loadAddon = <Exports>(path: string): Exports => {
  const module = { exports: {} as Exports }
  process.dlopen(module, path)
  return module.exports
}

/** Closes what the process was started with and has no use for, beyond its standard streams and its pipe. */
export const closeDescriptors = (list: string): void => {
  for (const descriptor of list.split(',')) {
    try {
      if (descriptor !== '') closeSync(Number(descriptor))
    } catch {
      // It is not open: so much the better.
    }
  }
}

/** What put up the walls may have left a word of its own. */
export const forgetEnvironment = (): void => {
  for (const name of Object.keys(process.env)) delete process.env[name]
}

/** Gives up, for ever, the right that only loading needed. */
export const dropRights = (): void => {
  const { permission } = process as unknown as { permission: Permissions }
  permission.drop?.('addon')
}
