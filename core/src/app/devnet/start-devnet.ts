import { join } from 'node:path'
import { askSecretly } from '../../lib/ask-secret.ts'
import { systemClock } from '../../lib/clock.ts'
import { FailureError } from '../../lib/errors.ts'
import { homeFolder } from '../../lib/home.ts'
import { systemRng } from '../../lib/rng.ts'
import { Cleanup } from '../cleanup.ts'
import { devnetConfig, type NodeConfig } from '../config.ts'
import { type DataFolder, openDataFolder } from '../data-folder.ts'
import { failureFields } from '../node-logger.ts'
import type { StartOptions } from '../options.ts'
import { passphraseSource } from '../passphrase.ts'
import { checkPorts } from '../ports.ts'
import type { RunningNode } from '../running-node.ts'
import { explain, startFailureOf } from '../start-failure.ts'
import { type StopRequest, stopRequest } from '../stop-request.ts'
import { tellFailure, tellWarnings } from '../tell-failure.ts'
import { stdoutTerminal, type Terminal } from '../terminal.ts'
import { type DevChain, openDevChain } from './dev-chain.ts'
import { type DevnetClient, devnetClient } from './devnet-client.ts'
import { type KnownNode, type NodeProcess, startNodeProcess } from './devnet-node.ts'
import { installFeeManager } from './fee-manager-plugin.ts'
import { showEvents } from './live-view.ts'
import {
  connectPeers,
  fundWallets,
  missingChannels,
  openChannels,
  type PlannedChannel,
  untilUsable,
} from './open-channels.ts'
import { startTraffic } from './traffic.ts'
import { tellWelcome } from './welcome.ts'

const PEER_NAMES = ['alice', 'bob', 'carol'] as const

/** The plugin runs at a pace that people can watch. */
const FEE_MANAGER = {
  minPpm: 10,
  maxPpm: 2_000,
  halfLifeSeconds: 5,
  minChangePercent: 3,
  minIntervalSeconds: 15,
  reviewSeconds: 30,
}

const BLOCK_SECONDS = 10
const PAYMENT_SECONDS = 2

interface Devnet {
  readonly own: RunningNode
  readonly us: KnownNode
  readonly peers: readonly NodeProcess[]
  readonly chain: DevChain
  readonly hasPlugin: boolean
}

/** Runs our node on an embedded chain, with peers around it in processes of their own, until it is told to stop. */
export const startDevnet = async (options: StartOptions): Promise<number> => {
  const { json } = options
  const configured = devnetConfig(options, process.env)
  if (!configured.ok) return tellFailure(configured.error, json)
  // The usual ports of a development network were not asked for by anybody: if they are taken, any others will do.
  const ports = await checkPorts(configured.value, {
    listen: (options.listen ?? process.env.FULGURITE_LISTEN) === undefined,
    api: (options.api ?? process.env.FULGURITE_API) === undefined,
  })
  if (!ports.ok) return tellFailure(ports.error, json)
  const config = ports.value
  const opened = await openDataFolder(
    config,
    systemRng,
    passphraseSource(process.env, options.seedPassphraseFile, (question) => askSecretly(question)),
  )
  if (!opened.ok) return tellFailure(opened.error, json)
  const folder = opened.value
  const stop = stopRequest(() => folder.log.flush())
  const cleanup = new Cleanup()
  let isAbandoned = false
  cleanup.add(() => (isAbandoned ? folder.abandon() : folder.close()))
  const terminal = json ? undefined : stdoutTerminal()
  const setup = setUp(config, folder, stop, cleanup, terminal).then(
    (devnet) => ({ devnet }),
    (error: unknown) => ({ failure: startFailureOf(error, folder.path) }),
  )
  const outcome = await Promise.race([setup, stop.asked])
  let exitCode = 0
  if (typeof outcome === 'object') {
    if ('failure' in outcome) {
      folder.log.error('devnet.start-failed', failureFields(outcome.failure))
      isAbandoned = true
      exitCode = tellFailure(outcome.failure, json)
    } else {
      liven(outcome.devnet, cleanup, terminal)
      await stop.asked
    }
  }
  terminal?.line(terminal.dim('stopping …'))
  await cleanup.run()
  stop.release()
  return exitCode
}

const setUp = async (
  config: NodeConfig,
  folder: DataFolder,
  stop: StopRequest,
  cleanup: Cleanup,
  terminal: Terminal | undefined,
): Promise<Devnet> => {
  const startedAt = performance.now()
  const chain = await openDevChain(config.data)
  cleanup.add(() => chain.close())
  // The peers' processes load while we load what a node is made of.
  const starting = PEER_NAMES.map((name) =>
    startNodeProcess({ name, data: join(config.data, 'peers', name), chain, logLevel: config.logLevel }),
  )
  cleanup.add(async () => {
    const started = await Promise.allSettled(starting)
    await Promise.all(started.map((peer) => (peer.status === 'fulfilled' ? peer.value.stop() : undefined)))
  })
  // Whoever waits for them gets the error; until then it must not count as an unhandled rejection.
  for (const peer of starting) peer.catch(() => {})
  const [{ runNode }, { devchainBackend }, { devHandlers }] = await Promise.all([
    import('../running-node.ts'),
    import('../../chain/devchain/devchain-backend.ts'),
    import('./dev-handlers.ts'),
  ])
  const running = await runNode({
    config,
    folder,
    backend: devchainBackend(chain.chain),
    backendName: 'devchain',
    clock: systemClock,
    rng: systemRng,
    onStopAsked: () => stop.ask('command'),
    join: (gateway) => gateway.join('dev', devHandlers(chain.chain, gateway)),
  })
  if (!running.ok) throw new FailureError(running.error)
  const own = running.value
  cleanup.add(() => own.stop())
  tellWarnings(own.warnings)
  const { nodeId, listen } = own.places
  const us: KnownNode = { name: 'us', nodeId, listen, client: devnetClient(config.data) }
  cleanup.add(() => us.client.close())
  const peers = await Promise.all(starting)
  await Promise.all(peers.map(({ nodeId, name }) => us.client.ask('peers', 'rename', { nodeId, name })))
  const planned = plan(us, peers)
  const [hasPlugin] = await Promise.all([tryFeeManager(us.client), joinUp(chain, planned)])
  await untilUsable(chain, [us, ...peers])
  const devnet = { own, us, peers, chain, hasPlugin }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (terminal === undefined) process.stdout.write(`${JSON.stringify(placesOf(devnet))}\n`)
  else tellWelcome(terminal, { places: own.places, peers, home: homeFolder(), seconds, hasPlugin })
  return devnet
}

// If the node cannot run plugins, it runs without them.
const tryFeeManager = (client: DevnetClient): Promise<boolean> =>
  installFeeManager(client, FEE_MANAGER).catch((error: unknown) => {
    if (!(error instanceof FailureError)) throw error
    tellWarnings([`the fee-manager plugin is not there: ${explain(error.failure).message}`])
    return false
  })

/** Alice reaches the others only through us, so what she pays and receives passes through us. */
const plan = (us: KnownNode, [alice, bob, carol]: readonly KnownNode[]): readonly PlannedChannel[] => {
  if (alice === undefined || bob === undefined || carol === undefined) return []
  return [
    { from: alice, to: us, fundingSat: 5_000_000n, pushMsat: 2_500_000_000n },
    { from: us, to: bob, fundingSat: 5_000_000n, pushMsat: 2_500_000_000n },
    { from: us, to: carol, fundingSat: 4_000_000n, pushMsat: 2_000_000_000n },
    { from: bob, to: carol, fundingSat: 3_000_000n, pushMsat: 1_500_000_000n },
  ]
}

const joinUp = async (chain: DevChain, planned: readonly PlannedChannel[]): Promise<void> => {
  const missing = await missingChannels(planned)
  await Promise.all([connectPeers(planned), fundWallets(chain, missing)])
  await openChannels(chain, missing)
}

const liven = ({ own, us, peers, chain }: Devnet, cleanup: Cleanup, terminal: Terminal | undefined): void => {
  chain.mineEvery(seconds('FULGURITE_DEVNET_BLOCK_SECONDS', BLOCK_SECONDS) * 1000)
  const [alice, bob, carol] = peers
  if (alice === undefined || bob === undefined || carol === undefined) return
  const view = terminal && showEvents({ events: own.events, nodes: [us, ...peers], terminal })
  if (view !== undefined) cleanup.add(view.stop)
  let stopping = false
  cleanup.add(() => {
    stopping = true
  })
  for (const peer of peers) {
    void peer.ended.then((how) => {
      if (!stopping) view?.note(`${peer.name} has ended: ${how}; its log: ${peer.places.log}`)
    })
  }
  cleanup.add(
    startTraffic({
      pairs: [
        { nodes: [alice, bob], weight: 3 },
        { nodes: [alice, carol], weight: 3 },
        { nodes: [us, alice], weight: 1 },
        { nodes: [us, bob], weight: 1 },
        { nodes: [us, carol], weight: 1 },
        { nodes: [bob, carol], weight: 1 },
      ],
      intervalMs: seconds('FULGURITE_DEVNET_PAYMENT_SECONDS', PAYMENT_SECONDS) * 1000,
      clock: systemClock,
      rng: systemRng,
      onFailed: (from, to, reason) => {
        // Our own failures are already events of ours.
        if (from !== us) view?.note(`${from.name} could not pay ${to.name}: ${reason}`)
      },
    }),
  )
}

const seconds = (name: string, otherwise: number): number => {
  const given = Number(process.env[name])
  return Number.isFinite(given) && given > 0 ? given : otherwise
}

const placesOf = ({ own, peers, chain }: Devnet): object => ({
  ...own.places,
  peers: peers.map(({ name, pid, places }) => ({ name, pid, ...places })),
  bitcoindRpc: { url: chain.rpcUrl, cookie: chain.cookiePath },
})
