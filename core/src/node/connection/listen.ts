import { createServer, type Server } from 'node:net'
import { err, ok, type Result } from '../../lib/result.ts'
import { causeOf } from './connection-failure.ts'
import { Door, type DoorOptions } from './door.ts'

export interface ListenOptions extends DoorOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
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
  const { host, port, onAcceptError } = options
  const door = new Door(options)
  const server = createServer({ noDelay: true }, (socket) => door.accept(socket))
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
        door.close()
      }),
  })
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
