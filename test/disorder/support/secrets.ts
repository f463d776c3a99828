import type { Tx } from '../../../core/src/bitcoin/transaction.ts'
import { isCommitmentLike, numberOfCommitment } from '../../../core/src/channel/commitment/commitment-transaction.ts'
import { commitmentOn, latest } from '../../../core/src/channel/commitments/commitments.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { Message } from '../../../core/src/wire/messages/message.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'

/** Which commitments each node has revoked, as the wire shows it: an honest node never publishes one of these. */
export class Secrets {
  /** By host and channel. */
  readonly #revealed = new Map<string, Set<string>>()

  sent(host: string, message: Message): void {
    if (message.type !== 'revoke_and_ack') return
    const name = `${host} ${toHex(message.channelId)}`
    const known = this.#revealed.get(name) ?? new Set()
    // The same secret is sent again where the peer may not have got it.
    this.#revealed.set(name, known.add(toHex(message.perCommitmentSecret)))
  }

  /** How many of its commitments the node has revoked: those with lower numbers. */
  revokedBy(host: string, channelId: string): number {
    return this.#revealed.get(`${host} ${channelId}`)?.size ?? 0
  }

  /**
   * What is wrong with what the node publishes. `peers`: of a node that has gone back to a backup only those secrets count that have
   * arrived. Its peer proves no other, and takes no more than is its own by the commitment.
   */
  broadcast(node: SimulatedNode, tx: Tx, peers?: readonly SimulatedNode[]): string | undefined {
    const [input] = tx.inputs
    if (input === undefined || !isCommitmentLike(tx)) return undefined
    for (const { durable } of storedChannels(node.disk)) {
      if (!isFunded(durable)) continue
      const commitment = commitmentOn(durable, input.outpoint)
      if (commitment === undefined) continue
      const number = numberOfCommitment(commitment.localParams, tx)
      const channelId = toHex(durable.params.channelId)
      const revoked = peers === undefined ? this.revokedBy(node.host, channelId) : revokedTo(peers, channelId)
      if (number === undefined || number >= revoked) return undefined
      return `${node.name} publishes commitment ${number}, and has revoked ${revoked} commitments`
    }
    return undefined
  }
}

/** How many commitments of the other side the peers hold the secrets of. */
const revokedTo = (peers: readonly SimulatedNode[], channelId: string): number =>
  Math.max(
    0,
    ...peers.flatMap(({ disk }) =>
      storedChannels(disk).flatMap(({ durable }) =>
        isFunded(durable) && toHex(durable.params.channelId) === channelId ? [latest(durable).remote.index] : [],
      ),
    ),
  )
