import type { MessagePort } from 'node:worker_threads'
import { createLink, type LinkOptions } from './link.ts'
import type { Transport } from './types.ts'

/**
 * A link to the actor system at the other end of a message port, such as in a worker thread. Values are copied by structured clone. The
 * link is lost when the other end closes its port or its thread ends.
 */
export const workerTransport = (port: MessagePort, options: LinkOptions): Transport => {
  const link = createLink(
    {
      text: false,
      full: () => false,
      send: (packet) => port.postMessage(packet),
      close: () => port.close(),
    },
    options,
  )
  port.on('message', (packet: unknown) => link.receive(packet))
  port.on('messageerror', () => link.lost({ code: 'packet-malformed' }))
  port.on('close', () => link.lost({ code: 'link-lost' }))
  return link
}
