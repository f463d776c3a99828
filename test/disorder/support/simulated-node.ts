import type { ActorName, OperationName, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { Tx } from '../../../core/src/bitcoin/transaction.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { concat, toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import type { Clock } from '../../../core/src/lib/clock.ts'
import type { VirtualClock } from '../../../core/src/lib/clock-virtual.ts'
import type { Result } from '../../../core/src/lib/result.ts'
import { type Rng, seededRng } from '../../../core/src/lib/rng.ts'
import { keyTree } from '../../../core/src/node/keys/key-tree.ts'
import { type FulguriteNode, startNode } from '../../../core/src/node/node.ts'
import type { NodeLog } from '../../../core/src/node/node-log.ts'
import type { NodeOptions } from '../../../core/src/node/node-options.ts'
import type { ConfiguredPeer } from '../../../core/src/node/peer/address-book.ts'
import { restoredMark } from '../../../core/src/node/storage/restored-mark.ts'
import type { TrampolinePolicy } from '../../../core/src/payment/trampoline/trampoline-protocol.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { Deaths } from './deaths.ts'
import { ForwardGuard } from './forward-guard.ts'
import { SimulatedDisk, SimulatedStore } from './simulated-disk.ts'
import type { Place, SimulatedNet } from './simulated-net.ts'

const REGTEST = NETWORKS.regtest

/** Shorter than usual: most blocks of a simulation only pass for it. */
export const DELAY = 240

/** After so many more commits, and before or after the last of them is on the disk, the process dies. */
export interface Death {
  readonly when: 'before' | 'after'
  readonly commits: number
  /** After which it is started again. */
  readonly downMs: number
}

/** What the nodes of one simulation have in common. */
export interface Ground {
  readonly clock: VirtualClock
  readonly chain: Devchain
  readonly net: SimulatedNet
  readonly rng: Rng
  /** How long the disk takes for the next commit. */
  diskMs(): number
  /** Called for every transaction that a node hands to the network, before it is taken. */
  onBroadcast(node: SimulatedNode, txs: readonly Tx[]): void
  readonly log: NodeLog
  /** Counts at which commits nodes die. */
  readonly deaths: Deaths
  /** By every node for every peer. */
  readonly areChannelsUnconfirmed: boolean
  readonly areScriptsUpfront: boolean
  /** Where each node hears of the network, and how it searches it: it takes no part in it if absent. */
  readonly inNetwork?: Pick<NodeOptions, 'gossip' | 'pathSearch'>
  /** What every node asks for as a trampoline node; none is one if absent. */
  readonly trampoline?: TrampolinePolicy
  /** A process dies at one of its commits. */
  onDeath?(node: SimulatedNode): void
  fault(message: string): void
}

/** One process's life: what it does after its death reaches nobody. */
interface Life {
  isAlive: boolean
  readonly store: SimulatedStore
  node: FulguriteNode | undefined
  stopFollowing: () => void
}

/** A whole node on a simulated disk, chain, clock and network, which dies when it is told to. */
export class SimulatedNode implements Place {
  readonly name: string
  readonly host: string
  readonly nodeId: Uint8Array
  readonly seed: Uint8Array
  readonly peers: ConfiguredPeer[] = []
  /** Of all whom it has a channel with. */
  peerIds: readonly string[] = []
  /** Whom each of its lives asks whether an HTLC goes on. */
  readonly guard: ForwardGuard
  disk = new SimulatedDisk()
  feerate = 1_000
  lives = 0
  readonly #ground: Ground
  #life: Life | undefined
  #death: Death | undefined
  #keys = 0
  #commits = 0

  constructor(ground: Ground, name: string, host: string) {
    this.#ground = ground
    this.name = name
    this.host = host
    this.guard = new ForwardGuard(ground.clock)
    const half = sha256(utf8Encode(`disorder ${name}`))
    this.seed = concat(half, sha256(half))
    this.nodeId = secp256k1.publicKey(keyTree(this.seed, REGTEST).nodeKey)
  }

  get id(): string {
    return toHex(this.nodeId)
  }

  /** Whether its process runs, be it that it is still starting. */
  get isAlive(): boolean {
    return this.#life !== undefined
  }

  /** Whether it has started. */
  get isReady(): boolean {
    return this.#life?.node !== undefined
  }

  start(): void {
    if (this.#life !== undefined) return
    const ground = this.#ground
    const store = new SimulatedStore(this.disk, {
      write: (done) => void ground.clock.setTimer(ground.diskMs(), done),
      diesBefore: () => this.#mayDie('before'),
      diesAfter: () => this.#mayDie('after'),
    })
    const life: Life = { isAlive: true, store, node: undefined, stopFollowing: () => {} }
    this.#life = life
    this.lives += 1
    const backend = this.#backend(life)
    life.stopFollowing = () => void backend.stop()
    const started = startNode({
      network: REGTEST,
      seed: this.seed,
      store,
      backend: guarded(backend, life),
      backendName: 'devchain',
      clock: clockOf(ground.clock, life),
      rng: seededRng(ground.rng.below(0x7fffffff)),
      log: ground.log,
      version: 'test',
      listen: { host: this.host, port: 0 },
      transport: ground.net.transportOf(this, () => life.isAlive),
      peers: this.peers,
      ...ground.inNetwork,
      choices: {
        toSelfDelay: DELAY,
        ...(ground.areChannelsUnconfirmed && { zeroConfPeers: this.peerIds }),
        ...(ground.trampoline && { trampoline: ground.trampoline }),
      },
      onFatal: (error) => ground.fault(`${this.name} ended by itself: ${String(error)}`),
      onStopAsked() {},
    })
    started.then(
      (node) => {
        if (!life.isAlive) return
        if (node.ok) this.#runs(life, node.value)
        else ground.fault(`${this.name} did not start: ${node.error.code}`)
      },
      (error: unknown) => {
        if (life.isAlive) ground.fault(`${this.name} did not start: ${(error as Error).stack}`)
      },
    )
  }

  #runs(life: Life, node: FulguriteNode): void {
    life.node = node
    const accept = { type: 'accept', upfrontShutdown: true } as const
    const openings = this.#ground.areScriptsUpfront ? [{ by: 'operator', verdict: accept }] : []
    node.gateway.hooks.register({
      wants: (name) => name === 'htlc.forward' && this.guard.isAsked,
      ask: async (name) => (name === 'htlc.forward' ? await this.guard.answer() : openings) as never,
    })
  }

  /** Its disk is lost, and a backup of it is put in its place. */
  restore(backup: SimulatedDisk): void {
    this.die()
    this.disk = backup.copy()
    const { table, key, value } = restoredMark
    this.disk.table(table).set(keyName(key), { key, value: value as Uint8Array })
    this.start()
  }

  /** It will die at that commit. */
  dieAt(death: Death): void {
    this.#death = death
  }

  /** It will not. */
  forgive(): void {
    this.#death = undefined
  }

  die(): void {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    this.#death = undefined
    life.isAlive = false
    life.store.die()
    life.stopFollowing()
    this.#ground.net.died(this.host)
  }

  #mayDie(when: Death['when']): boolean {
    if (when === 'before') this.#commits += 1
    const death = this.#death
    if (death === undefined || death.when !== when) return false
    if (death.commits > 0) {
      this.#death = { ...death, commits: death.commits - 1 }
      return false
    }
    this.#ground.deaths.add(when, this.#commits)
    this.#ground.onDeath?.(this)
    this.die()
    this.#ground.clock.setTimer(death.downMs, () => this.start())
    return true
  }

  #backend(life: Life): ChainBackend {
    const ground = this.#ground
    const backend = devchainBackend(ground.chain)
    const told = (txs: readonly Tx[]): void => {
      if (life.isAlive) ground.onBroadcast(this, txs)
    }
    return {
      ...backend,
      estimateFeerate: () => this.feerate,
      broadcast: (tx) => {
        told([tx])
        return backend.broadcast(tx)
      },
      broadcastPackage: (txs) => {
        told(txs)
        return backend.broadcastPackage(txs)
      },
    }
  }

  /** `undefined` if it does not run. */
  tryAsk(
    actor: ActorName,
    operation: string,
    request: object,
    key = `${this.name}-${this.#keys++}`,
  ): Promise<Result<unknown, unknown>> | undefined {
    const context = { caller: { kind: 'operator' }, key } as const
    return this.#life?.node?.gateway.ask(actor, operation, request, context) as Promise<Result<unknown, unknown>>
  }

  /** Throws on a refusal, and if it does not run. */
  async ask<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
  ): Promise<ReplyOf<A, O>> {
    const answer = await this.tryAsk(actor, operation, request)
    if (answer?.ok !== true) throw new Error(`${this.name} ${actor}.${operation}: ${JSON.stringify(answer)}`)
    return answer.value as ReplyOf<A, O>
  }

  get node(): FulguriteNode {
    const node = this.#life?.node
    if (node === undefined) throw new Error(`${this.name} is not running`)
    return node
  }

  get store(): SimulatedStore {
    if (this.#life === undefined) throw new Error(`${this.name} is not running`)
    return this.#life.store
  }
}

const clockOf = (clock: VirtualClock, life: Life): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  setTimer: (delayMs, fire) =>
    clock.setTimer(delayMs, () => {
      if (life.isAlive) fire()
    }),
})

/** Whoever is dead asks the chain nothing, and hears nothing of it. */
const guarded = (backend: ChainBackend, life: Life): ChainBackend => {
  const asked = <A extends readonly unknown[], R>(ask: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> =>
      new Promise((resolve, reject) => {
        if (!life.isAlive) return
        ask(...args).then(
          (answer) => life.isAlive && resolve(answer),
          (error: unknown) => life.isAlive && reject(error),
        )
      })
  }
  return {
    ...backend,
    start: asked(backend.start),
    stop: asked(backend.stop),
    getBlock: asked(backend.getBlock),
    broadcast: asked(backend.broadcast),
    broadcastPackage: asked(backend.broadcastPackage),
    getUtxo: asked(backend.getUtxo),
    mempoolSpend: asked(backend.mempoolSpend),
    mempoolSpenders: asked(backend.mempoolSpenders),
  }
}
