import { type ActorSystem, createActorSystem } from '../actor/actor-system.ts'
import { displayBlockHash } from '../bitcoin/block.ts'
import { chainWatcher } from '../chain/watcher.ts'
import { toHex } from '../lib/bytes.ts'
import { type Failure, stackOf } from '../lib/errors.ts'
import { pacer } from '../lib/pace.ts'
import { ok, type Result } from '../lib/result.ts'
import {
  formatFeatures,
  GOSSIP_FEATURES,
  KEYSEND_FEATURES,
  MESSAGE_FEATURES,
  OUR_FEATURES,
  TRAMPOLINE_FEATURES,
} from '../wire/features.ts'
import { writeAddresses } from '../wire/write-node-address.ts'
import { openChannelBackups } from './backup/channel-backups.ts'
import type { ChannelsRestorer } from './backup/restore-channels.ts'
import { takeUpRestored } from './backup/take-up-restored.ts'
import { Broadcaster } from './chain/broadcaster.ts'
import { chainCursor } from './chain/chain-cursor.ts'
import { ChainHealth } from './chain/chain-health.ts'
import { ChainSight } from './chain/chain-sight.ts'
import { currentHeight } from './chain/current-height.ts'
import { followedFeerate, needsEstimates, nodeFeerates } from './chain/feerates.ts'
import { ChannelDirectory } from './channel/channel-directory.ts'
import { moveHtlcRows, readChannels } from './channel/channel-rows.ts'
import type { ChannelServices } from './channel/channel-services.ts'
import { createChannels } from './channel/channels.ts'
import { updateCommitmentFees } from './channel/commitment-fees.ts'
import { updateHtlcMaximums } from './channel/htlc-maximum.ts'
import { keyIndexes, readIndexesOfBefore, readKeyIndexFloor } from './channel/key-indexes.ts'
import { openingDecisions } from './channel/opening-decisions.ts'
import { forgetPastHtlcs } from './channel/past-htlcs.ts'
import { ShutdownScripts } from './channel/shutdown-scripts.ts'
import { MessageRooms } from './connection/message-rooms.ts'
import { archivedInvoiceRecord, archivedPaymentRecord } from './contract-mapping/archive-records.ts'
import { Gateway } from './contract-mapping/gateway.ts'
import { InvoiceReader } from './contract-mapping/invoice-reader.ts'
import { joinHandlers } from './contract-mapping/join-handlers.ts'
import { KeyedCommands } from './contract-mapping/keyed-commands.ts'
import { moveCommandRows } from './contract-mapping/move-command-rows.ts'
import { ChannelBooks } from './events/channel-books.ts'
import { EventLog } from './events/event-log.ts'
import { PeerEvents } from './events/peer-events.ts'
import { NodeGossip, ROOM_TYPES } from './gossip/node-gossip.ts'
import { keyTree } from './keys/key-tree.ts'
import { localSigner } from './keys/signer.ts'
import { logReport } from './log-report.ts'
import { type NodeOptions, withoutSeed } from './node-options.ts'
import { OfferIssuer } from './offers/offer-issuer.ts'
import { OfferPayer } from './offers/offer-payer.ts'
import { OfferPayments } from './offers/offer-payments.ts'
import { OwnOffers } from './offers/own-offers.ts'
import { OwnRefunds } from './offers/own-refunds.ts'
import { recallInvoice } from './offers/recall-invoice.ts'
import { RefundClaimer } from './offers/refund-claimer.ts'
import { RefundPayer } from './offers/refund-payer.ts'
import { ONION_MESSAGE_TYPES } from './onion-messages/message-room.ts'
import { OnionMessages } from './onion-messages/onion-messages.ts'
import { moveInvoiceIndex } from './payment/invoice-index.ts'
import { findPayment, payToEnd } from './payment/payment-end.ts'
import { PaymentFlow } from './payment/payment-flow.ts'
import { movePaymentIndex } from './payment/payment-index.ts'
import { PeerRelays } from './payment/peer-relays.ts'
import { gossipLines } from './peer/gossip-lines.ts'
import { KeptBlobs } from './peer/kept-blobs.ts'
import { Partners } from './peer/partners.ts'
import { PeerDirectory } from './peer/peer-directory.ts'
import { PeerManager } from './peer/peer-manager.ts'
import { PeerNames } from './peer/peer-names.ts'
import { formatAddress } from './peer/socket-address.ts'
import { UNUSED_GOSSIP } from './peer/unused-gossip.ts'
import { forceCloseReserve } from './publishing/force-close-reserve.ts'
import { Publisher } from './publishing/publisher.ts'
import { ARCHIVED_EVENTS } from './retention/event-rows.ts'
import { KeptRows } from './retention/kept-rows.ts'
import { NetworkGraph } from './routing/network-graph.ts'
import {
  channelSettings,
  DEFAULT_CHOICES,
  EVENTS_KEPT,
  MAX_PENDING_OPENINGS_PER_PEER,
  MAX_UNCONFIRMED_IN_ALL,
  MAX_UNCONFIRMED_PER_PEER,
  type NodeChoices,
} from './settings.ts'
import { logUnreadable } from './storage/read-row.ts'
import { rowsMoved } from './storage/rows-moved.ts'
import { openWallet } from './wallet/open-wallet.ts'
import { releaseForgotten } from './wallet/release-forgotten.ts'
import { Rescan } from './wallet/rescan.ts'
import { SharedWallet } from './wallet/shared-wallet.ts'

export interface FulguriteNode {
  readonly gateway: Gateway
  readonly nodeId: Uint8Array
  /** Where peers can connect, if anywhere. */
  readonly port?: number
  stop(): Promise<void>
}

export type NodeStartFailure = Failure & { readonly cause?: string }

type NodeSystem = ActorSystem<{ readonly type: string }>

/** Builds a node on an open store and a chain backend, and starts it: when it returns, the node is fully at work. */
export interface StartNodeOptions extends NodeOptions {
  /** Waited for before peers are connected, for example the plugins that decide about what peers propose. */
  readonly beforePeers?: (gateway: Gateway, events: EventLog) => Promise<void>
}

/** A node that takes no part in the network's gossip announces no channel. */
const keptQuiet = (choices: NodeChoices): NodeChoices =>
  choices.announcedOpenings === 'announce' ? { ...choices, announcedOpenings: 'refuse' } : choices

export const startNode = async (options: StartNodeOptions): Promise<Result<FulguriteNode, NodeStartFailure>> => {
  const { store, clock, rng, log, network, backend } = options
  const system: NodeSystem = createActorSystem({ clock, rng })
  let isStopping = false
  system.reports.subscribe((report) => logReport(log, report, isStopping))

  const keys = keyTree(options.seed, network)
  const signer = localSigner(keys)
  const choices = { ...DEFAULT_CHOICES, ...options.choices }
  const isQuiet = options.gossip === undefined
  const features = {
    ...OUR_FEATURES,
    ...(isQuiet ? {} : GOSSIP_FEATURES),
    ...(choices.onionMessages === 'off' ? {} : MESSAGE_FEATURES),
    ...(choices.acceptKeysend ? KEYSEND_FEATURES : {}),
    ...(choices.trampoline === undefined ? {} : TRAMPOLINE_FEATURES),
  }
  const settings = channelSettings(network, isQuiet ? keptQuiet(choices) : choices, features)
  const archived = options.retention === undefined ? new Set<never>() : ARCHIVED_EVENTS
  const moved = rowsMoved(clock, (rows) => {
    log.info('store.rows-moved', { rows })
    options.onRowsMoved?.(rows)
  })
  const events = await EventLog.open({
    store,
    clock,
    keep: EVENTS_KEPT,
    archived,
    onUnreadable: (sequence) => log.error('event.unreadable', { sequence }),
    moved,
  })
  const cursor = await chainCursor(store, ({ height, hash }) =>
    events.announce('chain.block', { blockHeight: height, blockHash: displayBlockHash(hash) }),
  )
  const watcher = chainWatcher({ backend, cursor, onFailed: options.onFatal })
  const height = currentHeight(watcher, backend)
  const broadcaster = new Broadcaster(backend, watcher, log)
  const channelDirectory = new ChannelDirectory()
  const opened = await openWallet({
    store,
    keys,
    bitcoind: options.bitcoindWallet,
    network,
    clock,
    rng,
    watcher,
    broadcaster,
    events,
    anchorReserve: (moreChannels) => forceCloseReserve(channelDirectory.atOurCost + moreChannels),
  })
  const { wallet } = opened
  const { bitcoindWallet: bitcoind } = options
  const shared = bitcoind && new SharedWallet({ ...opened, bitcoind, watcher, tip: () => backend.tip(), clock, log })
  const onUnreadable = logUnreadable(log)
  const books = await ChannelBooks.open({ store, clock, events, log, onUnreadable })
  const rescan = await Rescan.open({ store, wallet, backend, watcher, height, clock, events, log, onUnreadable })
  const feerates = nodeFeerates(backend, choices)
  const sight = new ChainSight({ backend, watcher, clock })
  const partners = new Partners(channelDirectory)
  const peerEvents = new PeerEvents({ events, clock, isPartner: (nodeId) => partners.has(nodeId) })
  const chainHealth = new ChainHealth({ backend, watcher, clock, events, log, needsEstimates: needsEstimates(network) })
  const peerDirectory = new PeerDirectory()
  await moveCommandRows(store, moved)
  const keyed = new KeyedCommands(store, clock)
  const gateway = new Gateway({ events, keyed, clock, log })

  const graph = new NetworkGraph({ system, rng, store, clock, log, onUnreadable, search: options.pathSearch })
  const peerRelays = await PeerRelays.open({ store, clock, channelDirectory, onUnreadable })
  const owner = { secret: keys.offerSecret, nodeId: signer.nodeId }
  const ownOffers = await OwnOffers.open(store, clock, onUnreadable)
  const ownRefunds = await OwnRefunds.open(store, clock, onUnreadable)
  const flow = new PaymentFlow({
    gateway,
    peerRelays,
    mostOfPeer: choices.mostOfPeer,
    graph,
    store,
    clock,
    rng,
    events,
    peerEvents,
    channelDirectory,
    settings,
    trampoline: choices.trampoline,
    announcedEnd: (id, direction) => gossip?.endOf(id, direction),
    signer,
    acceptsKeysend: choices.acceptKeysend,
    nodeKey: keys.nodeKey,
    height,
    watchHeight: (handler) => watcher.watchHeight(handler),
    chainHealth,
    log,
    onUnreadable,
    recallInvoice: recallInvoice(owner.secret, ownOffers),
    begun: (key) => keyed.begun(key),
  })
  await moveHtlcRows(store, moved)
  await movePaymentIndex(store, moved)
  await moveInvoiceIndex(store, moved)
  const stored = await takeUpRestored(store, await readChannels(store, clock), log)
  releaseForgotten(wallet, stored)
  const indexes = keyIndexes(stored, await readKeyIndexFloor(store), await readIndexesOfBefore(store))
  const scripts = new ShutdownScripts(wallet)
  const publisher = await Publisher.open({
    store,
    watcher,
    backend,
    broadcaster,
    wallet,
    events,
    log,
    height,
    onUnreadable,
  })
  const backups = await openChannelBackups({
    places: options.staticBackup,
    key: keys.backupKey,
    chainHash: network.chainHash,
    name: `fulgurite-${network.name}-${toHex(signer.nodeId).slice(0, 8)}`,
    clock,
    rng,
    log,
    channelDirectory,
    addressesOf: (nodeId) => peers.knownAddresses(nodeId).map(formatAddress),
    onRenewed: () => peers.offerStorage(),
  })
  let gossip: NodeGossip | undefined
  const services: ChannelServices = {
    store,
    clock,
    log,
    signer,
    directory: channelDirectory,
    events,
    peerEvents,
    watcher,
    sight,
    mempoolSpend: (outpoint) => backend.mempoolSpend(outpoint),
    kept: backups.keeper,
    fundedAt: async (outpoint) => (await backend.getUtxo(outpoint))?.height,
    wallet,
    scripts,
    broadcaster,
    publisher,
    settings,
    height,
    feerates,
    forward: (effect) => flow.forward(effect),
    settled: (settled) => flow.settled(settled),
    announced: (announcement) => gossip?.announced(announcement),
    decide: openingDecisions({
      gateway,
      signer,
      scripts,
      indexes,
      rng,
      channelDirectory,
      settings,
      chainHealth,
      zeroConfPeers: new Set(choices.zeroConfPeers),
      log,
    }),
  }
  const channels = createChannels(system, services)

  // Everything on the disk is loaded and matched up before the chain moves or any peer is connected.
  const pace = pacer(clock)
  for (const state of stored) {
    if (state.durable.phase === 'closed') {
      publisher.forget(state.durable.channelId)
      await forgetPastHtlcs(store, state.durable.channelId)
    } else channels.restore(state)
    await pace()
  }
  await flow.start(system)

  const started = await watcher.start()
  if (!started.ok) {
    isStopping = true
    await shared?.stop()
    await system.stop()
    return started
  }
  if (options.gossip !== undefined) {
    gossip = new NodeGossip({
      ...options.gossip,
      system,
      clock,
      log,
      backend,
      chainHash: network.chainHash,
      height,
      sink: graph.builder,
      directory: channelDirectory,
      signer,
      onFatal: options.onFatal,
      self: {
        nodeId: signer.nodeId,
        features: formatFeatures(features, 'node'),
        alias: choices.alias ?? toHex(signer.nodeId).slice(0, 20),
        rgbColor: choices.rgbColor,
        addresses: writeAddresses(choices.announcedAddresses),
      },
    })
    gossip.start(watcher)
  }
  await shared?.start()
  chainHealth.start()
  sight.start()
  rescan.start()
  const keptBlobs = await KeptBlobs.open({
    store,
    clock,
    channelDirectory,
    isPartner: (nodeId) => partners.has(nodeId),
  })
  watcher.watchHeight((height) => keptBlobs.block(height))
  const restorer: ChannelsRestorer = {
    store,
    log,
    channelDirectory,
    channels,
    signer,
    indexes,
    scripts,
    height,
    wanted: (nodeId, addresses) => peers.wanted(nodeId, addresses),
  }
  const rooms = new MessageRooms()
  if (gossip === undefined) rooms.register(UNUSED_GOSSIP, 'no-use')
  else rooms.register(ROOM_TYPES, gossip)
  const messages =
    choices.onionMessages === 'off'
      ? undefined
      : new OnionMessages({
          clock,
          rng,
          log,
          nodeId: signer.nodeId,
          nodeKey: keys.nodeKey,
          relaying: choices.onionMessages,
          directory: channelDirectory,
          gossip,
          isPartner: (nodeId) => partners.has(nodeId),
          knownAddresses: (nodeId) => peers.knownAddresses(nodeId),
          connect: (nodeId, address) => peers.connect(nodeId, address),
        })
  if (messages !== undefined) rooms.register(ONION_MESSAGE_TYPES, messages.room)
  const issuer =
    messages &&
    new OfferIssuer({
      clock,
      rng,
      chainHash: network.chainHash,
      owner,
      nodeKey: keys.nodeKey,
      offers: ownOffers,
      messages,
      paymentPaths: (asked) => flow.paymentPaths(asked),
    })
  const bolt12 = { clock, rng, chainHash: network.chainHash, owner }
  const refundPayer =
    messages &&
    new RefundPayer({
      ...bolt12,
      refunds: ownRefunds,
      messages,
      recipientPaths: (paths) => flow.recipientPaths(paths),
      isBlind: () => chainHealth.blindness() !== undefined,
      find: (paymentHash) => findPayment(store, paymentHash),
      pay: (request) => payToEnd(flow.payments, request),
    })
  messages?.onReceived(async (message) => {
    issuer?.take(message)
    await refundPayer?.take(message)
  })
  const peers: PeerManager = new PeerManager(system, {
    kept: keptBlobs,
    listeners: [...(gossip === undefined ? [] : [gossipLines(gossip, clock)]), ...(messages ? [messages.lines] : [])],
    blob: () => backups.keeper.blob(),
    configured: options.peers ?? [],
    store,
    clock,
    rng,
    log,
    nodeId: signer.nodeId,
    connection: { privateKey: keys.nodeKey, features, chainHash: network.chainHash, clock, rng, rooms },
    services: {
      log,
      rooms,
      gossip,
      channels,
      channelDirectory,
      peerDirectory,
      events,
      peerEvents,
      storage: { kept: keptBlobs, returned: (blob) => void backups.takeBack(blob, restorer) },
      maxPendingOpenings: MAX_PENDING_OPENINGS_PER_PEER,
      maxUnconfirmed: MAX_UNCONFIRMED_PER_PEER,
      maxUnconfirmedInAll: MAX_UNCONFIRMED_IN_ALL,
    },
    ...(options.traffic === undefined ? {} : { traffic: options.traffic }),
    ...(options.transport === undefined ? {} : { transport: options.transport }),
  })
  const kept =
    options.retention === undefined
      ? undefined
      : await KeptRows.open({
          choices: options.retention,
          store,
          clock,
          events,
          log,
          channelDirectory,
          payments: flow.payments,
          receiver: flow.receiver,
          height,
          describe: { payment: archivedPaymentRecord, invoice: archivedInvoiceRecord },
        })
  updateCommitmentFees({ watcher, channelDirectory, feerate: followedFeerate({ backend, network, feerates }) })
  const stopMaximums = updateHtlcMaximums({ watcher, channelDirectory, settings, clock })
  joinHandlers(gateway, {
    options: withoutSeed(options),
    watcher,
    signer,
    settings,
    events,
    wallet,
    broadcaster,
    publisher,
    rescan,
    shared,
    chainHealth,
    feerates,
    channelDirectory,
    peerDirectory,
    peers,
    peerNames: await PeerNames.open(store),
    flow,
    graph,
    indexes,
    scripts,
    backups,
    restorer,
    startedAt: clock.now(),
    height,
    invoices: new InvoiceReader(network.name),
    offers: {
      owner,
      own: ownOffers,
      payments: new OfferPayments(store),
      ...(issuer && { issuer }),
      ...(messages && { payer: new OfferPayer({ ...bolt12, messages }) }),
      refunds: {
        own: ownRefunds,
        ...(refundPayer && { payer: refundPayer }),
        ...(messages && {
          claimer: new RefundClaimer({ ...bolt12, messages, paymentPaths: (asked) => flow.paymentPaths(asked) }),
        }),
      },
    },
    onUnreadable,
    kept,
    gossip,
    books,
    peerRelays,
  })
  await options.beforePeers?.(gateway, events)
  const listening = options.listen === undefined ? undefined : await peers.listen(options.listen)
  const stop = async (): Promise<void> => {
    await kept?.stop()
    await backups.keeper.stop()
    isStopping = true
    // The listener is closed once its connections are, and those end with the peers' actors.
    const listenerClosed = peers.stop()
    await system.stop()
    await listenerClosed
    await rescan.stop()
    await shared?.stop()
    chainHealth.stop()
    sight.stop()
    stopMaximums()
    peerEvents.stop()
    await books.stop()
    messages?.stop()
    peerRelays.stop()
    await gossip?.stop()
    await graph.close()
    await watcher.stop()
    await store.flush()
  }
  if (listening?.ok === false) {
    await stop()
    return listening
  }
  refundPayer?.resume().catch((thrown: unknown) => log.error('refund.bug', { error: stackOf(thrown) }))
  flow.connecting()
  await peers.start()
  backups.keeper.start()
  kept?.start()
  void graph.load()
  return ok({
    gateway,
    nodeId: signer.nodeId,
    ...(listening === undefined ? {} : { port: listening.value }),
    stop,
  })
}
