import type { ActorRef } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { ConnectionFacts } from './peer-connection.ts'
import type { PeerProtocol } from './peer-protocol.ts'

/** A peer as the rest of the node finds it: one that is connected, or has channels with us. */
export interface PeerEntry {
  readonly nodeId: NodeId
  readonly ref: ActorRef<PeerProtocol>
  /** While connected. */
  readonly connection?: ConnectionFacts
  readonly connectedAt?: number
}

/** Finds peers by node id. Each peer's actor keeps its own entry. */
export class PeerDirectory {
  readonly #entries = new Map<string, PeerEntry>()
  #connected = 0

  /** How many are connected now. */
  get connected(): number {
    return this.#connected
  }

  get(nodeId: NodeId): PeerEntry | undefined {
    return this.#entries.get(toHex(nodeId))
  }

  put(entry: PeerEntry): void {
    const key = toHex(entry.nodeId)
    this.#connected += connections(entry) - connections(this.#entries.get(key))
    this.#entries.set(key, entry)
  }

  remove(nodeId: NodeId): void {
    const key = toHex(nodeId)
    this.#connected -= connections(this.#entries.get(key))
    this.#entries.delete(key)
  }

  all(): Iterable<PeerEntry> {
    return this.#entries.values()
  }
}

const connections = (entry: PeerEntry | undefined): number => (entry?.connection === undefined ? 0 : 1)
