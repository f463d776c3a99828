import { type EventName, type EventPayload, evaluate, events } from '@fulgurite/plugin-sdk/contract'
import type { EventLogPort } from '../../node/contract-gateway.ts'
import type { Terminal } from '../terminal.ts'
import { describeEvent, SHOWN_EVENTS } from './describe-event.ts'
import type { KnownNode } from './devnet-node.ts'

export interface LiveView {
  /** A line that is not one of our events. */
  note(text: string): void
  stop(): void
}

/** Prints what happens at our node, one line per event. */
export const showEvents = ({
  events: log,
  nodes,
  terminal,
}: {
  readonly events: EventLogPort
  readonly nodes: readonly KnownNode[]
  readonly terminal: Terminal
}): LiveView => {
  const names = new Map(nodes.map(({ nodeId, name }) => [nodeId, name]))
  const nameOf = (nodeId: string): string => names.get(nodeId) ?? (nodeId.slice(0, 8) || 'somebody')
  const print = (at: number, text: string): void => terminal.line(`${terminal.dim(timeOfDay(at))}  ${text}`)
  const stop = log.subscribe({ names: SHOWN_EVENTS }, ({ name, at, text }) => {
    const shown = SHOWN_EVENTS.find((candidate) => candidate === name)
    if (shown === undefined) return
    const payload = payloadOf(shown, text)
    if (payload !== undefined) print(at, describeEvent(shown, payload, nameOf, terminal))
  })
  return { note: (text) => print(Date.now(), text), stop }
}

const payloadOf = <Name extends EventName>(name: Name, text: string): EventPayload<Name> | undefined => {
  const read = evaluate(events[name].payload, (JSON.parse(text) as { payload: unknown }).payload)
  return read.ok ? (read.value as EventPayload<Name>) : undefined
}

const timeOfDay = (at: number): string => new Date(at).toTimeString().slice(0, 8)
