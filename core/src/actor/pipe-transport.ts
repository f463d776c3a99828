import type { Duplex } from 'node:stream'
import { readJson } from '../lib/json.ts'
import { encodeFrame, FrameDecoder } from './frame-codec.ts'
import { createLink, type LinkOptions } from './link.ts'
import type { Transport } from './types.ts'

export interface PipeOptions extends LinkOptions {
  /** The longest frame accepted from the other side; 1 MiB if absent. */
  readonly maxFrameBytes?: number
  /** How deep brackets may nest in a frame; 80 if absent, which is more than any value that may be sent needs. */
  readonly maxDepth?: number
  /** Beyond this many bytes waiting to be written, requests are refused and nothing more is read; 16 MiB if absent. */
  readonly maxBufferedBytes?: number
}

/**
 * A link over a stream of bytes: a pipe, a socket. Each packet is JSON text in a frame (`frame-codec.ts`, `value-codec.ts`). Malformed
 * input ends the link. Both ends belong to this transport from now on.
 */
export const pipeTransport = (
  stream: Duplex,
  { maxFrameBytes = 1 << 20, maxDepth = 80, maxBufferedBytes = 1 << 24, ...options }: PipeOptions,
): Transport => {
  let corked = false
  const uncork = (): void => {
    corked = false
    stream.uncork()
  }
  const full = (): boolean => stream.writableLength > maxBufferedBytes

  const link = createLink(
    {
      text: true,
      full,
      send(packet) {
        // Everything sent in one turn is one write.
        if (!corked) {
          corked = true
          stream.cork()
          process.nextTick(uncork)
        }
        stream.write(encodeFrame(JSON.stringify(packet)))
        // While the other side asks without reading the answers, we do not read its requests.
        if (full()) stream.pause()
      },
      close() {
        decoder.close()
        stream.resume()
        stream.end(() => stream.destroy())
      },
    },
    options,
  )

  const decoder = new FrameDecoder({
    maxBytes: maxFrameBytes,
    onFrame(text) {
      const packet = readJson(text, maxDepth)
      if (packet.ok) link.receive(packet.value)
      else link.lost(packet.error.code === 'too-deep' ? { code: 'too-deep', maxDepth } : { code: 'not-json' })
    },
    onError: (error) => link.lost(error),
  })

  stream.on('data', (chunk: Buffer) => decoder.push(chunk))
  stream.on('drain', () => stream.resume())
  stream.on('end', () => {
    decoder.end()
    link.lost({ code: 'link-lost' })
  })
  stream.on('error', () => link.lost({ code: 'link-lost' }))
  stream.on('close', () => link.lost({ code: 'link-lost' }))
  return link
}
