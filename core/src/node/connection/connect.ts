import { connect as connectSocket } from 'node:net'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import type { Connection } from './connection.ts'
import { type ConnectFailure, causeOf } from './connection-failure.ts'
import { type ConnectionSettings, HANDSHAKE_TIMEOUT_MS } from './connection-settings.ts'
import { establish } from './establish.ts'

export interface ConnectOptions extends ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly nodeId: NodeId
  /** For all of it: TCP, handshake, `init`. */
  readonly timeoutMs?: number
}

/** Connects to a node. The connection reads nothing until it is started. */
export const connect = async (options: ConnectOptions): Promise<Result<Connection, ConnectFailure>> => {
  const { host, port, nodeId, timeoutMs = HANDSHAKE_TIMEOUT_MS, clock } = options
  if (!secp256k1.isPublicKey(nodeId)) return err({ code: 'invalid-node-id' })
  const startedAt = clock.monotonic()
  const socket = connectSocket({ host, port, noDelay: true })
  const failure = await new Promise<ConnectFailure | undefined>((resolve) => {
    const finish = (failure: ConnectFailure | undefined): void => {
      cancelTimeout()
      socket.off('connect', onConnect).off('error', onError)
      resolve(failure)
    }
    const onConnect = (): void => finish(undefined)
    const onError = (error: Error): void => finish({ code: 'unreachable', cause: causeOf(error) })
    const cancelTimeout = clock.setTimer(timeoutMs, () => finish({ code: 'unreachable', cause: 'ETIMEDOUT' }))
    socket.once('connect', onConnect).once('error', onError)
  })
  if (failure !== undefined) {
    socket.on('error', () => {})
    socket.destroy()
    return err(failure)
  }
  const remaining = timeoutMs - (clock.monotonic() - startedAt)
  return establish(socket, { type: 'initiator', remoteNodeId: nodeId }, options, remaining)
}
