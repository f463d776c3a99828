import type { EventName, EventPayload } from '@fulgurite/plugin-sdk/contract'
import type { NodeId } from '../../lib/ids.ts'
import type { Store, Write } from '../../store/store.ts'
import type { EventLog } from './event-log.ts'
import type { PeerEvents } from './peer-events.ts'

/** An event to append, as data. An event that a peer can cause at no cost is charged to that peer. */
export interface EventToTell<Name extends EventName = EventName> {
  readonly name: Name
  readonly payload: EventPayload<Name>
  readonly causedBy?: NodeId
}

/** Writes that one actor has committed with another's step: plain data, so that they can be sent in a message. */
export interface Alongside {
  readonly writes: readonly Write[]
  readonly events: readonly EventToTell[]
}

export interface CommitServices {
  readonly store: Store
  readonly events: EventLog
  readonly peerEvents: PeerEvents
}

/** Puts it into the commit that submissions of this turn belong to. */
export const commitAlongside = ({ store, events: log, peerEvents }: CommitServices, alongside: Alongside): void => {
  const { writes, events } = alongside
  if (writes.length > 0) store.submit(writes)
  for (const { name, payload, causedBy } of events) {
    if (causedBy === undefined) log.append(name, payload)
    else peerEvents.report(causedBy, name, payload)
  }
}
