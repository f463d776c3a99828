import type { ChannelState } from '../../channel/index.ts'
import { invariant } from '../../lib/errors.ts'
import type { ChannelEntry } from './channel-directory.ts'
import type { ChannelRest } from './channel-rest.ts'
import type { ChannelServices } from './channel-services.ts'
import type { ChannelWatches } from './channel-watches.ts'
import type { ConnectionRef } from './connection-ref.ts'

/** What outlives a restart of the actor: the channel's state, and once it lives the entry that it has published. */
export interface ChannelHold {
  readonly state: ChannelState
  /** The state that was last handed to the store: any later state in the process is stored after it, or never. */
  submitted?: ChannelState
  /** The connection in use, if there is one. */
  connection?: ConnectionRef | undefined
  /** The connection that a channel in quarantine makes no use of. */
  unused?: ConnectionRef | undefined
  /** Watches go on through a restart, so that nothing on the chain is missed. */
  watches?: ChannelWatches
  entry?: ChannelEntry
  rest?: ChannelRest
}

export const entryOf = ({ entry }: ChannelHold): ChannelEntry => {
  invariant(entry !== undefined, 'a channel that lives has an entry')
  return entry
}

/** Publishes the channel's current state to the rest of the node. */
export const publish = (
  { directory }: ChannelServices,
  hold: ChannelHold,
  change: Partial<ChannelEntry>,
): ChannelEntry => {
  const entry = { ...entryOf(hold), ...change }
  hold.entry = entry
  directory.publish(entry)
  return entry
}
