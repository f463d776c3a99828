import { invariant } from '../../lib/errors.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { Rate } from '../../lib/token-bucket.ts'
import { isRead } from '../../wire/message-codecs.ts'

/** A message that the wire does not read, as it came from a peer. */
export interface RoomMessage {
  readonly from: NodeId
  readonly type: number
  /** What follows the type. */
  readonly payload: Uint8Array
}

/** Whoever takes messages by their type. */
export interface MessageRoom {
  /** What each peer may send of its types, all together, beside what it was asked for. What is beyond it is passed over. */
  readonly ration: Rate
  /** Whether the peer owes the room one more message, as an answer. Asked once for each message, which is then no longer owed. */
  takeOwed?(from: NodeId): boolean
  /** Quick: the work is done elsewhere. */
  take(message: RoomMessage): void
}

/**
 * Who takes the messages that the wire does not read, by their type. What nobody takes goes by BOLT 1: an odd type is passed over, an even
 * one ends the connection. What is known and of no use is passed over whatever its type.
 */
export class MessageRooms {
  readonly #byType = new Map<number, MessageRoom | 'no-use'>()

  register(types: readonly number[], room: MessageRoom | 'no-use'): void {
    for (const type of types) {
      invariant(!isRead(type), 'a message that the wire reads has no room')
      invariant(!this.#byType.has(type), 'a type of message has one room')
      this.#byType.set(type, room)
    }
  }

  /** Whether a message of this type is known. */
  has(type: number): boolean {
    return this.#byType.has(type)
  }

  of(type: number): MessageRoom | undefined {
    const room = this.#byType.get(type)
    return room === 'no-use' ? undefined : room
  }
}
