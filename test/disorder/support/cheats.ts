import { txidOf } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import type { SpecHtlc } from '../../../core/src/channel/commitment/commitment-spec.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { OutPoint, Preimage } from '../../../core/src/lib/ids.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { decodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import { BadCopy, COIN_SAT, COIN_SCRIPT } from '../../support/bad-copy.ts'
import type { Endings } from './endings.ts'
import type { HandedIn } from './reorganise.ts'
import type { Secrets } from './secrets.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'

/** Each HTLC transaction of a copy uses one. */
const COINS = 40

/** Where cheats take place. */
interface Scene {
  readonly nodes: readonly SimulatedNode[]
  readonly chain: Devchain
  readonly secrets: Secrets
  readonly broadcastBy: Map<string, SimulatedNode>
  readonly handedIn: HandedIn
  readonly endings: Endings
  readonly restored: ReadonlySet<SimulatedNode>
  note(line: string): void
}

/** Copies of nodes' data as they were, and what is done with them. */
export class Cheats {
  readonly #world: Scene
  readonly #past = new Map<SimulatedNode, SimulatedDisk[]>()
  readonly #copies: { readonly owner: SimulatedNode; readonly channelId: string; readonly copy: BadCopy }[] = []
  readonly #coins: OutPoint[] = []

  constructor(world: Scene) {
    this.#world = world
  }

  /** The nodes of which a copy has published what the node has revoked, before or after that. */
  get by(): ReadonlySet<SimulatedNode> {
    const bad = this.#copies.filter(({ owner, channelId, copy }) => this.#isRevoked(owner, channelId, copy))
    return new Set(bad.map(({ owner }) => owner))
  }

  /** Whether a copy has published this commitment. */
  havePublished(txid: string): boolean {
    return this.#copies.some(({ copy }) => toHex(copy.transaction.txid) === txid)
  }

  remember(): void {
    for (const node of this.#world.nodes) {
      const past = this.#past.get(node) ?? []
      past.push(node.disk.copy())
      this.#past.set(node, past)
    }
  }

  /** A copy of the node's disk, made at this part of its life so far. */
  pastOf(node: SimulatedNode, permille: number): SimulatedDisk | undefined {
    const past = this.#past.get(node) ?? []
    return past[Math.floor((past.length * permille) / 1000)]
  }

  cheat(owner: SimulatedNode, channelId: string, permille: number): void {
    const disk = this.pastOf(owner, permille)
    const [durable] = (disk === undefined ? [] : storedChannels(disk)).flatMap(({ durable }) =>
      isFunded(durable) && toHex(durable.params.channelId) === channelId ? [durable] : [],
    )
    if (durable === undefined) return
    const copy = new BadCopy(owner.seed, durable)
    const tx = copy.commitment()
    const { chain, broadcastBy, handedIn, endings } = this.#world
    const taken = chain.submitTx(tx)
    this.#world.note(
      `a copy of ${owner.name} publishes commitment ${copy.index}: ${taken.ok ? 'taken' : taken.error.code}`,
    )
    if (!taken.ok) return
    broadcastBy.set(toHex(txidOf(tx)), owner)
    handedIn.add(tx)
    endings.ofCopy(owner, durable)
    this.#copies.push({ owner, channelId, copy })
    this.#fillPurse()
  }

  /** Another block: copies publish what they can of their HTLC transactions. */
  mined(): void {
    const { chain, broadcastBy, handedIn } = this.#world
    for (const { owner, channelId, copy } of this.#copies) {
      if (this.#isForgotten(channelId)) continue
      const isRevoked = this.#isRevoked(owner, channelId, copy)
      const txs = copy.htlcTransactions(
        chain.tip.height,
        (htlc) => this.#preimageOf(htlc, isRevoked ? owner : undefined),
        () => this.#coins[0],
      )
      for (const tx of txs) {
        if (!chain.submitTx(tx).ok) continue
        this.#coins.shift()
        broadcastBy.set(toHex(txidOf(tx)), owner)
        handedIn.add(tx)
      }
    }
  }

  /**
   * Once its node and the peer have forgotten the channel, nobody is there to take what a copy's HTLC transaction brings. Who has gone back
   * to a backup may remember the channel for ever, and not the secret that it would punish with.
   */
  #isForgotten(channelId: string): boolean {
    const { nodes, restored } = this.#world
    const remembering = nodes.filter((node) => !restored.has(node)).flatMap(({ disk }) => storedChannels(disk))
    return !remembering.some(({ durable }) => isFunded(durable) && toHex(durable.params.channelId) === channelId)
  }

  #fillPurse(): void {
    if (this.#coins.length > 0) return
    const funded = this.#world.chain.fund(
      Array.from({ length: COINS }, () => ({ amount: COIN_SAT, script: COIN_SCRIPT })),
    )
    if (!funded.ok) throw new Error(funded.error.code)
    const txid = txidOf(funded.value)
    for (const [index, { script }] of funded.value.outputs.entries()) {
      if (toHex(script) === toHex(COIN_SCRIPT)) this.#coins.push({ txid, index })
    }
  }

  #isRevoked(owner: SimulatedNode, channelId: string, { index }: BadCopy): boolean {
    return index < this.#world.secrets.revokedBy(owner.host, channelId)
  }

  /** Those that their maker has shown, and all of the cheater's own: before it cheats, a node shows none that it does not know it has shown. */
  #preimageOf({ paymentHash }: SpecHtlc, cheater: SimulatedNode | undefined): Preimage | undefined {
    for (const node of this.#world.nodes) {
      const row = node.disk.table(TABLE.invoice).get(keyName(paymentHash))
      const invoice = row === undefined ? undefined : decodeInvoiceRecord(row.value)
      if (invoice?.ok !== true) continue
      if (node === cheater || invoice.value.state.type === 'settled') return invoice.value.preimage
    }
    return undefined
  }
}
