import { createServer, type Server, type Socket } from 'node:net'
import { addressGroup } from '../../lib/address-group.ts'
import { Crowd } from '../../lib/crowd.ts'
import { GroupTable } from '../../lib/group-table.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import type { Connection } from './connection.ts'
import { bugOf, causeOf, type InboundFailure } from './connection-failure.ts'
import { type ConnectionSettings, HANDSHAKE_TIMEOUT_MS } from './connection-settings.ts'
import { establish } from './establish.ts'

export interface ListenOptions extends ConnectionSettings {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly handshakeTimeoutMs?: number
  /** A peer has connected. The connection reads nothing until it is started. */
  readonly onConnection: (connection: Connection) => void
  /** A socket came in and did not become a connection. */
  readonly onFailure?: (failure: InboundFailure, remoteAddress: string) => void
  /** A socket could not be taken, as when the process has no descriptor left. The listener goes on. */
  readonly onAcceptError?: (cause: string) => void
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
  const { host, port, onConnection, onFailure, onAcceptError, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options
  const { clock } = options
  const { arrivals, halfOpen } = options.traffic.limits
  const rates = new GroupTable(() => new TokenBucket(arrivals.perSecond, arrivals.burst, clock.monotonic()))
  // The caller is known only after the handshake, and may be a partner: there is always room for one more, at the cost of those that have
  // had the most time.
  const pending = new Crowd<Socket>({ ...halfOpen, loses: 'oldest' })
  const crowdedOut = new Set<Socket>()

  const accept = async (socket: Socket): Promise<void> => {
    const from = socket.remoteAddress ?? ''
    const group = addressGroup(from)
    // A caller that would crowd out others all the time, and its own calls first, is not let in.
    if (!rates.of(group).take(clock.monotonic())) {
      socket.on('error', () => {})
      socket.resetAndDestroy()
      onFailure?.({ code: 'too-many-calls' }, from)
      return
    }
    const lost = pending.add(group, socket)
    if (lost !== undefined) {
      crowdedOut.add(lost)
      lost.resetAndDestroy()
    }
    const established = await establish(socket, { type: 'responder' }, options, handshakeTimeoutMs)
    pending.delete(group, socket)
    const hadToGo = crowdedOut.delete(socket)
    if (established.ok) onConnection(established.value)
    else onFailure?.(hadToGo ? { code: 'too-many-pending-handshakes' } : established.error, from)
  }

  const server = createServer({ noDelay: true }, (socket) => {
    accept(socket).catch((thrown: unknown) => {
      socket.destroy()
      onFailure?.(bugOf(thrown), '')
    })
  })
  const failed = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen({ host, port }, () => resolve(undefined))
  })
  if (failed !== undefined) return err({ code: 'listen-failed', cause: causeOf(failed) })
  server.on('error', (error) => onAcceptError?.(causeOf(error)))
  return ok({
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of pending.members()) socket.destroy()
      }),
  })
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
