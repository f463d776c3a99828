import { existsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { EventName, EventPayload } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../lib/clock.ts'
import { stackOf } from '../lib/errors.ts'
import type { Rng } from '../lib/rng.ts'
import type { Gateway } from '../node/contract-mapping/gateway.ts'
import type { NodeLog } from '../node/node-log.ts'
import type { Hold, PluginHost, PluginHostOptions } from '../plugins/index.ts'
import type { Store } from '../store/store.ts'
import { pluginHandlers } from './plugin-handlers.ts'
import { pluginStore } from './plugin-store.ts'

/** Adds a durable event to the node's log. */
type AppendEvent = <Name extends EventName>(name: Name, payload: EventPayload<Name>) => void

export interface PluginRoomOptions {
  readonly data: string
  /** Runs plugins as root even if only Node's permission model confines them. */
  readonly withoutWalls: boolean
  readonly store: Store
  readonly gateway: Gateway
  readonly append: AppendEvent
  readonly clock: Clock
  readonly rng: Rng
  readonly log: NodeLog
  /** Why plugins must not be started; absent if they may. */
  readonly hold: Hold | undefined
  readonly serving: (plugin: string) => void
  /** How many plugins may be installed at once, if the operator set it. */
  readonly maxPlugins: number | undefined
}

type Notice = Parameters<NonNullable<PluginHostOptions['onNotice']>>[1]
type Plugin = Parameters<NonNullable<PluginHostOptions['onNotice']>>[0]

/** The plugins of a node. */
export interface PluginRoom {
  /** Why plugins are held back; absent if there are none, or if they are not held back. */
  readonly held: Hold | undefined
  /** What confines the processes of plugins, once one was started. */
  walls(): ReturnType<PluginHost['walls']>
  /** The node is ready: starts the plugins that it did not wait for. */
  begin(): void
  stop(): Promise<void>
}

/**
 * Connects the plugin host to the contract. Plugins that guard something are running when this resolves; all others are started when the
 * node is ready. A node without plugins loads nothing of the host until it is asked for one.
 */
export const openPluginRoom = async (options: PluginRoomOptions): Promise<PluginRoom> => {
  let opening: Promise<PluginHost> | undefined
  let host: PluginHost | undefined
  const open = async (): Promise<PluginHost> => {
    opening ??= startHost(options)
    try {
      host = await opening
      return host
    } catch (error) {
      // Whoever asks next tries again.
      opening = undefined
      throw error
    }
  }
  options.gateway.join('plugins', pluginHandlers(open))
  if (existsSync(join(options.data, 'plugins'))) await open()
  if (host?.held !== undefined) options.log.warn('plugins.held', { ...host.held })
  return {
    get held() {
      return host?.held
    },
    walls: () => host?.walls(),
    begin() {
      host?.startOthers().catch((thrown: unknown) => options.log.error('plugins.bug', { error: stackOf(thrown) }))
    },
    async stop() {
      // Whoever asked for it heard why it did not open.
      await opening?.catch(() => {})
      await host?.stop()
    },
  }
}

const startHost = async (options: PluginRoomOptions): Promise<PluginHost> => {
  const { data, withoutWalls, store, gateway, append, clock, rng, log, hold, serving, maxPlugins } = options
  const { createPluginHost } = await import('../plugins/index.ts')
  const host = createPluginHost({
    gateway,
    storage: pluginStore(store),
    dataDir: data,
    clock,
    rng,
    withoutWalls,
    onWalls: ({ by, walls, passedOver }) =>
      log[passedOver.length === 0 ? 'info' : 'warn']('plugins.walls', {
        by,
        ...walls,
        ...(passedOver.length === 0
          ? {}
          : { passedOver: passedOver.map(({ plan, why }) => `${plan}: ${why}`).join('; ') }),
      }),
    onNotice: (plugin, notice) => report(append, log, plugin, notice),
    onServing: serving,
    limits: { cellMemoryMb: cellMemoryMb(), ...(maxPlugins === undefined ? {} : { plugins: maxPlugins }) },
    ...(hold === undefined ? {} : { hold }),
  })
  await host.start()
  return host
}

/** Half of the machine's memory, and enough for a few plugins on the smallest machine. */
const cellMemoryMb = (): number => Math.max(512, Math.floor(totalmem() / 2 / (1 << 20)))

const report = (append: AppendEvent, log: NodeLog, { name, version }: Plugin, notice: Notice): void => {
  const { type, ...details } = notice
  log[type === 'plugin.started' || type === 'plugin.stopped' ? 'info' : 'warn'](type, { plugin: name, ...details })
  const plugin = { plugin: name, pluginVersion: version }
  switch (notice.type) {
    case 'plugin.started':
      append('plugin.started', plugin)
      return
    case 'plugin.stopped':
      append('plugin.stopped', { ...plugin, reason: notice.reason })
      return
    case 'plugin.faulted': {
      const { code, text, restartInMs } = notice
      append('plugin.faulted', { ...plugin, code, text, ...(restartInMs === undefined ? {} : { restartInMs }) })
      return
    }
    case 'plugin.refused': {
      const { operation, code, text } = notice
      append('plugin.refused', { ...plugin, operation, code, text })
      return
    }
    case 'plugin.warned':
      append('plugin.warned', { ...plugin, code: notice.code, text: notice.text })
      return
  }
}
