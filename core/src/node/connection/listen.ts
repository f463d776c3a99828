import { createServer, type Server, type Socket } from 'node:net'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Connection } from './connection.ts'
import { causeOf, type InboundFailure } from './connection-failure.ts'
import { type ConnectionSettings, HANDSHAKE_TIMEOUT_MS } from './connection-settings.ts'
import { establish } from './establish.ts'

/** Sockets that may be in their handshake at once: a stranger costs us two point multiplications, and memory. */
const MAX_PENDING_HANDSHAKES = 64

export interface ListenOptions extends ConnectionSettings {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly handshakeTimeoutMs?: number
  readonly maxPendingHandshakes?: number
  /** A peer has connected. The connection reads nothing until it is started. */
  readonly onConnection: (connection: Connection) => void
  /** A socket came in and did not become a connection. */
  readonly onFailure?: (failure: InboundFailure, remoteAddress: string) => void
}

/** Accepts connections until it is closed. */
export interface Listener {
  readonly port: number
  /** Accepts no more, and drops those in their handshake. Connections stay. */
  close(): Promise<void>
}

/** Accepts connections of peers. */
export const listen = async (
  options: ListenOptions,
): Promise<Result<Listener, { readonly code: 'listen-failed'; readonly cause: string }>> => {
  const { host, port, onConnection, onFailure } = options
  const { handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, maxPendingHandshakes = MAX_PENDING_HANDSHAKES } = options
  const pending = new Set<Socket>()

  const accept = async (socket: Socket): Promise<void> => {
    const from = socket.remoteAddress ?? ''
    if (pending.size >= maxPendingHandshakes) {
      socket.on('error', () => {})
      socket.destroy()
      onFailure?.({ code: 'too-many-pending-handshakes' }, from)
      return
    }
    pending.add(socket)
    const established = await establish(socket, { type: 'responder' }, options, handshakeTimeoutMs)
    pending.delete(socket)
    if (established.ok) onConnection(established.value)
    else onFailure?.(established.error, from)
  }

  const server = createServer({ noDelay: true }, (socket) => void accept(socket))
  const failed = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen({ host, port }, () => resolve(undefined))
  })
  if (failed !== undefined) return err({ code: 'listen-failed', cause: causeOf(failed) })
  // Accepting may fail for a moment, as when no descriptor is left: those already there go on.
  server.on('error', () => {})
  return ok({
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of pending) socket.destroy()
      }),
  })
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
