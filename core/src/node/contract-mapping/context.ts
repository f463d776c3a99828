import type { ChainWatcher } from '../../chain/watcher.ts'
import type { ChannelSettings, Feerates } from '../../channel/index.ts'
import type { BlockHeight, TimestampMs } from '../../lib/units.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { ChannelBackups } from '../backup/channel-backups.ts'
import type { ChannelsRestorer } from '../backup/restore-channels.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { KeyIndexes } from '../channel/key-indexes.ts'
import type { ShutdownScripts } from '../channel/shutdown-scripts.ts'
import type { ChannelBooks } from '../events/channel-books.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeGossip } from '../gossip/node-gossip.ts'
import type { Signer } from '../keys/signer.ts'
import type { OptionsWithoutSeed } from '../node-options.ts'
import type { Offers } from '../offers/offers.ts'
import type { PaymentFlow } from '../payment/payment-flow.ts'
import type { PeerRelays } from '../payment/peer-relays.ts'
import type { PeerDirectory } from '../peer/peer-directory.ts'
import type { PeerManager } from '../peer/peer-manager.ts'
import type { PeerNames } from '../peer/peer-names.ts'
import type { Publisher } from '../publishing/publisher.ts'
import type { KeptRows } from '../retention/kept-rows.ts'
import type { NetworkGraph } from '../routing/network-graph.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import type { Rescan } from '../wallet/rescan.ts'
import type { SharedWallet } from '../wallet/shared-wallet.ts'
import type { InvoiceReader } from './invoice-reader.ts'

/** What the contract's handlers can reach. */
export interface MappingContext {
  readonly options: OptionsWithoutSeed
  readonly watcher: ChainWatcher
  readonly signer: Signer
  readonly settings: ChannelSettings
  readonly events: EventLog
  readonly wallet: Wallet
  readonly broadcaster: Broadcaster
  readonly publisher: Publisher
  readonly rescan: Rescan
  /** Where the wallet's keys are those of a wallet of bitcoind. */
  readonly shared: SharedWallet | undefined
  readonly chainHealth: ChainHealth
  readonly feerates: () => Feerates
  readonly channelDirectory: ChannelDirectory
  readonly peerDirectory: PeerDirectory
  readonly peers: PeerManager
  readonly peerNames: PeerNames
  readonly flow: PaymentFlow
  readonly graph: Pick<NetworkGraph, 'weights'>
  readonly indexes: KeyIndexes
  readonly scripts: ShutdownScripts
  readonly restorer: ChannelsRestorer
  readonly backups: ChannelBackups
  readonly startedAt: TimestampMs
  readonly height: () => BlockHeight
  readonly invoices: InvoiceReader
  readonly offers: Offers
  readonly onUnreadable: OnUnreadable
  /** Absent where the node takes no part in the network's gossip. */
  readonly gossip: NodeGossip | undefined
  /** What is kept, where the node has a place for an archive. */
  readonly kept: KeptRows | undefined
  readonly books: ChannelBooks
  readonly peerRelays: PeerRelays
}
