import { createServer } from 'node:net'
import { err, ok, type Result } from '../lib/result.ts'
import type { SocketAddress } from '../node/peer/socket-address.ts'
import type { NodeConfig } from './config.ts'

/** All addresses on which a node cannot listen, reported at once. */
export type PortFailure =
  | { readonly code: 'listen-failed'; readonly host: string; readonly port: number; readonly cause: string }
  | { readonly code: 'cannot-listen'; readonly host: string; readonly port: number; readonly cause: string }
  | { readonly code: 'ports-taken'; readonly listen: TakenPort; readonly api: TakenPort }

interface TakenPort extends SocketAddress {
  readonly cause: string
}

/**
 * Checks whether the node can listen on its addresses, before anything is made: a start that cannot succeed leaves nothing behind. If
 * `givesWay` says so, a port that nobody has asked for is replaced by any free one.
 */
export const checkPorts = async <Config extends NodeConfig>(
  config: Config,
  givesWay: { readonly listen: boolean; readonly api: boolean },
): Promise<Result<Config, PortFailure>> => {
  const [listen, api] = await Promise.all([taken(config.listen), taken(config.api)])
  const listenAt = listen !== undefined && givesWay.listen ? { ...config.listen, port: 0 } : config.listen
  const apiAt = api !== undefined && givesWay.api ? { ...config.api, port: 0 } : config.api
  const listenFails = listen !== undefined && !givesWay.listen ? listen : undefined
  const apiFails = api !== undefined && !givesWay.api ? api : undefined
  if (listenFails !== undefined && apiFails !== undefined) {
    return err({ code: 'ports-taken', listen: listenFails, api: apiFails })
  }
  if (listenFails !== undefined) return err({ code: 'listen-failed', ...listenFails })
  if (apiFails !== undefined) return err({ code: 'cannot-listen', ...apiFails })
  return ok({ ...config, listen: listenAt, api: apiAt })
}

const taken = ({ host, port }: SocketAddress): Promise<TakenPort | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ host, port, cause: error.code ?? error.message }))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
