import { connect, type Socket } from 'node:net'

/** One connection to a node's API, with one request on its way at a time. As thin as can be: it shares the node's cores. */
export class ApiConnection {
  readonly #socket: Socket
  readonly #head: string
  #received = ''
  #answered: ((text: string) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket, host: string, token: string) {
    this.#socket = socket
    this.#head = `host: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the API closed the connection')))
  }

  static open(url: string, token: string): Promise<ApiConnection> {
    const { hostname, port, host } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new ApiConnection(socket, host, token)))
      socket.once('error', reject)
    })
  }

  /** `POST /v1/<path>`; rejects on a refusal. */
  async ask(path: string, body: object, key?: string): Promise<Record<string, unknown>> {
    const text = JSON.stringify(body)
    const idempotency = key === undefined ? '' : `idempotency-key: ${key}\r\n`
    const answer = await new Promise<string>((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(
        `POST /v1/${path} HTTP/1.1\r\n${this.#head}${idempotency}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      )
    })
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`${path}: ${answer}`)
    return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  // Answers are ASCII, so that a character is a byte.
  #receive(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, end + 2))?.[1] ?? 0)
    if (this.#received.length < end + 4 + length) return
    const answer = this.#received
    this.#received = ''
    this.#answered?.(answer)
  }
}
