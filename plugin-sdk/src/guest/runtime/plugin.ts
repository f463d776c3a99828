import { type Observable, Subject } from 'rxjs'
import { restoreEvent, restoreHook } from '../../generated/decoders.ts'
import type { PluginApi, PluginLog } from '../plugin-api.ts'
import { actorsFor, settle } from './asks.ts'
import { type AnyFilter, type AnyHandler, DurableSubscription } from './durable-events.ts'
import { describe, fault, send, sendRegistered } from './outgoing.ts'
import { type Scheduled, type ScheduledHandler, scheduled, startSchedule } from './schedules.ts'
import { directStore } from './store.ts'
import { runDueTimers } from './timers.ts'
import type { Inbox, WireEvent } from './turn.ts'
import { viewed } from './views.ts'

type Setup = (api: PluginApi<unknown>) => unknown
type AnyHook = (request: unknown, context: { actors: unknown }) => unknown

const live = new Map<string, Subject<WireEvent>>()
const durable = new Map<string, DurableSubscription>()
const origins: (readonly [label: string, name: string, from: string])[] = []
const hooks = new Map<string, AnyHook>()
const schedules = new Map<string, Scheduled>()
let settingUp = false

const duringSetup = (what: string): void => {
  if (!settingUp) throw new Error(`${what} belongs into the plugin's setup`)
}

const functionOrThrow = (value: unknown, what: string): void => {
  if (typeof value !== 'function') throw new TypeError(`${what} needs a function`)
}

const on = (name: string): Observable<WireEvent> => {
  let subject = live.get(name)
  if (subject === undefined) {
    duringSetup(`events.on('${name}')`)
    subject = new Subject()
    live.set(name, subject)
  }
  return viewed(subject, `events.on('${name}')`)
}

const fromText = (from: unknown): string => {
  if (from === undefined || from === 'install') return 'install'
  if (from === 'now') return 'now'
  return `after:${String((from as { after: unknown }).after)}`
}

const each = (label: string, name: string, ...rest: readonly unknown[]): void => {
  duringSetup(`events.each('${label}')`)
  if (durable.has(label)) throw new Error(`there already is a subscription '${label}'`)
  const filtered = typeof rest[1] === 'function'
  const [filter, handler, options] = filtered ? rest : [undefined, ...rest]
  functionOrThrow(handler, `events.each('${label}')`)
  durable.set(label, new DurableSubscription(label, name, filter as AnyFilter | undefined, handler as AnyHandler))
  origins.push([label, name, fromText((options as { from?: unknown } | undefined)?.from)])
}

const onHook = (name: string, handler: AnyHook): void => {
  duringSetup(`hooks.on('${name}')`)
  functionOrThrow(handler, `hooks.on('${name}')`)
  if (hooks.has(name)) throw new Error(`there already is a handler for '${name}'`)
  hooks.set(name, handler)
}

const schedule = (label: string, everyMs: number, handler: ScheduledHandler): void => {
  duringSetup(`schedule('${label}')`)
  functionOrThrow(handler, `schedule('${label}')`)
  if (schedules.has(label)) throw new Error(`there already is a schedule '${label}'`)
  schedules.set(label, scheduled(label, everyMs, handler))
}

const words = (parts: readonly unknown[]): string =>
  parts
    .map((part) => {
      if (typeof part === 'string') return part
      if (part instanceof Error) return describe(part)
      try {
        return JSON.stringify(part) ?? String(part)
      } catch {
        return describe(part)
      }
    })
    .join(' ')

const logAt =
  (level: string) =>
  (...parts: readonly unknown[]): void =>
    send('logs', [level, words(parts)])

/** What the plugin logs with; also its `console`. */
export const log: PluginLog = {
  debug: logAt('debug'),
  info: logAt('info'),
  warn: logAt('warn'),
  error: logAt('error'),
}

/** Runs the plugin's setup and tells the core what it registered. Throws what setup throws. */
export const begin = (setup: Setup, { plugin, config, schedules: lastRuns }: NonNullable<Inbox['start']>): void => {
  const api = {
    events: { on, each },
    actors: actorsFor(),
    hooks: { on: onHook },
    schedule,
    store: directStore,
    log,
    config,
    plugin,
  }
  settingUp = true
  const returned = setup(api as unknown as PluginApi<unknown>)
  settingUp = false
  if (returned !== undefined) throw new TypeError('setup returns nothing: what has to wait belongs into handlers')
  for (const each of schedules.values()) startSchedule(each, lastRuns[each.label])
  sendRegistered({
    live: [...live.keys()],
    each: origins,
    hooks: [...hooks.keys()],
    schedules: [...schedules.keys()],
  })
}

const askHook = async (id: number, name: string, request: unknown): Promise<void> => {
  try {
    const handler = hooks.get(name)
    if (handler === undefined) throw new Error(`no handler for '${name}'`)
    restoreHook[name]?.(request)
    send('verdicts', [id, 1, await handler(request, { actors: actorsFor({ key: `hook/${name}/${id}`, causes: [] }) })])
  } catch (thrown) {
    fault(thrown, `hooks.on('${name}')`)
    send('verdicts', [id, 0, describe(thrown)])
  }
}

const publish = (event: WireEvent): void => {
  const subject = live.get(event.type)
  if (subject === undefined) return
  restoreEvent[event.type]?.(event.payload)
  subject.next(event)
}

/** Handles all that has come, in this order: what was not kept, hooks, replies, timers, durable events, live events. */
export const handle = (inbox: Inbox): void => {
  const unkept = new Map(inbox.unkept)
  for (const subscription of durable.values()) subscription.answered(unkept.get(subscription.label))
  for (const [id, name, request] of inbox.hooks ?? []) void askHook(id, name, request)
  for (const [id, ok, value] of inbox.replies ?? []) settle(id, ok, value)
  runDueTimers()
  for (const [label, events] of inbox.each ?? []) durable.get(label)?.deliver(events)
  for (const event of inbox.live ?? []) publish(event)
}

/** Adds to the outbox what the durable subscriptions have done. */
export const report = (): void => {
  for (const subscription of durable.values()) subscription.report()
}
