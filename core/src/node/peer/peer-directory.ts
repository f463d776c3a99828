import type { ActorRef } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { PeerProtocol } from './peer-protocol.ts'

/** A peer as the rest of the node finds it: one that is connected, or has channels with us. */
export interface PeerEntry {
  readonly nodeId: NodeId
  readonly ref: ActorRef<PeerProtocol>
  /** While connected. */
  readonly connection?: PeerConnection
  readonly connectedAt?: number
}

/** Finds peers by node id. Each peer's actor keeps its own entry. */
export class PeerDirectory {
  readonly #entries = new Map<string, PeerEntry>()

  get(nodeId: NodeId): PeerEntry | undefined {
    return this.#entries.get(toHex(nodeId))
  }

  put(entry: PeerEntry): void {
    this.#entries.set(toHex(entry.nodeId), entry)
  }

  remove(nodeId: NodeId): void {
    this.#entries.delete(toHex(nodeId))
  }

  all(): Iterable<PeerEntry> {
    return this.#entries.values()
  }
}
