import { dirname, join } from 'node:path'
import { tokenOf, writeAccess } from '../api/access.ts'
import { startApi } from '../api/server.ts'
import type { BitcoindWallet } from '../chain/bitcoind/bitcoind-wallet.ts'
import type { ChainBackend } from '../chain/chain-backend.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { type Failure, stackOf } from '../lib/errors.ts'
import { isFolder } from '../lib/make-folder.ts'
import { ownVersion } from '../lib/own-package.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import { seldom } from '../lib/seldom.ts'
import type { EventLogPort } from '../node/contract-gateway.ts'
import type { Gateway } from '../node/contract-mapping/gateway.ts'
import { startNode } from '../node/node.ts'
import type { Hold } from '../plugins/index.ts'
import type { NodeConfig } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import { openPluginRoom, type PluginRoom } from './plugin-room.ts'
import { collectAtRest, heapOfProcess } from './resting-heap.ts'
import { RunRecord } from './run-record.ts'
import { tellMoved } from './slow-start.ts'
import { startFailureOf, toldFailureOf } from './start-failure.ts'

/** The addresses of a running node: what is printed when it is ready. */
export interface NodePlaces {
  readonly nodeId: string
  readonly network: string
  /** `host:port` for peers. */
  readonly listen: string
  readonly api: string
  readonly data: string
  readonly log: string
}

export interface RunningNode {
  readonly places: NodePlaces
  /** What the operator should know at once. */
  readonly warnings: readonly string[]
  readonly events: EventLogPort
  stop(): Promise<void>
}

export interface RunOptions {
  readonly config: NodeConfig
  readonly folder: DataFolder
  readonly backend: ChainBackend
  readonly bitcoindWallet?: BitcoindWallet | undefined
  /** The adapter's name, for `getinfo`. */
  readonly backendName: string
  readonly clock: Clock
  readonly rng: Rng
  readonly onStopAsked: () => void
  /** Adds the other actors that this node answers for, before anyone can ask. */
  readonly join?: (gateway: Gateway) => void
}

const MAX_WARNING = 512
/** Accepting may fail thousands of times a second. */
const ACCEPT_ERROR_LOG_MS = 60_000

/** Connects store, chain, plugins and API to a node. The caller closes the folder when the node has stopped. */
export const runNode = async (options: RunOptions): Promise<Result<RunningNode, Failure>> => {
  const { config, folder, backend, bitcoindWallet, backendName, clock, rng, onStopAsked } = options
  const { log, store } = folder
  const record = new RunRecord(folder.path, clock)
  // A disk that is full, or a bitcoind on another chain, says nothing of plugins.
  folder.onEnd((error) => (toldFailureOf(error, folder.path) === undefined ? record.crashed() : record.withdrawn()))
  let plugins: PluginRoom | undefined
  const warnings = (): readonly string[] =>
    plugins?.held === undefined ? [] : [`${plugins.held.code}: ${plugins.held.message}`.slice(0, MAX_WARNING)]
  const started = await startNode({
    network: config.network,
    seed: folder.seed,
    store,
    backend,
    ...(bitcoindWallet === undefined ? {} : { bitcoindWallet }),
    backendName,
    clock,
    rng,
    log,
    version: ownVersion(),
    listen: config.listen,
    choices: config.choices,
    traffic: config.limits.traffic,
    staticBackup: {
      own: join(folder.path, 'channels.backup'),
      ...(config.channelBackup === undefined ? {} : { other: config.channelBackup }),
    },
    // On a chain of one's own nobody is flooded, and nobody wants to wait.
    gossip: {
      path: join(folder.path, 'gossip.log'),
      ...(config.network.name === 'regtest' ? { passOnMs: 1_000 } : {}),
    },
    retention: { kept: config.kept, archive: join(folder.path, 'archive') },
    warnings,
    onRowsMoved: tellMoved,
    onFatal: folder.end,
    onStopAsked,
    pluginWalls: () => plugins?.walls(),
    async beforePeers(gateway, events) {
      options.join?.(gateway)
      plugins = await openPluginRoom({
        data: folder.path,
        withoutWalls: config.pluginsWithoutWalls,
        store,
        gateway,
        append: (name, payload) => events.append(name, payload),
        clock,
        rng,
        log,
        maxPlugins: config.maxPlugins,
        hold: record.safeMode ? safeMode(record) : undefined,
        serving: (plugin) => record.serving(plugin),
      })
    },
  }).catch((error: unknown) => err(startFailureOf(error, folder.path)))
  if (!started.ok) {
    record.withdrawn()
    await plugins?.stop()
    return err(withAddress(started.error, config))
  }
  const node = started.value
  const token = tokenOf(config.data)
  const api = await startApi({
    gateway: node.gateway,
    token,
    host: config.api.host,
    port: config.api.port,
    clock,
    limits: config.limits.api,
    onAcceptError: seldom(clock, ACCEPT_ERROR_LOG_MS, (cause) => log.warn('api.accept-failed', { code: cause })),
    onBug: (error, where) => log.error('api.bug', { where, error: stackOf(error) }),
  })
  if (!api.ok) {
    record.withdrawn()
    await plugins?.stop()
    await node.stop()
    return api
  }
  try {
    writeAccess(config.data, { url: api.value.url, token })
  } catch (error) {
    record.withdrawn()
    await api.value.close()
    await plugins?.stop()
    await node.stop()
    return err(startFailureOf(error, folder.path))
  }
  const places: NodePlaces = {
    nodeId: toHex(node.nodeId),
    network: config.network.name,
    listen: hostPort(config.listen.host, node.port ?? config.listen.port),
    api: api.value.url,
    data: config.data,
    log: folder.logPath,
  }
  log.info('node.started', { ...places })
  plugins?.begin()
  record.ready(() => plugins?.held !== undefined)
  const onCrash = (): void => record.crashed()
  process.on('uncaughtExceptionMonitor', onCrash)
  const heap = heapOfProcess()
  const endOfRests = heap === undefined ? undefined : collectAtRest(heap, clock)
  return ok({
    places,
    warnings: [...warnings(), ...awayWarnings(config)],
    events: node.gateway.events,
    async stop() {
      log.info('node.stopping')
      record.stopped()
      process.off('uncaughtExceptionMonitor', onCrash)
      endOfRests?.()
      await api.value.close()
      await plugins?.stop()
      await node.stop()
      log.info('node.stopped')
    },
  })
}

const safeMode = ({ earlyEnds, lastPlugin }: RunRecord): Hold => {
  const served = lastPlugin === undefined ? '' : `; the plugin that ran last was ${lastPlugin}`
  return {
    code: 'safe-mode',
    message: `the node ended early ${earlyEnds} times in a row${served}. No plugin runs, and what plugins guard is refused. Look into the logs; then: fulgurite plugins resume (or remove)`,
  }
}

const hostPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

// The room that listens knows only the system's error code.
const withAddress = (failure: Failure, { listen }: NodeConfig): Failure =>
  failure.code === 'listen-failed' ? { ...failure, ...listen } : failure

/** Said at the start, since a disk that is not mounted is most easily put right then; `getinfo` says it for as long as it lasts. */
const awayWarnings = ({ channelBackup }: NodeConfig): readonly string[] =>
  channelBackup === undefined || isFolder(dirname(channelBackup))
    ? []
    : [
        `--channel-backup: ${dirname(channelBackup)} is not there: the static backup of the channels is written there once it is`,
      ]
