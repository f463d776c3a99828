import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'

/** How long a socket that we end may take to send its last bytes. */
const LINGER_MS = 2_000
/** How much it may send meanwhile: closing a socket with unread bytes would destroy our last ones before the peer gets them. */
const MAX_LINGER_BYTES = 256 << 10

/** Lets the bytes already written leave, for a moment at most. Bytes that still arrive are thrown away. */
export const endSocket = (socket: Socket, clock: Clock): void => {
  if (socket.destroyed) return
  let unread = 0
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    unread += chunk.length
    if (unread > MAX_LINGER_BYTES) socket.destroy()
  })
  socket.resume()
  socket.end()
  const cancel = clock.setTimer(LINGER_MS, () => socket.destroy())
  socket.once('close', cancel)
}
