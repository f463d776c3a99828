import { newChannel } from '../../../core/src/channel/state/channel-state.ts'
import { newSession } from '../../../core/src/channel/state/session.ts'
import { FEATURES, TestParty } from '../../../core/src/channel/transitions/fixtures/test-party.ts'
import { firstCommitments } from '../../../core/src/channel/transitions/opening/opening.ts'
import type { OutPoint } from '../../../core/src/lib/ids.ts'
import { nodeOf, RawPeer, VALID_INIT } from '../../../core/src/node/connection/fixtures/raw-peer.ts'
import type { AcceptChannel, OpenChannel } from '../../../core/src/wire/messages/channel-open.ts'
import type { Message } from '../../../core/src/wire/messages/message.ts'
import type { TestNode } from './world.ts'

/** A peer that sends what the test wants, signed as the protocol asks. */
export class HostilePeer {
  readonly nodeId: Uint8Array
  readonly #raw: RawPeer
  readonly #party = new TestParty('mallory', 'victim')

  private constructor(raw: RawPeer, nodeId: Uint8Array) {
    this.#raw = raw
    this.nodeId = nodeId
  }

  /** Connects under a key made of one byte. */
  static async connect(node: TestNode, byte: number): Promise<HostilePeer> {
    const raw = await RawPeer.dial(node.node.port ?? 0)
    await raw.initiate(byte, node.node.nodeId)
    raw.send(VALID_INIT)
    const peer = new HostilePeer(raw, nodeOf(byte).nodeId)
    await peer.next('init')
    return peer
  }

  send(...messages: readonly Message[]): void {
    this.#raw.send(...messages)
  }

  /** The next message of one of these types; others are passed over. Fails when the node hangs up. */
  async next<T extends Message['type']>(...types: readonly T[]): Promise<Extract<Message, { type: T }>> {
    for (;;) {
      const message = await this.#raw.message()
      if (message === undefined) throw new Error(`the node hung up instead of sending ${types.join(' or ')}`)
      if ((types as readonly string[]).includes(message.type)) return message as Extract<Message, { type: T }>
    }
  }

  /** Closes, and waits until the node has done so, too. */
  async leave(): Promise<void> {
    this.#raw.socket.end()
    await this.#raw.ended
  }

  openChannel(temporaryChannelId: Uint8Array, funding = 100_000n): OpenChannel {
    const party = this.#party
    party.state = newChannel(party.nodeId, party.keys.remoteNodeId, temporaryChannelId, newSession(1, FEATURES, true))
    const [open] = party.messages(
      party.run({
        type: 'open',
        requestId: 'open',
        keys: party.keys,
        funding,
        pushMsat: 0n,
        announce: false,
        fundingFeeratePerKw: 1000,
        upfrontShutdown: false,
      }),
    )
    if (open?.type !== 'open_channel') throw new Error('no open_channel')
    return open
  }

  acceptChannel(open: OpenChannel): Message {
    const party = this.#party
    const { temporaryChannelId } = open
    party.state = newChannel(party.nodeId, party.keys.remoteNodeId, temporaryChannelId, newSession(1, FEATURES, true))
    party.recv(open)
    const [accept] = party.messages(party.run({ type: 'accept', keys: party.keys, upfrontShutdown: false }))
    if (accept?.type !== 'accept_channel') throw new Error('no accept_channel')
    return accept
  }

  /** Claims that this outpoint, whosever it is, funds the channel. */
  fundingCreated(open: OpenChannel, accept: AcceptChannel, outpoint: OutPoint): Message {
    const { keys, env, signWithFundingKey } = this.#party
    const { remote } = firstCommitments(keys, open, accept, true, outpoint, env)
    return {
      type: 'funding_created',
      temporaryChannelId: open.temporaryChannelId,
      fundingTxid: outpoint.txid,
      fundingOutputIndex: outpoint.index,
      signature: signWithFundingKey(remote.fundingTask),
    }
  }
}
