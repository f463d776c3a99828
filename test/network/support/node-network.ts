import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { logNormal } from '../../../core/src/graph/fixtures/seeded-graph.ts'
import { USABLE } from '../../../core/src/graph/snapshot.ts'
import { type VirtualClock, virtualClock } from '../../../core/src/lib/clock-virtual.ts'
import { type Rng, seededRng } from '../../../core/src/lib/rng.ts'
import type { NodeLog } from '../../../core/src/node/node-log.ts'
import type { PathSources } from '../../../core/src/node/routing/path-thread.ts'
import { Deaths } from '../../disorder/support/deaths.ts'
import { SimulatedNet } from '../../disorder/support/simulated-net.ts'
import { SimulatedNode } from '../../disorder/support/simulated-node.ts'
import { Balances } from './balances.ts'
import type { Edge } from './max-flow.ts'
import { type SearchName, searchHere } from './path-search.ts'

/** A channel between two nodes, by their numbers. The first has opened it. */
export interface NetworkChannel {
  readonly ends: readonly [number, number]
  readonly capacitySat: bigint
  channelId: string
}

export interface NetworkShape {
  readonly nodes: number
  readonly channels: number
  readonly seed: number
  readonly search: SearchName
}

/** For what a wallet keeps back, and for the fees of its openings. */
const SPARE_SAT = 200_000n
/** Openings that are under way at the same time. */
const AT_ONCE = 6
/** How long a payment may take: no HTLC of it is stuck, as nobody dies. */
const PATIENCE_MS = 600_000

/** Whole nodes in one process, on one chain, with announced channels: everything but disks and wires is real, and time is virtual. */
export class NodeNetwork {
  readonly clock: VirtualClock = virtualClock()
  readonly chain: Devchain
  readonly nodes: readonly SimulatedNode[]
  readonly channels: readonly NetworkChannel[]
  readonly rng: Rng
  /** What was logged as an error. */
  readonly faults: string[] = []
  /** By node: what it has earned by relaying, by its own events. */
  readonly earnedMsat: bigint[]
  /** What each node knows of the network. */
  readonly #graphs: PathSources[] = []
  readonly #balances = new Balances()
  #stirs = 0

  constructor({ nodes, channels, seed, search }: NetworkShape) {
    const rng = seededRng(seed)
    this.rng = rng
    this.chain = Devchain.open({ clock: this.clock, initialBlocks: 110 })
    this.earnedMsat = Array.from({ length: nodes }, () => 0n)
    const searching = searchHere(search)
    const ground = {
      clock: this.clock,
      chain: this.chain,
      net: new SimulatedNet({
        clock: this.clock,
        latencyMs: () => 1 + rng.below(20),
        hidden: [],
        onSent: () => {
          this.#stirs += 1
        },
      }),
      rng,
      diskMs: () => {
        this.#stirs += 1
        return rng.below(4)
      },
      onBroadcast: () => {
        this.#stirs += 1
      },
      log: this.#log(),
      deaths: new Deaths(),
      areChannelsUnconfirmed: false,
      areScriptsUpfront: false,
      inNetwork: {
        gossip: { threads: 0, passOnMs: 60_000, isBusy: () => false },
        pathSearch: (sources: PathSources) => {
          this.#graphs.push(sources)
          return searching(sources)
        },
      },
      fault: (message: string) => void this.faults.push(message),
    }
    this.nodes = Array.from({ length: nodes }, (_, at) => new SimulatedNode(ground, `node ${at}`, `10.0.${at}.1`))
    this.channels = drawChannels(rng, nodes, channels)
  }

  #log(): NodeLog {
    const ignored = (): void => {}
    return {
      debug: ignored,
      info: ignored,
      warn: ignored,
      error: (event, fields) => void this.faults.push(`${event} ${JSON.stringify(fields)}`),
    }
  }

  /** Lets everything happen that can happen now. */
  readonly #settle = async (): Promise<void> => {
    for (;;) {
      const before = this.#stirs
      await turn()
      await turn()
      if (this.#stirs === before) return
    }
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, this.#settle)
  }

  /** Time passes until the answer is there. */
  async result<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = promise.finally(() => {
      isOver = true
    })
    over.catch(() => {})
    for (let waited = 0; !isOver; waited += 10) {
      if (waited > PATIENCE_MS) throw new Error('no answer comes')
      await this.advance(10)
    }
    return await promise
  }

  async #until(holds: () => boolean, what: string, stepMs: number, steps: number): Promise<void> {
    for (let step = 0; !holds(); step++) {
      if (step > steps) throw new Error(`waited in vain until ${what}`)
      await this.advance(stepMs)
    }
  }

  /** Starts the nodes, opens the channels, and lets everybody learn of them and of what is asked for in them. */
  async begin(): Promise<void> {
    for (const { ends } of this.channels) {
      const [opener, other] = [this.node(ends[0]), this.node(ends[1])]
      opener.peers.push({ nodeId: other.nodeId, address: { host: other.host, port: 9735 } })
    }
    for (const node of this.nodes) node.start()
    await this.#until(() => this.nodes.every(({ isReady }) => isReady), 'the nodes have started', 100, 600)
    for (const [at, node] of this.nodes.entries()) {
      node.node.gateway.events.subscribe({ names: ['payment.relayed'] }, ({ text }) => {
        const { payload } = JSON.parse(text) as { readonly payload: { readonly feeMsat: string } }
        this.earnedMsat[at] = (this.earnedMsat[at] as bigint) + BigInt(payload.feeMsat)
      })
    }
    await this.#fund()
    for (let at = 0; at < this.channels.length; at += AT_ONCE) {
      await this.result(Promise.all(this.channels.slice(at, at + AT_ONCE).map((channel) => this.#open(channel))))
    }
    await this.mine(6)
    await this.advance(5_000)
    await this.result(Promise.all(this.channels.map((channel) => this.#setFees(channel))))
    // Each passes on once a minute what it has heard.
    await this.#until(() => this.#areAllTold(), 'everybody knows all channels', 60_000, 60)
    // What is asked for now was said a minute after what was asked for first.
    await this.advance(300_000)
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'))
  }

  /** A coin for each channel that a node opens, and one to spare. */
  async #fund(): Promise<void> {
    const outputs: { readonly amount: bigint; readonly script: Uint8Array }[] = []
    for (const [at, node] of this.nodes.entries()) {
      const { address } = await this.result(node.ask('wallet', 'newAddress', {}))
      const script = addressToScript(address, NETWORKS.regtest)
      if (!script.ok) throw new Error('our own address')
      const opened = this.channels.filter(({ ends }) => ends[0] === at)
      for (const sat of [0n, ...opened.map(({ capacitySat }) => capacitySat)])
        outputs.push({ amount: sat + SPARE_SAT, script: script.value })
    }
    const funded = this.chain.fund(outputs)
    if (!funded.ok) throw new Error(funded.error.code)
    this.chain.mine(1)
    await this.advance(5_000)
  }

  async #open(channel: NetworkChannel): Promise<void> {
    const { ends, capacitySat } = channel
    const pushMsat = (capacitySat * BigInt(50 + this.rng.below(901))) & ~1n
    const opened = await this.node(ends[0]).ask('channels', 'open', {
      nodeId: this.node(ends[1]).id,
      fundingSat: capacitySat,
      pushMsat,
      announce: true,
    })
    channel.channelId = opened.channelId
  }

  async #setFees({ ends, channelId }: NetworkChannel): Promise<void> {
    for (const end of ends) {
      await this.node(end).ask('channels', 'setRelayFees', {
        channelId,
        feeBaseMsat: BigInt(this.rng.below(2) * 1_000),
        feeProportionalMillionths: Math.min(Math.round(logNormal(this.rng, 150, 1)), 3_000),
      })
    }
  }

  /** Whether every node's graph has both directions of every channel. */
  #areAllTold(): boolean {
    return this.#graphs.every((graph) => {
      const { policies } = graph.snapshot()
      return policies.flags.reduce((sum, flags) => sum + (flags & USABLE), 0) === 2 * USABLE * this.channels.length
    })
  }

  node(at: number): SimulatedNode {
    return this.nodes[at] as SimulatedNode
  }

  async mine(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) {
      this.chain.mine(1)
      await this.advance(1_000)
    }
  }

  /** Both sides of every channel, in the order of `channels`. */
  balances(): readonly (readonly [mine: bigint, theirs: bigint])[] {
    return this.#sides(({ localMsat }) => localMsat)
  }

  /** What each node can send over each of its channels now. */
  edges(): readonly Edge[] {
    const spendable = this.#sides(({ spendableMsat }) => spendableMsat)
    return this.channels.flatMap(({ ends: [a, b] }, at) => {
      const [first, second] = spendable[at] as readonly [bigint, bigint]
      return [
        { from: a, to: b, msat: Number(first) },
        { from: b, to: a, msat: Number(second) },
      ]
    })
  }

  /** HTLCs that are in some commitment. */
  htlcs(): number {
    return this.nodes.reduce(
      (sum, { disk }) => sum + this.#balances.of(disk).reduce((all, { htlcs }) => all + htlcs, 0),
      0,
    )
  }

  #sides<T>(what: (balance: ReturnType<Balances['of']>[number]) => T): readonly (readonly [T, T])[] {
    const held = this.nodes.map(
      ({ disk }) => new Map(this.#balances.of(disk).map((balance) => [balance.channelId, what(balance)])),
    )
    return this.channels.map(({ ends: [a, b], channelId }) => [
      held[a]?.get(channelId) as T,
      held[b]?.get(channelId) as T,
    ])
  }

  /** One pays another by an invoice. */
  async pay(from: number, to: number, amountMsat: bigint): Promise<PaidInvoice> {
    const { invoice } = await this.result(this.node(to).ask('invoices', 'create', { amountMsat, description: '' }))
    const asked = this.node(from).tryAsk('payments', 'payInvoice', {
      invoice: invoice.invoice,
      maxFeeMsat: amountMsat / 20n + 10_000n,
    })
    await this.result(asked as NonNullable<typeof asked>)
    // A payment with parts that wait at the payee for others ends after the question about it.
    for (let waited = 0; waited < PATIENCE_MS; waited += 1_000) {
      const asked = this.node(from).ask('payments', 'get', { paymentHash: invoice.paymentHash })
      const { payment } = await this.result(asked)
      if (payment.status !== 'in-flight') return payment
      await this.advance(1_000)
    }
    throw new Error(`payment ${invoice.paymentHash} does not end`)
  }

  /** The processes end. */
  end(): void {
    for (const node of this.nodes) node.die()
    this.chain.close()
  }
}

export type PaidInvoice = ReplyOf<'payments', 'payInvoice'>['payment']

/** As the public network grows: new nodes prefer well-connected ones, and capacities are log-normal. */
const drawChannels = (rng: Rng, nodes: number, count: number): readonly NetworkChannel[] => {
  const drawn: NetworkChannel[] = []
  /** Each node as often as it has channels. */
  const places = [0]
  const connect = (a: number, b: number): void => {
    if (a === b) return
    const capacitySat = BigInt(Math.round(Math.min(Math.max(logNormal(rng, 2_000_000, 1.2), 100_000), 16_000_000)))
    drawn.push({ ends: [a, b], capacitySat, channelId: '' })
    places.push(a, b)
  }
  const popular = (): number => places[rng.below(places.length)] as number
  for (let node = 1; node < nodes; node++) connect(node, popular())
  while (drawn.length < count) connect(rng.below(3) === 0 ? rng.below(nodes) : popular(), popular())
  return drawn
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
