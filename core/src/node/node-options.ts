import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { Network } from '../bitcoin/network.ts'
import type { BitcoindWallet } from '../chain/bitcoind/bitcoind-wallet.ts'
import type { ChainBackend } from '../chain/chain-backend.ts'
import type { Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import type { Store } from '../store/store.ts'
import type { StaticBackupPlaces } from './backup/static-backup-keeper.ts'
import type { TrafficLimits } from './connection/traffic-limits.ts'
import type { Transport } from './connection/transport.ts'
import type { GossipPlace } from './gossip/node-gossip.ts'
import type { NodeLog } from './node-log.ts'
import type { ConfiguredPeer } from './peer/address-book.ts'
import type { SocketAddress } from './peer/socket-address.ts'
import type { RetentionChoices } from './retention/kept-rows.ts'
import type { StartPathSearch } from './routing/network-graph.ts'
import type { NodeChoices } from './settings.ts'

export interface NodeOptions {
  readonly network: Network
  /** 64 bytes (BIP 39). */
  readonly seed: Uint8Array
  readonly store: Store
  readonly backend: ChainBackend
  /** The wallet of bitcoind that the node's coins are in; they are under the seed's keys if absent. Chosen once for a store. */
  readonly bitcoindWallet?: BitcoindWallet
  /** The adapter's name, for `getinfo`. */
  readonly backendName: string
  readonly clock: Clock
  readonly rng: Rng
  readonly log: NodeLog
  readonly version: string
  /** Where to take connections; none if absent. */
  readonly listen?: SocketAddress
  /** What peers may ask of this node; the defaults if absent. */
  readonly traffic?: TrafficLimits
  /** How connections with peers come about: TCP if absent. */
  readonly transport?: Transport
  /** What the operator chose; the rest is as in `DEFAULT_CHOICES`. */
  readonly choices?: Partial<NodeChoices>
  /** For how long rows of what has ended are kept, and where they go then; for ever if absent. */
  readonly retention?: RetentionChoices
  /** Where static backups of the channels are kept; nowhere if absent. */
  readonly staticBackup?: StaticBackupPlaces
  /** Where the network's gossip is kept; the node takes no part in it if absent. */
  readonly gossip?: GossipPlace
  /** Who searches the network's graph for paths: a thread of its own if absent. */
  readonly pathSearch?: StartPathSearch
  /** Peers that the operator has named: the node knows where they are, and stays connected to them. */
  readonly peers?: readonly ConfiguredPeer[]
  /** What else `getinfo` should warn of. */
  readonly warnings?: () => readonly string[]
  /** Called every two seconds while the start moves rows that an earlier version has stored, with how many there were so far. */
  readonly onRowsMoved?: (rows: number) => void
  /** Called after a failure from which the node cannot continue: the process must end. */
  readonly onFatal: (error: unknown) => void
  /** Asked by `node.stop`. */
  readonly onStopAsked: () => void
  /** What confines the processes of plugins, once one was started. */
  readonly pluginWalls?: () => ReplyOf<'node', 'getInfo'>['pluginWalls']
}

/** The options for whoever needs no key. */
export type OptionsWithoutSeed = Omit<NodeOptions, 'seed'> & { readonly seed?: never }

export const withoutSeed = ({ seed: _, ...rest }: NodeOptions): OptionsWithoutSeed => rest
