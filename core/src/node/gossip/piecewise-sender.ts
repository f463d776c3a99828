/** How many messages are handed to one connection at once. Each is encrypted then, by the thread that payments wait for. */
const PIECE = 50

/** A connection. It resolves once it takes more, also when it is gone, and never rejects. */
interface Line {
  send(messages: readonly Uint8Array[]): Promise<void>
}

interface Sending {
  readonly line: Line
  readonly messages: readonly Uint8Array[]
  readonly done: () => void
  /** How many of them were handed over. */
  sent: number
}

/** Sends many messages to many peers, a piece to one of them at a time: in between everything else has its turn. */
export class PiecewiseSender {
  readonly #waiting: Sending[] = []
  #isDue = false

  /** Resolves when the connection has taken all of them, as fast as it does. */
  send(line: Line, messages: readonly Uint8Array[]): Promise<void> {
    return new Promise((done) => {
      this.#wait({ line, messages, done, sent: 0 })
    })
  }

  #wait(sending: Sending): void {
    this.#waiting.push(sending)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#next)
  }

  readonly #next = (): void => {
    const sending = this.#waiting.shift()
    this.#isDue = this.#waiting.length > 0
    if (this.#isDue) setImmediate(this.#next)
    if (sending === undefined) return
    const { line, messages, done } = sending
    const piece = messages.slice(sending.sent, sending.sent + PIECE)
    sending.sent += piece.length
    void line.send(piece).then(() => {
      if (sending.sent < messages.length) this.#wait(sending)
      else done()
    })
  }
}
