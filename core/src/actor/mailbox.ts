import type { Result } from '../lib/result.ts'
import { Fifo } from './fifo.ts'
import type { AskFailure, Lane, MessageContext, Meta } from './types.ts'

export type Reply = (result: Result<unknown, AskFailure>) => void

/** A message on its way; handlers see it as their `MessageContext`. */
export interface Envelope extends MessageContext {
  readonly command: string
  readonly request: unknown
  readonly meta: Meta
  /** Absent for a tell. May be called more than once; the first call counts. */
  readonly reply: Reply | undefined
}

export interface MailboxOptions {
  readonly lanes?: Readonly<Record<string, Lane | undefined>>
  readonly commandCapacity?: number
  readonly peerHighWater?: number
  readonly onPressure?: (lane: Lane, full: boolean) => void
}

const COMMAND_CAPACITY = 1000
const PEER_HIGH_WATER = 256
// Peer messages handled before a waiting command gets its turn.
const PEER_RUN = 16

/** Messages that wait, by lane. */
export class Mailbox {
  readonly #priority = new Fifo<Envelope>()
  readonly #peer = new Fifo<Envelope>()
  readonly #command = new Fifo<Envelope>()
  readonly #laneOf: ReadonlyMap<string, Lane>
  readonly #commandCapacity: number
  readonly #peerHighWater: number
  readonly #onPressure: MailboxOptions['onPressure']
  #pressed = false
  #peerRun = 0

  constructor({ lanes = {}, commandCapacity, peerHighWater, onPressure }: MailboxOptions) {
    this.#laneOf = new Map(Object.entries(lanes).flatMap(([command, lane]) => (lane ? [[command, lane] as const] : [])))
    this.#commandCapacity = commandCapacity ?? COMMAND_CAPACITY
    this.#peerHighWater = peerHighWater ?? PEER_HIGH_WATER
    this.#onPressure = onPressure
  }

  get empty(): boolean {
    return this.#priority.length === 0 && this.#peer.length === 0 && this.#command.length === 0
  }

  /** `false` if the message's lane is full: then the message is refused. */
  push(envelope: Envelope): boolean {
    switch (this.#laneOf.get(envelope.command)) {
      case 'priority':
        this.#priority.push(envelope)
        return true
      case 'peer':
        this.#peer.push(envelope)
        if (!this.#pressed && this.#peer.length >= this.#peerHighWater) this.#press(true)
        return true
      default:
        if (this.#command.length >= this.#commandCapacity) return false
        this.#command.push(envelope)
        return true
    }
  }

  next(): Envelope | undefined {
    if (this.#priority.length > 0) return this.#priority.shift()
    if (this.#peer.length > 0 && (this.#peerRun < PEER_RUN || this.#command.length === 0)) {
      this.#peerRun += 1
      const envelope = this.#peer.shift()
      if (this.#pressed && this.#peer.length * 2 <= this.#peerHighWater) this.#press(false)
      return envelope
    }
    this.#peerRun = 0
    return this.#command.shift()
  }

  #press(full: boolean): void {
    this.#pressed = full
    this.#onPressure?.('peer', full)
  }
}
