const LENGTH_BYTES = 4

/** One frame: the length of the text in UTF-8 as 4 bytes, big-endian, then the text. */
export const encodeFrame = (text: string): Buffer => {
  const byteLength = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + byteLength)
  frame.writeUInt32BE(byteLength)
  frame.write(text, LENGTH_BYTES)
  return frame
}

/** Why a stream of frames cannot be read any further. */
export type FrameError =
  | { readonly code: 'frame-too-large'; readonly byteLength: number; readonly maxBytes: number }
  | { readonly code: 'frame-not-utf8' }
  /** The stream ended inside a frame. */
  | { readonly code: 'frame-cut-short'; readonly missingBytes: number }

export interface FrameDecoderOptions {
  /** The longest text accepted, in bytes. A longer one is refused as soon as its length is read, before any of it is kept. */
  readonly maxBytes: number
  readonly onFrame: (text: string) => void
  /** Called at most once; nothing is decoded after it. */
  readonly onError: (error: FrameError) => void
}

/** Cuts a stream of bytes, arriving in pieces of any size, into frames. Each byte is copied at most once. */
export class FrameDecoder {
  readonly #options: FrameDecoderOptions
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #length = Buffer.alloc(LENGTH_BYTES)
  // How much of the length, then of the text, has arrived. The text is undefined while the length is read.
  #filled = 0
  #text: Buffer | undefined
  #closed = false

  constructor(options: FrameDecoderOptions) {
    this.#options = options
  }

  /** Takes the next piece. `onFrame` and `onError` are called before it returns. */
  push(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length && !this.#closed) {
      offset = this.#text === undefined ? this.#readLength(chunk, offset) : this.#readText(chunk, offset, this.#text)
    }
  }

  /** The stream has ended; this is an error inside a frame. */
  end(): void {
    if (this.#text !== undefined) {
      this.#fail({ code: 'frame-cut-short', missingBytes: this.#text.length - this.#filled })
    } else if (this.#filled > 0) {
      this.#fail({ code: 'frame-cut-short', missingBytes: LENGTH_BYTES - this.#filled })
    }
    this.#closed = true
  }

  /** Drops what has arrived, and everything that is to come. */
  close(): void {
    this.#closed = true
    this.#text = undefined
    this.#filled = 0
  }

  #readLength(chunk: Uint8Array, start: number): number {
    const taken = Math.min(LENGTH_BYTES - this.#filled, chunk.length - start)
    this.#length.set(chunk.subarray(start, start + taken), this.#filled)
    this.#filled += taken
    let offset = start + taken
    if (this.#filled < LENGTH_BYTES) return offset
    const byteLength = this.#length.readUInt32BE()
    const { maxBytes } = this.#options
    this.#filled = 0
    if (byteLength > maxBytes) {
      this.#fail({ code: 'frame-too-large', byteLength, maxBytes })
    } else if (byteLength <= chunk.length - offset) {
      // The usual case: the whole frame is in this piece, and is read in place.
      this.#emit(chunk.subarray(offset, offset + byteLength))
      offset += byteLength
    } else {
      this.#text = Buffer.allocUnsafe(byteLength)
    }
    return offset
  }

  #readText(chunk: Uint8Array, start: number, text: Buffer): number {
    const taken = Math.min(text.length - this.#filled, chunk.length - start)
    text.set(chunk.subarray(start, start + taken), this.#filled)
    this.#filled += taken
    if (this.#filled === text.length) {
      this.#filled = 0
      this.#text = undefined
      this.#emit(text)
    }
    return start + taken
  }

  #emit(bytes: Uint8Array): void {
    let text: string
    try {
      text = this.#utf8.decode(bytes)
    } catch {
      this.#fail({ code: 'frame-not-utf8' })
      return
    }
    this.#options.onFrame(text)
  }

  #fail(error: FrameError): void {
    if (this.#closed) return
    this.close()
    this.#options.onError(error)
  }
}
