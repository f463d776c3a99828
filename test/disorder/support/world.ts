import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { formatOutPoint, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { latest } from '../../../core/src/channel/commitments/commitments.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { type VirtualClock, virtualClock } from '../../../core/src/lib/clock-virtual.ts'
import { type Rng, seededRng } from '../../../core/src/lib/rng.ts'
import type { NodeLog } from '../../../core/src/node/node-log.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { searchHere } from '../../network/support/path-search.ts'
import type { Action, Pay, Strand } from './actions.ts'
import { Cheats } from './cheats.ts'
import { Closers } from './closers.ts'
import { type Counts, NOTHING } from './counts.ts'
import { Deaths } from './deaths.ts'
import { Endings, spentBy } from './endings.ts'
import { Holds } from './holds.ts'
import { JointClaims } from './joint-claims.ts'
import { Paying } from './paying.ts'
import { HandedIn, reorganise } from './reorganise.ts'
import { Resolutions } from './resolutions.ts'
import { Secrets } from './secrets.ts'
import { SimulatedNet } from './simulated-net.ts'
import { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'
import type { Terrain } from './terrain.ts'
import { UndoneFates } from './undone-fates.ts'

const REGTEST = NETWORKS.regtest
/** What each wallet begins with, and in how many coins: it needs several for claims at the same time. */
const RICH = { sat: 3_000_000n, coins: 6 }
/** Enough for its channel, and for a transaction or two. */
const POOR = { sat: 1_050_000n, coins: 2 }
const CAPACITY_SAT = 1_000_000n
/** Fifty times the least rate. */
const SPIKE = 12_650
/** An address of none of the nodes. */
const NOBODY = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const NOBODY_SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'
/** A node that is down longer could miss a deadline by its own fault. */
const MAX_BLOCKS_DOWN = 3
/** What pays the nodes their coins is spendable at the end of any reorganisation, too. */
const INITIAL_BLOCKS = 210
/** What the nodes ask for where they are trampoline nodes. */
const TRAMPOLINE_TERMS = { feeBaseMsat: 1_000n, feeProportionalMillionths: 100, cltvExpiryDelta: 144 }
/**
 * No HTLC that is under way lasts longer, with what a payer adds to its expiry (BOLT 7, recommendations for routing), and with the blocks that
 * a trampoline node gets.
 */
export const LAST_EXPIRY = 1_000
/** After so many blocks more than that, whatever a close leaves to a node is due. */
const LAST_DELAY = 1_000
/** Enough for an opening, a death on the way, and the start after it. */
const OPENING_MS = 20_000
/** A small network does not wait a minute before it passes on what is new. */
const IN_NETWORK = { gossip: { threads: 0, passOnMs: 15_000, isBusy: () => false }, pathSearch: searchHere('flow') }
/** Enough for everybody to hear of all channels. */
const HEARD_OF_MS = 60_000
/** Enough for what a block sets off. */
const BLOCK_MS = 300

export interface Link {
  readonly a: SimulatedNode
  readonly b: SimulatedNode
  channelId: string
}

/** Nodes in a row, each with a channel to the next, or in a web; and everything that can happen to them. */
export class World {
  readonly clock: VirtualClock = virtualClock()
  readonly chain: Devchain
  readonly net: SimulatedNet
  readonly nodes: readonly SimulatedNode[]
  readonly links: readonly Link[]
  readonly endings: Endings
  readonly paying: Paying
  readonly holds = new Holds(this)
  readonly faults: string[] = []
  /** Incoming HTLCs that are not there any more although the node has paid what it relayed them for, by channel and id, or channel alone. */
  readonly paidTooLate: string[] = []
  /** Channels with an HTLC that waits for its deadline: who offered it further has gone back to a backup, and cannot know what became of it. */
  readonly untold = new Set<string>()
  /** What of this world's chain belongs to whom: the first to hand a transaction in. */
  readonly broadcastBy = new Map<string, SimulatedNode>()
  readonly handedIn = new HandedIn()
  readonly secrets = new Secrets()
  readonly resolutions = new Resolutions()
  readonly closers = new Closers()
  readonly cheats = new Cheats(this)
  readonly joint = new JointClaims()
  readonly undoneFates = new UndoneFates()
  readonly trace: string[] = []
  readonly counts: Counts = { ...NOTHING }
  /** Who pays for the commitments on these outputs. */
  readonly funders = new Map<string, SimulatedNode>()
  /** What each node was given when its channels were opened, less what it gave. */
  readonly pushedTo = new Map<SimulatedNode, bigint>()
  readonly terrain: Terrain
  /** Nodes that have gone back to a backup: their records are not whole. */
  readonly restored = new Set<SimulatedNode>()
  readonly #rng: Rng
  #stirs = 0
  #spikeBlocks = 0
  #blocksDown = new Map<SimulatedNode, number>()
  /**
   * A wallet with one small coin is empty after the first of several HTLC transactions, and says so: the others are lost. So who has spent
   * what it has takes no part in a strand.
   */
  readonly #hasSpent = new Set<SimulatedNode>()
  readonly #isStranded = new Set<SimulatedNode>()
  /** Who goes silent to whom as soon as it would show a preimage. */
  readonly #secretive = new Map<string, () => void>()

  constructor(seed: number, terrain: Terrain, deaths = new Deaths()) {
    this.terrain = terrain
    this.#rng = seededRng(seed)
    const rng = this.#rng
    this.chain = Devchain.open({ clock: this.clock, initialBlocks: INITIAL_BLOCKS })
    this.net = new SimulatedNet({
      clock: this.clock,
      latencyMs: () => 1 + rng.below(20),
      hidden: terrain.closes === 'legacy' ? ['option_simple_close'] : [],
      onSent: (from, to, message) => {
        this.#stirs += 1
        this.secrets.sent(from, message)
        this.resolutions.sent(from, message)
        this.closers.sent(from, message)
        if (message.type === 'update_fulfill_htlc') this.#secretive.get(`${from}>${to}`)?.()
        if (this.traces) this.trace.push(`${this.#now} ${from}>${to} ${message.type}`)
      },
    })
    const log: NodeLog = {
      debug() {},
      info: (event, fields) => this.#log('info', event, fields),
      warn: (event, fields) => this.#log('warn', event, fields),
      error: (event, fields) => {
        this.#log('error', event, fields)
        if (event === 'payment.htlc-paid-too-late') {
          this.paidTooLate.push(String(fields?.incoming ?? fields?.channel))
          return
        }
        // A channel that was lost after the backup tells nothing of what was relayed into it (ADR 32).
        if (event === 'payment.htlc-outcome-unknown' && this.restored.size > 0) {
          this.untold.add(String(fields?.channel))
          return
        }
        this.faults.push(`an error was logged: ${event} ${JSON.stringify(fields)}`)
      },
    }
    const ground = {
      clock: this.clock,
      chain: this.chain,
      net: this.net,
      rng,
      diskMs: () => {
        this.#stirs += 1
        return rng.below(8)
      },
      onBroadcast: (node: SimulatedNode, txs: readonly Tx[]) => this.#broadcast(node, txs),
      log,
      deaths,
      areChannelsUnconfirmed: terrain.channels === 'zero-conf',
      areScriptsUpfront: terrain.isUpfront,
      ...(terrain.web !== undefined && { inNetwork: IN_NETWORK }),
      ...(terrain.payments === 'all' && { trampoline: TRAMPOLINE_TERMS }),
      onDeath: ({ disk }: SimulatedNode) => {
        this.counts.relaysAtDeaths += disk.table(TABLE.relay).size
        this.counts.trampolineRelaysAtDeaths += disk.table(TABLE.trampolineRelay).size
        this.counts.heldAtDeaths += this.holds.heldOn(disk)
      },
      fault: (message: string) => void this.faults.push(message),
    }
    this.nodes = ['alice', 'bob', 'carol', 'dave']
      .slice(0, terrain.nodes)
      .map((name, at) => new SimulatedNode(ground, name, `10.0.${at}.1`))
    this.paying = new Paying({ nodes: this.nodes, isWeb: terrain.web !== undefined })
    this.endings = new Endings(this.nodes, this.restored)
    const row = this.nodes.slice(1).map((_, at) => [at, at + 1] as const)
    this.links = (terrain.web ?? row).map(([a, b]) => ({
      a: this.nodes[a] as SimulatedNode,
      b: this.nodes[b] as SimulatedNode,
      channelId: '',
    }))
    for (const { a, b } of this.links) {
      if (b.peerIds.includes(a.id)) continue
      a.peers.push({ nodeId: b.nodeId, address: { host: b.host, port: 9735 } })
      b.peerIds = [...b.peerIds, a.id]
    }
  }

  traces = false

  /** What each wallet begins with. */
  get fundedSat(): bigint {
    return this.#purse.sat
  }

  get #purse(): typeof RICH {
    return this.terrain.isPoor ? POOR : RICH
  }

  get #now(): string {
    return `[${this.clock.monotonic()} @${this.chain.tip.height}]`
  }

  #log(level: string, event: string, fields: object | undefined): void {
    if (this.traces) this.trace.push(`${this.#now} ${level} ${event} ${JSON.stringify(fields ?? {})}`)
  }

  note(line: string): void {
    if (this.traces) this.trace.push(`${this.#now} ${line}`)
  }

  #broadcast(node: SimulatedNode, txs: readonly Tx[]): void {
    this.#stirs += 1
    for (const tx of txs) {
      const txid = toHex(txidOf(tx))
      const first = this.broadcastBy.get(txid) ?? node
      this.broadcastBy.set(txid, first)
      this.handedIn.add(tx)
      this.joint.handedIn(node, tx)
      if (spentBy(tx).some((name) => this.funders.has(name))) this.endings.handedIn(tx)
      // What another has handed in first is not the node's own: who is cheated wants the cheater's commitment mined, too.
      // Who has gone back to a backup cannot know that what a copy of it has published is revoked.
      const isOfCopy = this.restored.has(node) && this.cheats.havePublished(txid)
      const peers = this.restored.has(node) ? this.nodes.filter((other) => other !== node) : undefined
      const fault = first === node && !isOfCopy ? this.secrets.broadcast(node, tx, peers) : undefined
      if (fault !== undefined) this.faults.push(fault)
    }
  }

  /** Lets everything happen that can happen now. */
  readonly settle = async (): Promise<void> => {
    for (;;) {
      const before = this.#stirs
      await turn()
      await turn()
      if (this.#stirs === before) return
    }
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, this.settle)
  }

  /** Time passes until it holds. */
  async until(holds: () => boolean | Promise<boolean>, what: string, patienceMs = 900_000): Promise<void> {
    const end = this.clock.monotonic() + patienceMs
    await this.settle()
    while (!(await this.result(Promise.resolve(holds())))) {
      if (this.clock.monotonic() > end) throw new Error(`waited in vain until ${what}`)
      await this.advance(100)
    }
  }

  /** Time passes until the answer is there. */
  async result<T>(promise: Promise<T>): Promise<T> {
    let answer: { readonly value: T } | undefined
    let failed: { readonly error: unknown } | undefined
    promise.then(
      (value) => {
        answer = { value }
      },
      (error: unknown) => {
        failed = { error }
      },
    )
    for (let waited = 0; ; waited++) {
      await this.settle()
      if (failed !== undefined) throw (failed as { readonly error: unknown }).error
      if (answer !== undefined) return answer.value
      if (waited > 20_000) throw new Error('no answer comes')
      await this.advance(10)
    }
  }

  async begin(): Promise<void> {
    const { early } = this.terrain
    if (early !== undefined) this.nodes[early.node % this.nodes.length]?.dieAt({ ...early, downMs: 1_000 })
    for (const node of this.nodes) node.start()
    await this.until(() => this.nodes.every(({ isReady }) => isReady), 'the nodes have started')
    for (const node of this.nodes) {
      const script = addressToScript(await this.#addressOf(node), REGTEST)
      if (!script.ok) throw new Error('our own address')
      const { sat, coins } = this.#purse
      const amount = sat / BigInt(coins)
      const funded = this.chain.fund(Array.from({ length: coins }, () => ({ amount, script: script.value })))
      if (!funded.ok) throw new Error(funded.error.code)
    }
    await this.mine(1)
    for (const link of this.links) await this.#open(link)
    await this.mine(6)
    await this.until(() => this.#allUsable(), 'the channels are usable')
    if (this.terrain.web !== undefined) await this.advance(HEARD_OF_MS)
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'))
  }

  /** Asked for until it is there: the node may die on the way. */
  async #addressOf(node: SimulatedNode): Promise<string> {
    for (let tries = 0; tries < 5; tries++) {
      await this.until(() => node.isReady, 'the node runs')
      let address: string | undefined
      void node.tryAsk('wallet', 'newAddress', {})?.then((answer) => {
        if (answer.ok) address = (answer.value as ReplyOf<'wallet', 'newAddress'>).address
      })
      for (let waited = 0; node.isReady && address === undefined && waited < 100; waited++) await this.advance(10)
      if (address !== undefined) return address
    }
    throw new Error('a wallet gives no address')
  }

  /** Asks for the channel until it is there: a node may die on the way. */
  async #open(link: Link): Promise<void> {
    const { channels, web } = this.terrain
    for (let tries = 0; link.channelId === ''; tries++) {
      if (tries > 5) throw new Error('a channel cannot be opened')
      await this.until(() => this.#isConnected(link), 'the peers are connected')
      void link.a.tryAsk('channels', 'open', {
        nodeId: link.b.id,
        fundingSat: CAPACITY_SAT,
        pushMsat: (CAPACITY_SAT * 1000n) / 2n,
        ...(channels === 'hidden' ? { hiddenId: true } : {}),
        ...(channels === 'zero-conf' ? { zeroConf: true } : {}),
        ...(web !== undefined ? { announce: true } : {}),
      })
      await this.advance(OPENING_MS)
      for (const { durable } of storedChannels(link.a.disk)) {
        if (!isFunded(durable) || toHex(durable.params.remoteNodeId) !== link.b.id) continue
        const channelId = toHex(durable.params.channelId)
        if (this.links.some((other) => other.channelId === channelId)) continue
        link.channelId = channelId
        this.funders.set(formatOutPoint(latest(durable).localParams.fundingOutpoint), link.a)
        this.#give(link.a, -CAPACITY_SAT / 2n)
        this.#give(link.b, CAPACITY_SAT / 2n)
      }
    }
  }

  #give(node: SimulatedNode, sat: bigint): void {
    this.pushedTo.set(node, (this.pushedTo.get(node) ?? 0n) + sat)
  }

  /** The processes end. */
  end(): void {
    for (const node of this.nodes) {
      node.die()
      this.counts.relaysAskedAbout += node.guard.asked
    }
    this.chain.close()
  }

  async #isConnected({ a, b }: Link): Promise<boolean> {
    const answer = await a.tryAsk('peers', 'list', {})
    if (answer?.ok !== true) return false
    const { items } = answer.value as ReplyOf<'peers', 'list'>
    return items.some(({ nodeId, connected }) => nodeId === b.id && connected)
  }

  async #allUsable(): Promise<boolean> {
    for (const link of this.links) {
      for (const node of [link.a, link.b]) {
        const answer = await node.tryAsk('channels', 'get', { channelId: link.channelId })
        const channel =
          answer?.ok === true
            ? (answer.value as { channel: { state: string; remotePolicy?: object } }).channel
            : undefined
        if (channel?.state !== 'usable' || channel.remotePolicy === undefined) return false
      }
    }
    return true
  }

  /** One block after the other. Whoever is down comes back before it could miss a deadline. */
  async mine(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) {
      this.chain.mine(1)
      await this.#blockCame()
    }
  }

  async #blockCame(): Promise<void> {
    if (this.#spikeBlocks > 0 && --this.#spikeBlocks === 0) this.calm()
    this.cheats.mined()
    for (const node of this.nodes) {
      const down = node.isReady ? 0 : (this.#blocksDown.get(node) ?? 0) + 1
      this.#blocksDown.set(node, down)
      if (down >= MAX_BLOCKS_DOWN) node.start()
    }
    await this.advance(BLOCK_MS)
    this.holds.blockCame(this.nodes)
  }

  startAll(): void {
    for (const node of this.nodes) node.start()
  }

  /** Whether its records are whole, and its commitments the latest. */
  isHonest(node: SimulatedNode): boolean {
    return !this.restored.has(node) && !this.cheats.by.has(node)
  }

  /** Until a joint claim is made, if what is closing comes to one; its outputs may be due only long after the close. */
  async #untilJoint(): Promise<void> {
    const before = this.joint.made
    for (let mined = 0; mined < LAST_DELAY && this.#isClosing(); ) {
      const isSlow = mined < LAST_EXPIRY && this.#holdsHtlcs()
      const step = isSlow ? 20 : 60
      for (let at = 0; at < step; at += isSlow ? 1 : step) {
        if (isSlow) await this.mine(1)
        else {
          this.startAll()
          await this.mineAtOnce(step)
        }
        if (this.joint.made > before) return
      }
      mined += step
    }
  }

  /** Whether a channel has an HTLC whose deadline somebody may have to meet. */
  #holdsHtlcs(): boolean {
    return this.nodes.some(({ disk }) =>
      storedChannels(disk).some(
        ({ durable }) => isFunded(durable) && durable.htlcs.offered.length + durable.htlcs.received.length > 0,
      ),
    )
  }

  #isClosing(): boolean {
    return this.nodes.some(({ disk }) =>
      storedChannels(disk).some(({ durable }) => isFunded(durable) && durable.phase === 'closing'),
    )
  }

  /** Blocks that come at once: for when nobody has to do anything between them. */
  async mineAtOnce(blocks: number): Promise<void> {
    this.chain.mine(blocks)
    await this.advance(BLOCK_MS)
  }

  async apply(action: Action): Promise<void> {
    const link = 'link' in action ? (this.links[action.link % this.links.length] as Link) : undefined
    const side = link !== undefined && 'side' in action ? (action.side === 0 ? link.a : link.b) : undefined
    const node = 'node' in action ? this.nodes[action.node % this.nodes.length] : undefined
    this.cheats.remember()
    switch (action.do) {
      case 'pay':
        this.#pay(action)
        break
      case 'claim':
        this.paying.claimAgain(action.back)
        break
      case 'hold': {
        const [from, to] = this.#ends(action)
        const by = action.by === undefined ? undefined : this.paying.trampolineBetween(from, to, action.by)
        void this.holds.begin(from, to, BigInt(action.msat), action, by)
        break
      }
      case 'decide':
        this.holds.decide(action.back, action.is)
        break
      case 'approach':
        await this.holds.approach(action.back, action.left)
        break
      case 'guard':
        node?.guard.tell(action)
        break
      case 'strand':
        if (link === undefined || side === undefined || this.terrain.isPoor) break
        if (this.#hasSpent.has(link.a) || this.#hasSpent.has(link.b)) break
        this.#strand(side, side === link.a ? link.b : link.a, action)
        break
      case 'await-joint':
        await this.#untilJoint()
        break
      case 'wait':
        await this.advance(action.ms)
        break
      case 'cut':
        if (link !== undefined) this.net.cut(link.a.host, link.b.host)
        break
      case 'silence':
        if (link === undefined || side === undefined) break
        this.#silence(side, side === link.a ? link.b : link.a, action.ms)
        break
      case 'part':
        if (link === undefined) break
        this.net.bar(link.a.host, link.b.host, true)
        this.clock.setTimer(action.ms, () => this.net.bar(link.a.host, link.b.host, false))
        break
      case 'crash':
        node?.dieAt(action)
        break
      case 'mine':
        await this.mine(action.blocks)
        break
      case 'reorganise':
        // What is undone was mined at other fees.
        this.calm()
        for (const each of this.nodes)
          this.undoneFates.undoing(each, storedChannels(each.disk), this.chain.tip.height, action.depth)
        reorganise(this.chain, this, action, (line) => this.note(line))
        await this.#blockCame()
        break
      case 'feerate':
        if (node !== undefined) node.feerate = action.perKw
        break
      case 'cheat':
        if (link !== undefined && side !== undefined) this.cheats.cheat(side, link.channelId, action.permille)
        break
      case 'close':
        if (link === undefined || side === undefined) break
        void side.tryAsk('channels', action.isForced ? 'forceClose' : 'close', { channelId: link.channelId })
        break
      case 'hasten':
        void side?.tryAsk('channels', 'close', { channelId: link?.channelId, minFeerate: action.perKw })
        break
      case 'spike':
        this.#spike(action.blocks)
        break
      case 'spend':
        if (node === undefined || this.#isStranded.has(node)) break
        this.#hasSpent.add(node)
        void node.tryAsk('wallet', 'sendAll', { address: NOBODY })
        break
      case 'restore':
        if (node !== undefined) this.#restore(node, action.permille)
        break
    }
    await this.settle()
  }

  #spike(blocks: number): void {
    this.#spikeBlocks = blocks
    this.chain.setFees({ block: SPIKE, mempool: SPIKE })
    for (const node of this.nodes) node.feerate = SPIKE
  }

  calm(): void {
    this.#spikeBlocks = 0
    this.chain.setFees({ block: 0, mempool: 0 })
    for (const node of this.nodes) node.feerate = 1_000
  }

  /** Two who have both forgotten cannot tell each other what is the latest. */
  #restore(node: SimulatedNode, permille: number): void {
    const peers = this.links.flatMap(({ a, b }) => (a === node ? [b] : b === node ? [a] : []))
    const backup = this.cheats.pastOf(node, permille)
    if (backup === undefined || peers.some((peer) => this.restored.has(peer))) return
    this.restored.add(node)
    node.restore(backup)
  }

  /** Nobody goes silent any more. */
  unstrand(): void {
    this.#secretive.clear()
  }

  #silence(from: SimulatedNode, to: SimulatedNode, ms: number): void {
    this.net.silence(from.host, to.host, true)
    this.clock.setTimer(ms, () => this.net.silence(from.host, to.host, false))
  }

  /** What was paid can be paid back only on the chain, if that begins before the silence ends. */
  #strand(from: SimulatedNode, to: SimulatedNode, { payments, msat, finalDelta, ms }: Strand): void {
    const way = `${to.host}>${from.host}`
    for (const node of [from, to]) this.#isStranded.add(node)
    this.#secretive.set(way, () => {
      this.#secretive.delete(way)
      this.#silence(to, from, ms)
    })
    const terms = { minFinalCltvExpiryDelta: finalDelta }
    const all = Array.from({ length: payments }, (_, at) =>
      this.paying.invoice(from, to, BigInt(msat + at * 10_000), terms),
    )
    // All at once: the first preimage ends what can be agreed on.
    void Promise.all(all).then((invoices) => {
      for (const invoice of invoices) this.paying.pay(from, invoice)
    })
  }

  #ends({ from, to }: { readonly from: number; readonly to: number }): readonly [SimulatedNode, SimulatedNode] {
    const count = this.nodes.length
    const at = from % count
    return [this.nodes[at], this.nodes[(at + 1 + (to % (count - 1))) % count]] as [SimulatedNode, SimulatedNode]
  }

  #pay(action: Pay): void {
    const [from, to] = this.#ends(action)
    const msat = BigInt(action.msat)
    switch (action.way) {
      case 'keysend':
        this.paying.keysend(from, to, msat)
        break
      case 'offer':
        void this.paying.payOffer(from, to, msat)
        break
      case 'refund':
        void this.paying.refund(from, to, msat)
        break
      case 'trampoline':
      case undefined: {
        const by = action.way && this.paying.trampolineBetween(from, to, action.by ?? 0)
        void this.paying.invoice(from, to, msat, {}, by).then((invoice) => this.paying.pay(from, invoice, by))
        break
      }
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
