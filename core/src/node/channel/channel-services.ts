import type { Tx } from '../../bitcoin/transaction.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type {
  AcceptCommand,
  AcceptQuestion,
  ChannelSettings,
  Feerates,
  ForwardEffect,
  RejectCommand,
  SettleEffect,
} from '../../channel/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId, OutPoint } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { ChannelAnnouncement } from '../../wire/messages/gossip.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { ChainSight } from '../chain/chain-sight.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import type { Signer } from '../keys/signer.ts'
import type { NodeLog } from '../node-log.ts'
import type { Publisher } from '../publishing/publisher.ts'
import type { ChannelDirectory } from './channel-directory.ts'
import type { ShutdownScripts } from './shutdown-scripts.ts'

/** A channel waits for none but itself. */
interface KeptChannels {
  /** Acts once the static backup holds the channel, and after what it has waiting. */
  whenKept(channelId: ChannelId, act: () => void): void
  /** Acts after what the channel has waiting. */
  inOrder(channelId: ChannelId, act: () => void): void
}

/** Everything outside its own state that a channel's actor can reach. */
export interface ChannelServices {
  readonly store: Store
  readonly clock: Clock
  readonly log: NodeLog
  readonly signer: Signer
  readonly directory: ChannelDirectory
  readonly events: EventLog
  readonly peerEvents: PeerEvents
  readonly watcher: ChainWatcher
  readonly sight: Pick<ChainSight, 'of'>
  /** What spends the output in the mempool, as far as the backend can tell. */
  mempoolSpend(outpoint: OutPoint): Promise<Tx | undefined>
  /** The block of an output that none of the best chain spends; `undefined` if there is no such output. Rejects where the backend does not answer. */
  fundedAt(outpoint: OutPoint): Promise<BlockHeight | undefined>
  /** What a channel releases waits, in order, where something of it needs the channel to be in the static backup. */
  readonly kept: KeptChannels
  readonly wallet: Wallet
  readonly scripts: ShutdownScripts
  readonly broadcaster: Broadcaster
  readonly publisher: Publisher
  readonly settings: ChannelSettings
  height(): BlockHeight
  feerates(): Feerates
  /** An incoming HTLC may be relayed or settled. */
  forward(effect: ForwardEffect): void
  /** An HTLC that we offered has its outcome: its origin deletes the outbox row with its own step. */
  settled(effect: SettleEffect): void
  /** Both sides have signed that the network may know of a channel. May repeat. */
  announced(announcement: ChannelAnnouncement): void
  /** Asks whoever decides about channels that peers propose. */
  decide(question: AcceptQuestion, open: OpenChannel): Promise<AcceptCommand | RejectCommand>
}
