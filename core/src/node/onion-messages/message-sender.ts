import { equalBytes } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId, PrivateKey, PublicKey, ShortChannelId } from '../../lib/ids.ts'
import { Ration } from '../../lib/ration.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { createOnionMessage } from '../../onion/create-onion-message.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import { withoutFirstHop } from '../../onion/route-blinding.ts'
import type { OnionMessageRoom } from './message-room.ts'
import type { MessageWays } from './message-ways.ts'

/** Whom a message is for: a node, or whoever is at the end of a path. */
export type MessageDestination =
  | { readonly type: 'node'; readonly nodeId: NodeId }
  | { readonly type: 'path'; readonly path: BlindedPath }

/** Whether the message is of our own accord, or answers a stranger, who must not have us do too much. */
export type MessageReason = 'own' | 'answer'

export type SendMessageFailure = {
  readonly code: 'no-way-to-node' | 'leads-to-ourselves' | 'message-too-long' | 'peer-congested'
}

export interface MessageSenderOptions {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly rng: Rng
  readonly nodeId: NodeId
  readonly nodeKey: PrivateKey
  readonly room: Pick<OnionMessageRoom, 'send'>
  readonly ways: Pick<MessageWays, 'relaysTo'>
  /** Either end of a channel of ours or of the graph; 0 for the one whose id is the lesser. */
  readonly endOf: (shortChannelId: ShortChannelId, direction: 0 | 1) => NodeId | undefined
  /** The peer at the other end of a channel of ours. */
  readonly peerOf: (shortChannelId: ShortChannelId) => NodeId | undefined
  /** Connects to a node if its address is known, and says whether it is connected. */
  readonly connect: (nodeId: NodeId) => Promise<boolean>
}

/** How often an answer may have us connect to somebody whom a stranger names. */
const CONNECTIONS_FOR_ANSWERS = { perSecond: 1 / 10, burst: 5 }

/**
 * A path with more hops is not followed: each costs curve operations and a pass over the whole onion, and a stranger chooses how many there
 * are. No payment's onion has room for more.
 */
const MAX_PATH_HOPS = 20

/** Where a message goes: to a node, or to the first of a path that others have made. */
interface Entry {
  readonly first: NodeId
  readonly path?: Pick<BlindedPath, 'firstPathKey' | 'path'>
}

/** Sends onion messages of our own: over peers that relay them, or else straight to where the destination or its path begins. */
export class MessageSender {
  readonly #options: MessageSenderOptions
  readonly #connections: Ration

  constructor(options: MessageSenderOptions) {
    this.#options = options
    this.#connections = new Ration(options.clock, CONNECTIONS_FOR_ANSWERS)
  }

  async send(
    destination: MessageDestination,
    content: OnionMessageContent,
    reason: MessageReason,
  ): Promise<Result<void, SendMessageFailure>> {
    const entry = this.#entryOf(destination)
    if (!entry.ok) return entry
    const { first, path } = entry.value
    const relays = await this.#relaysTo(first, reason)
    if (relays === undefined) return err({ code: 'no-way-to-node' })
    const { rng, room } = this.#options
    const made = createOnionMessage({
      sessionKey: rng.bytes(32),
      pathSessionKey: rng.bytes(32),
      relays,
      destination: path === undefined ? { type: 'node', nodeId: first } : { type: 'path', path, firstNodeId: first },
      content,
    })
    if (!made.ok) return err({ code: made.error.code === 'onion-too-long' ? 'message-too-long' : 'no-way-to-node' })
    const dropped = room.send(made.value.peer, made.value.message)
    if (dropped === undefined) return ok(undefined)
    return err({ code: dropped === 'congested' ? 'peer-congested' : 'no-way-to-node' })
  }

  async #relaysTo(first: NodeId, reason: MessageReason): Promise<readonly NodeId[] | undefined> {
    const { ways, connect } = this.#options
    const relays = ways.relaysTo(first, reason)
    if (relays !== undefined) return relays
    if (reason === 'answer' && this.#connections.take() === undefined) return undefined
    return (await connect(first)) ? ways.relaysTo(first, reason) : undefined
  }

  /** A path whose first nodes we are ourselves is entered behind us. */
  #entryOf(destination: MessageDestination): Result<Entry, SendMessageFailure> {
    const { nodeId, nodeKey, endOf, peerOf } = this.#options
    const isOurs = (id: PublicKey): boolean => equalBytes(id, nodeId)
    if (destination.type === 'node') {
      return isOurs(destination.nodeId) ? err({ code: 'leads-to-ourselves' }) : ok({ first: destination.nodeId })
    }
    const { firstNodeId } = destination.path
    if (destination.path.path.length > MAX_PATH_HOPS) return err({ code: 'no-way-to-node' })
    let first =
      firstNodeId.type === 'pubkey' ? firstNodeId.nodeId : endOf(firstNodeId.shortChannelId, firstNodeId.direction)
    let path: Pick<BlindedPath, 'firstPathKey' | 'path'> = destination.path
    while (first !== undefined && isOurs(first)) {
      const behind = withoutFirstHop(nodeKey, path)
      if (behind === undefined) return err({ code: 'leads-to-ourselves' })
      first = behind.next.type === 'node' ? behind.next.nodeId : peerOf(behind.next.shortChannelId)
      path = behind.rest
    }
    return first === undefined ? err({ code: 'no-way-to-node' }) : ok({ first, path })
  }
}
