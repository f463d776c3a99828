import { readSync, writeSync } from 'node:fs'
import { encodeFrame, FrameDecoder } from '../../actor/frame-codec.ts'

const FD = 3
const CHUNK_BYTES = 256 * 1024

/** Sends one frame; blocks until the core has taken it. */
export const sendFrame = (text: string): void => {
  const frame = encodeFrame(text)
  for (let offset = 0; offset < frame.length; ) offset += writeSync(FD, frame, offset)
}

/**
 * Hands each frame to `onFrame` until the core closes the pipe. It blocks in `read`: a cell does nothing but answer, and
 * going through the event loop would double the time of an ask.
 */
export const receiveFrames = (maxBytes: number, onFrame: (text: string) => void): void => {
  const decoder = new FrameDecoder({
    maxBytes,
    onFrame,
    onError: ({ code }) => {
      throw new Error(code)
    },
  })
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  for (;;) {
    const length = readSync(FD, chunk, 0, chunk.length, null)
    if (length === 0) return
    decoder.push(chunk.subarray(0, length))
  }
}
