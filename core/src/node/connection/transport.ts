import type { Result } from '../../lib/result.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { Connection } from './connection.ts'
import type { ConnectFailure } from './connection-failure.ts'
import { type Listener, type ListenOptions, listen } from './listen.ts'

/** An established connection as its owner sees it. */
export type PeerLine = Pick<
  Connection,
  | 'remoteNodeId'
  | 'remoteFeatures'
  | 'direction'
  | 'remoteAddress'
  | 'address'
  | 'start'
  | 'whenClosed'
  | 'send'
  | 'flush'
  | 'pauseReading'
  | 'resumeReading'
  | 'close'
  | 'unsentBytes'
>

/** How connections with peers come about. */
export interface Transport {
  connect(options: ConnectOptions): Promise<Result<PeerLine, ConnectFailure>>
  listen(
    options: Omit<ListenOptions, 'onConnection'> & { readonly onConnection: (line: PeerLine) => void },
  ): Promise<Result<Listener, { readonly code: 'listen-failed'; readonly cause: string }>>
}

/** BOLT 8: Noise over TCP. */
export const TCP: Transport = { connect, listen }
