import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Outbox } from './outbox.ts'

/** What a plugin registered in its first turn. */
export type Registered = NonNullable<Outbox['registered']>

/** Something registered that was not granted. */
export interface NotGranted {
  readonly name: string
  readonly text: string
}

/** The first registered event or hook that the manifest does not ask for. */
export const notGranted = ({ live, each, hooks }: Registered, { permissions }: Manifest): NotGranted | undefined => {
  const event = [...live, ...each.map(([, name]) => name)].find((name) => !Object.hasOwn(permissions.events, name))
  const hook = hooks.find((name) => !Object.hasOwn(permissions.hooks, name))
  const name = event ?? hook
  if (name === undefined) return undefined
  return { name, text: `the plugin's manifest does not ask for the ${event === undefined ? 'hook' : 'event'} ${name}` }
}
