import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { createMessagePath } from '../../onion/create-onion-message.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import type { ReceivedMessage } from './message-room.ts'

/** A path by which we wait for an answer. */
export interface AwaitedReply {
  /** What we know the path by: random, and sealed in it for us alone. */
  readonly pathId: Uint8Array
  /** What came by the path; `undefined` if nothing did in time. Never rejects. */
  readonly content: Promise<OnionMessageContent | undefined>
  /** Waits no longer. */
  cancel(): void
}

interface Waiting {
  readonly settle: (content: OnionMessageContent | undefined) => void
}

/** The paths that were given to others to answer by. They are kept in memory: who waited has gone with a restart. */
export class ReplyPaths {
  readonly #clock: Clock
  readonly #rng: Rng
  readonly #waiting = new Map<string, Waiting>()

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock
    this.#rng = rng
  }

  await(timeoutMs: number): AwaitedReply {
    const pathId = this.#rng.bytes(32)
    const name = toHex(pathId)
    let cancelTimer: CancelTimer = () => {}
    const content = new Promise<OnionMessageContent | undefined>((resolve) => {
      const settle = (value: OnionMessageContent | undefined): void => {
        this.#waiting.delete(name)
        cancelTimer()
        resolve(value)
      }
      cancelTimer = this.#clock.setTimer(timeoutMs, () => settle(undefined))
      this.#waiting.set(name, { settle })
    })
    return { pathId, content, cancel: () => this.#waiting.get(name)?.settle(undefined) }
  }

  /** Whether a message came by such a path. BOLT 4: what comes by it and is no reply is ignored. */
  take({ pathId, content }: ReceivedMessage): boolean {
    const waiting = pathId === undefined ? undefined : this.#waiting.get(toHex(pathId))
    if (waiting === undefined) return false
    if (content.invoice !== undefined || content.invoiceError !== undefined) waiting.settle(content)
    return true
  }

  stop(): void {
    for (const { settle } of [...this.#waiting.values()]) settle(undefined)
  }
}

/** Over whom others reach us. */
export interface PathRelays {
  readonly rng: Rng
  readonly nodeId: NodeId
  /** Peers with channels that relay onion messages. */
  readonly relays: () => readonly NodeId[]
  /** Whether everybody knows the node, and may find a way to it. */
  readonly isAnnounced: (nodeId: NodeId) => boolean
}

/**
 * Blinded paths that lead to us, at most `count`. They begin with a peer of ours that the network knows, and not with `apart`, who is to use
 * them; without such a peer, with any other if the network does not know us, or else with ourselves.
 */
export const pathsToUs = (
  { rng, nodeId, relays, isAnnounced }: PathRelays,
  pathId: Uint8Array,
  count: number,
  apart?: NodeId,
): readonly BlindedPath[] => {
  const others = relays().filter((relay) => apart === undefined || !equalBytes(relay, apart))
  const known = others.filter(isAnnounced)
  const chosen = known.length > 0 || isAnnounced(nodeId) ? known : others
  const ways: (readonly NodeId[])[] = chosen.slice(0, count).map((relay) => [relay])
  return (ways.length > 0 ? ways : [[]]).map((way) => createMessagePath(rng.bytes(32), way, { nodeId, pathId }))
}
