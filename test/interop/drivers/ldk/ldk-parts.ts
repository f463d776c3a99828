import * as ldk from 'lightningdevkit'
import { decodeBlock } from '../../../../core/src/bitcoin/block.ts'
import type { LdkBlock, LdkChain } from './ldk-chain.ts'
import { userConfig } from './ldk-config.ts'
import { type LdkSockets, ldkSockets } from './ldk-sockets.ts'
import type { LdkWallet } from './ldk-wallet.ts'

/** What an LDK node keeps when it stops. */
export interface LdkState {
  readonly manager: Uint8Array
  readonly monitors: readonly Uint8Array[]
}

/** One life of an LDK node. */
export interface LdkParts {
  readonly graph: ldk.NetworkGraph
  readonly manager: ldk.ChannelManager
  readonly monitor: ldk.ChainMonitor
  readonly peers: ldk.PeerManager
  readonly keys: ldk.KeysManager
  readonly bumper: ldk.BumpTransactionEventHandler
  readonly sockets: LdkSockets
  connectBlock(block: LdkBlock): void
  save(): LdkState
  /** A channel's monitor as it was written last. */
  saved(funding: ldk.OutPoint): Uint8Array
  /** Has a monitor as it was written once publish its commitment. Returns what is to be done for it. */
  publishFrom(monitor: Uint8Array): readonly ldk.Event[]
}

export interface LdkPartsOptions {
  readonly chain: LdkChain
  readonly seed: Uint8Array
  readonly wallet: LdkWallet
  /** How many lives there were before: each must draw other keys for new channels. */
  readonly lives: number
  /** What the last life has kept. */
  readonly state?: LdkState
  feerate(): number
  log(line: string): void
  /** Called whenever LDK was given something to work on. */
  pump(): void
}

export const assembleLdk = (options: LdkPartsOptions): LdkParts => {
  const { chain, seed, wallet, lives, state, pump } = options
  const logger = ldk.Logger.new_impl({
    log: (record) => options.log(`${record.get_module_path()}:${record.get_line()} ${record.get_args()}`),
  })
  const feeEstimator = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => options.feerate() })
  const broadcaster = ldk.BroadcasterInterface.new_impl({
    broadcast_transactions: (txs) => chain.broadcast(txs.map((tx) => Uint8Array.from(tx))),
  })
  /** By funding outpoint, as LDK writes it down. */
  const monitors = new Map<string, Uint8Array>()
  const completed = ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  const persist = (outpoint: ldk.OutPoint, monitor: ldk.ChannelMonitor): ldk.ChannelMonitorUpdateStatus => {
    monitors.set(nameOf(outpoint), Uint8Array.from(monitor.write()))
    return completed
  }
  const persister = ldk.Persist.new_impl({
    persist_new_channel: persist,
    update_persisted_channel: (outpoint, _update, monitor) => persist(outpoint, monitor),
    archive_persisted_channel: (outpoint) => void monitors.delete(nameOf(outpoint)),
  })
  const monitor = ldk.ChainMonitor.constructor_new(
    ldk.Option_FilterZ.constructor_none(),
    broadcaster,
    logger,
    feeEstimator,
    persister,
  )
  const keys = ldk.KeysManager.constructor_new(seed, 42n, 42 + lives)
  const network = ldk.Network.LDKNetwork_Regtest
  const graph = ldk.NetworkGraph.constructor_new(network, logger)
  const scorer = ldk.ProbabilisticScorer.constructor_new(
    ldk.ProbabilisticScoringDecayParameters.constructor_default(),
    graph,
    logger,
  )
  const entropy = keys.as_EntropySource()
  const signer = keys.as_NodeSigner()
  const signers = keys.as_SignerProvider()
  const router = ldk.DefaultRouter.constructor_new(
    graph,
    logger,
    entropy,
    ldk.MultiThreadedLockableScore.constructor_new(scorer.as_Score()).as_LockableScore(),
    ldk.ProbabilisticScoringFeeParameters.constructor_default(),
  ).as_Router()
  const messageRouter = ldk.DefaultMessageRouter.constructor_new(graph, entropy).as_MessageRouter()
  const now = Math.floor(Date.now() / 1000)

  const readMonitor = (bytes: Uint8Array): ldk.ChannelMonitor => {
    const read = ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelMonitorZ_read(bytes, entropy, signers)
    if (!(read instanceof ldk.Result_C2Tuple_ThirtyTwoBytesChannelMonitorZDecodeErrorZ_OK))
      throw new Error('LDK cannot read its monitor')
    return read.res.get_b()
  }
  const fresh = (): ldk.ChannelManager =>
    ldk.ChannelManager.constructor_new(
      feeEstimator,
      monitor.as_Watch(),
      broadcaster,
      router,
      messageRouter,
      logger,
      entropy,
      signer,
      signers,
      userConfig(),
      ldk.ChainParameters.constructor_new(network, ldk.BestBlock.constructor_new(chain.tip.hash, chain.tip.height)),
      now,
    )
  const restored = (kept: LdkState): ldk.ChannelManager => {
    const known = kept.monitors.map(readMonitor)
    const read = ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelManagerZ_read(
      kept.manager,
      entropy,
      signer,
      signers,
      feeEstimator,
      monitor.as_Watch(),
      broadcaster,
      router,
      messageRouter,
      logger,
      userConfig(),
      known,
    )
    if (!(read instanceof ldk.Result_C2Tuple_ThirtyTwoBytesChannelManagerZDecodeErrorZ_OK))
      throw new Error('LDK cannot read its manager')
    for (const each of known) {
      const watched = monitor.as_Watch().watch_channel(each.get_funding_txo().get_a(), each)
      if (!(watched instanceof ldk.Result_ChannelMonitorUpdateStatusNoneZ_OK))
        throw new Error('LDK does not watch its channel')
    }
    return read.res.get_b()
  }
  const manager = state === undefined ? fresh() : restored(state)

  const ignorer = ldk.IgnoringMessageHandler.constructor_new()
  const messenger = ldk.OnionMessenger.constructor_new(
    entropy,
    signer,
    logger,
    manager.as_NodeIdLookUp(),
    messageRouter,
    manager.as_OffersMessageHandler(),
    ignorer.as_AsyncPaymentsMessageHandler(),
    ignorer.as_DNSResolverMessageHandler(),
    ignorer.as_CustomOnionMessageHandler(),
  )
  const peers = ldk.PeerManager.constructor_new(
    manager.as_ChannelMessageHandler(),
    ldk.P2PGossipSync.constructor_new(
      graph,
      ldk.Option_UtxoLookupZ.constructor_none(),
      logger,
    ).as_RoutingMessageHandler(),
    messenger.as_OnionMessageHandler(),
    ignorer.as_CustomMessageHandler(),
    now,
    entropy.get_secure_random_bytes(),
    logger,
    signer,
  )
  const bumper = ldk.BumpTransactionEventHandler.constructor_new(
    broadcaster,
    ldk.Wallet.constructor_new(wallet.source, logger).as_CoinSelectionSource(),
    signers,
    logger,
  )
  return {
    graph,
    manager,
    monitor,
    peers,
    keys,
    bumper,
    sockets: ldkSockets(peers, pump),
    connectBlock({ height, bytes }) {
      const block = decodeBlock(bytes)
      if (block.ok) for (const tx of block.value.txs) wallet.confirmed(tx)
      manager.as_Listen().block_connected(bytes, height)
      monitor.as_Listen().block_connected(bytes, height)
    },
    saved(funding) {
      const bytes = monitors.get(nameOf(funding))
      if (bytes === undefined) throw new Error('LDK has not kept this channel')
      return bytes
    },
    publishFrom(bytes) {
      const old = readMonitor(bytes)
      old.broadcast_latest_holder_commitment_txn(broadcaster, feeEstimator, logger)
      const events: ldk.Event[] = []
      const handler = ldk.EventHandler.new_impl({
        handle_event(event) {
          events.push(event)
          return ldk.Result_NoneReplayEventZ.constructor_ok()
        },
      })
      old.process_pending_events(handler, logger)
      return events
    },
    save: () => ({ manager: Uint8Array.from(manager.write()), monitors: [...monitors.values()] }),
  }
}

const nameOf = (outpoint: ldk.OutPoint): string => Buffer.from(outpoint.write()).toString('hex')
