import type { Epoch } from '../../channel/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { PeerLine } from '../connection/transport.ts'
import type { RationedLog } from '../rationed-log.ts'
import { Complaints } from './complaints.ts'
import type { PeerConnection } from './peer-connection.ts'

/** A connection once a peer's actor has it: everything that is sent in one turn of the event loop leaves in one write. */
export class AttachedConnection implements PeerConnection {
  readonly epoch: Epoch
  readonly remoteNodeId: NodeId
  readonly remoteFeatures: FeatureVector
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** On the monotonic clock. */
  readonly since: number
  readonly complaints: Complaints
  readonly unheeded: RationedLog
  readonly #connection: PeerLine
  #flushing = false
  #pressing = 0
  #closedByOperator = false

  constructor(connection: PeerLine, epoch: Epoch, clock: Pick<Clock, 'monotonic'>, unheeded: RationedLog) {
    this.epoch = epoch
    this.remoteNodeId = connection.remoteNodeId
    this.remoteFeatures = connection.remoteFeatures
    this.address = connection.address
    this.direction = connection.direction
    this.since = clock.monotonic()
    this.complaints = new Complaints(clock)
    this.unheeded = unheeded
    this.#connection = connection
  }

  get closedByOperator(): boolean {
    return this.#closedByOperator
  }

  get unsentBytes(): number {
    return this.#connection.unsentBytes
  }

  send(message: Message | UnknownMessage): void {
    this.#connection.send(message)
    // BOLT 2, "Normal Operation": an HTLC that is offered binds nobody before the commitment_signed that follows. It may be a round trip until
    // that can be sent, and a write of its own costs both sides a turn.
    if (this.#flushing || message.type === 'update_add_htlc') return
    this.#flushing = true
    // The microtask runs after the commit that released this message has released all others.
    queueMicrotask(() => {
      this.#flushing = false
      this.#connection.flush()
    })
  }

  close(reason: string): void {
    this.#closedByOperator ||= reason === 'operator'
    this.#connection.close()
  }

  /** Reading stops while any channel on this connection is behind. */
  setPressure(full: boolean): void {
    if (!full && this.#pressing === 0) return
    this.#pressing += full ? 1 : -1
    if (full && this.#pressing === 1) this.#connection.pauseReading()
    if (!full && this.#pressing === 0) this.#connection.resumeReading()
  }
}
