import type { Observable } from 'rxjs'
import type { Cursor, EventEnvelope } from '../contract/types.ts'
import type { Actors, DurableEventName, Events, Hooks } from '../generated/types.ts'

/** What the plugin may keep: JSON, and `bigint`. */
export type StoreValue =
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly StoreValue[]
  | { readonly [key: string]: StoreValue | undefined }

/** Values by key, kept by the core within the quota of the manifest. Each promise rejects with an `ActorError`. */
export interface PluginStore {
  get<T extends StoreValue = StoreValue>(key: string): Promise<T | undefined>
  /** Resolves when the value is durable; in a durable handler at once, since it is kept with the handler's success. */
  set(key: string, value: StoreValue): Promise<void>
  delete(key: string): Promise<void>
  /** The keys that begin with `prefix`, in order, with their values. */
  list<T extends StoreValue = StoreValue>(prefix?: string): Promise<readonly { key: string; value: T }[]>
}

/** What a durable handler is given beside the payload. */
export interface HandlerContext {
  /** Bound to what caused them: the audit names it, and a command's key is derived from it where none is given. */
  readonly actors: Actors
  /** Writes are kept together with the handler's success, or not at all. */
  readonly store: PluginStore
}

export interface EventContext<Name extends keyof Events> extends HandlerContext {
  readonly event: EventEnvelope<Name, Events[Name]>
}

export type EventHandler<Name extends keyof Events> = (
  payload: Events[Name],
  context: EventContext<Name>,
) => void | Promise<void>

export interface EachOptions {
  /**
   * Where a new subscription begins: at what happens from now on, at what has happened since the plugin was installed
   * (the default), or after a cursor. Later starts go on where the subscription was.
   */
  readonly from?: 'now' | 'install' | { readonly after: Cursor }
}

export interface PluginEvents {
  /** Events as they happen while the plugin runs, for views: what happens while it is stopped is not seen. */
  on<Name extends keyof Events & string>(name: Name): Observable<EventEnvelope<Name, Events[Name]>>
  /**
   * Every event of this name, in order, one at a time and at least once, also those that happen while the plugin is
   * stopped. The label names the subscription and its cursor: keep it. A handler that fails is tried again with growing
   * pauses, then the event is set aside. Subscribe while the plugin is set up.
   */
  each<Name extends DurableEventName>(
    label: string,
    name: Name,
    handler: EventHandler<Name>,
    options?: EachOptions,
  ): void
  each<Name extends DurableEventName>(
    label: string,
    name: Name,
    filter: (payload: Events[Name]) => boolean,
    handler: EventHandler<Name>,
    options?: EachOptions,
  ): void
}

export type HookHandler<Name extends keyof Hooks> = (
  request: Hooks[Name]['request'],
  context: { readonly actors: Actors },
) => Hooks[Name]['verdict'] | Promise<Hooks[Name]['verdict']>

export interface PluginHooks {
  /** Answers the core's question. One handler a hook, registered while the plugin is set up. */
  on<Name extends keyof Hooks & string>(name: Name, handler: HookHandler<Name>): void
}

export interface PluginLog {
  debug(...parts: readonly unknown[]): void
  info(...parts: readonly unknown[]): void
  warn(...parts: readonly unknown[]): void
  error(...parts: readonly unknown[]): void
}

/**
 * Calls the handler at once when the plugin first runs, then every `everyMs`. When it last ran is kept over restarts, as
 * are the handler's `store` writes, together.
 */
export type Schedule = (
  label: string,
  everyMs: number,
  handler: (context: HandlerContext) => void | Promise<void>,
) => void

/** All that a plugin can reach. */
export interface PluginApi<Config> {
  readonly events: PluginEvents
  readonly actors: Actors
  readonly hooks: PluginHooks
  readonly schedule: Schedule
  readonly store: PluginStore
  readonly log: PluginLog
  /** The operator's settings, checked against the manifest, defaults filled in. */
  readonly config: Config
  readonly plugin: { readonly name: string; readonly version: string }
}
