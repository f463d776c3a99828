import { closeSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

// Set before any isolate exists, because V8's threads inherit it, and a parent that sets it would not reach them. With 10 the node keeps as
// much of its speed beside looping plugins as with 19 (84 and 83 % with three of them on two cores), and a cell that starts or answers
// while the machine is busy takes a quarter of the time. If the node itself was given a lower priority, it stays there.
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

/** Closes every descriptor that the process was started with and does not need, beyond its standard streams and its pipe. */
export const closeDescriptors = (list: string): void => {
  for (const descriptor of list.split(',')) {
    try {
      if (descriptor !== '') closeSync(Number(descriptor))
    } catch {
      // The descriptor is not open: so much the better.
    }
  }
}

/** The program that put up the walls may have left a setting of its own. */
export const forgetEnvironment = (): void => {
  for (const name of Object.keys(process.env)) delete process.env[name]
}

/** Gives up for ever the right that was needed only for loading. */
export const dropRights = (): void => {
  const { permission } = process as unknown as { permission: Permissions }
  permission.drop?.('addon')
}
