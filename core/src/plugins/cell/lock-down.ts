import { constants, setPriority } from 'node:os'

// Before any isolate exists: V8's threads inherit it, and the parent's setting it would not reach them. 19, since at 10
// looping plugins still cost the node's main thread much of its speed (docs/security.md).
setPriority(constants.priority.PRIORITY_LOW)

interface Permissions {
  drop(scope: 'addon' | 'fs.read'): void
}

/** The native addon, loaded by its path: finding it by name would read files that the cell may not see. */
export const loadAddon = <Exports>(path: string): Exports => {
  const module = { exports: {} as Exports }
  process.dlopen(module, path)
  return module.exports
}

/** Gives up, for ever, the rights that only loading needed. */
export const dropRights = (): void => {
  const { permission } = process as unknown as { permission: Permissions }
  permission.drop('addon')
  permission.drop('fs.read')
}
