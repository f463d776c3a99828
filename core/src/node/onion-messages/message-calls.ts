import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { SocketAddress } from '../peer/socket-address.ts'
import type { MessageConnection, MessageLines } from './message-lines.ts'

export interface MessageCallOptions {
  readonly clock: Clock
  readonly lines: MessageLines
  /** Where a node may be reached, the likeliest first. */
  readonly addressesOf: (nodeId: NodeId) => readonly SocketAddress[]
  readonly connect: (nodeId: NodeId, address: SocketAddress) => Promise<{ readonly ok: boolean }>
  readonly isPartner: (nodeId: NodeId) => boolean
}

/** How many addresses of a node are tried. */
const MAX_ADDRESSES = 3
/** A connection that was made for a message stays for the answer, and not for ever. */
const KEPT_MS = 120_000

/** Connections with nodes to which no other way leads, for a message. */
export class MessageCalls {
  readonly #options: MessageCallOptions
  readonly #timers = new Set<CancelTimer>()

  constructor(options: MessageCallOptions) {
    this.#options = options
  }

  /** Whether the node is connected now. */
  async connect(nodeId: NodeId): Promise<boolean> {
    const { lines, addressesOf, connect } = this.#options
    if (lines.get(nodeId) !== undefined) return true
    for (const address of addressesOf(nodeId).slice(0, MAX_ADDRESSES)) {
      const connected = await connect(nodeId, address)
      const line = lines.get(nodeId)
      if (!connected.ok || line === undefined) continue
      this.#endLater(line.connection)
      return true
    }
    return false
  }

  stop(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #endLater(connection: MessageConnection): void {
    const { clock, isPartner, lines } = this.#options
    const cancel = clock.setTimer(KEPT_MS, () => {
      this.#timers.delete(cancel)
      const { remoteNodeId } = connection
      if (!isPartner(remoteNodeId) && lines.get(remoteNodeId)?.connection === connection) connection.close('done')
    })
    this.#timers.add(cancel)
  }
}
