import { formatOutPoint, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import { isCommitmentLike } from '../../../core/src/channel/commitment/commitment-transaction.ts'
import { commitmentOn } from '../../../core/src/channel/commitments/commitments.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../../core/src/channel/state/durable.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { BadCopy } from '../../support/bad-copy.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'

/** What one side has in a transaction that ends a channel. */
export interface Share {
  readonly node: SimulatedNode
  /** Its balance. */
  readonly msat: bigint
  /** The output that it has for it: by index, or by its wallet's scripts where both have signed the close; none if it is too small. */
  readonly output: number | 'by-script' | undefined
  readonly anchor: number | undefined
  readonly isOpener: boolean
}

export interface EndingHtlc {
  readonly channelId: string
  readonly id: bigint
  readonly hash: string
  readonly msat: bigint
  readonly offeredBy: SimulatedNode
  readonly receivedBy: SimulatedNode
  /** None if it is trimmed. */
  readonly output: number | undefined
}

/** A spend of a funding, as the channel's state of that moment explains it: every millisatoshi of the channel is in it. */
export interface Ending {
  readonly isByBoth: boolean
  readonly shares: readonly [Share, Share]
  readonly htlcs: readonly EndingHtlc[]
}

/** Every spend of a funding that anybody has handed in, explained when it was. */
export class Endings {
  readonly #nodes: readonly SimulatedNode[]
  readonly #restored: ReadonlySet<SimulatedNode>
  readonly #known = new Map<string, Ending>()

  /** Who has gone back to a backup may hold an older balance than the one that both have signed a close for: its peer is asked first. */
  constructor(nodes: readonly SimulatedNode[], restored: ReadonlySet<SimulatedNode>) {
    this.#nodes = nodes
    this.#restored = restored
  }

  of(txid: string): Ending | undefined {
    return this.#known.get(txid)
  }

  handedIn(tx: Tx): void {
    const txid = toHex(txidOf(tx))
    if (this.#known.has(txid)) return
    const age = (node: SimulatedNode): number => (this.#restored.has(node) ? 1 : 0)
    for (const node of this.#nodes.toSorted((a, b) => age(a) - age(b))) {
      for (const { durable } of storedChannels(node.disk)) {
        if (!isFunded(durable)) continue
        const commitment = tx.inputs
          .map(({ outpoint }) => commitmentOn(durable, outpoint))
          .find((found) => found !== undefined)
        if (commitment === undefined) continue
        if (isCommitmentLike(tx) && toHex(commitment.local.txid) !== txid) continue
        const ending = isCommitmentLike(tx) ? this.#byOne(node, durable) : this.#byBoth(node, durable)
        this.#known.set(txid, ending)
        return
      }
    }
  }

  /** Of a state that the node's disk does not hold any more. */
  ofCopy(owner: SimulatedNode, durable: Funded): void {
    const ending = this.#byOne(owner, durable)
    this.#known.set(toHex(new BadCopy(owner.seed, durable).transaction.txid), ending)
  }

  #peerOf({ params }: Funded): SimulatedNode {
    const peer = this.#nodes.find(({ id }) => id === toHex(params.remoteNodeId))
    if (peer === undefined) throw new Error('a channel with nobody')
    return peer
  }

  #byOne(owner: SimulatedNode, durable: Funded): Ending {
    const copy = new BadCopy(owner.seed, durable)
    const { outputs, htlcTransactions } = copy.transaction
    const peer = this.#peerOf(durable)
    const isOpener = durable.params.localIsOpener
    const outputOf = (id: bigint, direction: string): number | undefined =>
      htlcTransactions.find(({ htlc }) => htlc.id === id && htlc.direction === direction)?.outputIndex
    return {
      isByBoth: false,
      shares: [
        { node: owner, msat: copy.spec.toLocalMsat, output: outputs.toLocal, anchor: outputs.localAnchor, isOpener },
        {
          node: peer,
          msat: copy.spec.toRemoteMsat,
          output: outputs.toRemote,
          anchor: outputs.remoteAnchor,
          isOpener: !isOpener,
        },
      ],
      htlcs: copy.htlcs.map(({ id, direction, amountMsat, paymentHash }) => ({
        channelId: toHex(durable.params.channelId),
        id,
        hash: toHex(paymentHash),
        msat: amountMsat,
        offeredBy: direction === 'offered' ? owner : peer,
        receivedBy: direction === 'offered' ? peer : owner,
        output: outputOf(id, direction),
      })),
    }
  }

  #byBoth(node: SimulatedNode, durable: Funded): Ending {
    const { spec } = new BadCopy(node.seed, durable)
    const isOpener = durable.params.localIsOpener
    const share = { output: 'by-script', anchor: undefined } as const
    return {
      isByBoth: true,
      shares: [
        { ...share, node, msat: spec.toLocalMsat, isOpener },
        { ...share, node: this.#peerOf(durable), msat: spec.toRemoteMsat, isOpener: !isOpener },
      ],
      htlcs: [],
    }
  }
}

/** The outpoints that a transaction spends, as names. */
export const spentBy = (tx: Tx): readonly string[] => tx.inputs.map(({ outpoint }) => formatOutPoint(outpoint))
