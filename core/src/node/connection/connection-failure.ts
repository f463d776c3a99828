import type { HandshakeFailure } from '../../crypto/noise.ts'
import { stackOf } from '../../lib/errors.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { FeatureError } from '../../wire/features.ts'
import { channelOf } from '../../wire/message-codecs.ts'
import type { WireError } from '../../wire/wire-error.ts'

/** Why the transport or the peer cannot continue; each may also end an established connection. */
type Broken =
  | { readonly code: 'closed-by-peer' }
  /** `cause` is the system's code, as ECONNRESET. */
  | { readonly code: 'socket-error'; readonly cause: string }
  /** BOLT 8: what was received does not decrypt. */
  | { readonly code: 'transport-tag' }
  | {
      readonly code: 'malformed-message'
      readonly error: WireError
      /** The channel that the message is about, if it says so much. */
      readonly channelId?: ChannelId
    }
  | { readonly code: 'unknown-even-message'; readonly messageType: number }
  /** A message from the peer met a bug of ours: it ends this connection and nothing else. */
  | { readonly code: 'internal'; readonly bug: string }

/** Why an established connection ended. */
export type CloseReason =
  | Broken
  | { readonly code: 'closed-by-us' }
  | { readonly code: 'ping-timeout' }
  /** BOLT 1: `init` came a second time. */
  | { readonly code: 'unexpected-init' }
  /**
   * The peer was held up for long without a break: it is a stranger that sends more than it may, or one that has gone and left as much
   * behind.
   */
  | { readonly code: 'flooding' }
  /** The peer does not read what we send. */
  | { readonly code: 'peer-too-slow'; readonly unsentBytes: number }

/** Why a connection was not established. */
export type EstablishFailure =
  | Broken
  | HandshakeFailure
  | FeatureError
  /** The time for the handshake and the exchange of `init` is over. */
  | { readonly code: 'handshake-timeout' }
  /** BOLT 1: another message came before `init`. */
  | { readonly code: 'init-not-first'; readonly received: string }
  /** BOLT 1, `networks`: the peer is on other chains only. */
  | { readonly code: 'wrong-chain' }

/** Why we could not connect to a node. */
export type ConnectFailure =
  | EstablishFailure
  | { readonly code: 'invalid-node-id' }
  /** It is this node. */
  | { readonly code: 'own-node-id' }
  /** No TCP connection; `cause` is the system's code, as ECONNREFUSED. */
  | { readonly code: 'unreachable'; readonly cause: string }

/** Why a socket that came in did not become a connection. */
export type InboundFailure =
  | EstablishFailure
  /** Others came, and its address had the most sockets that were not through the handshake. */
  | { readonly code: 'too-many-pending-handshakes' }
  /** Its address calls more often than one may. */
  | { readonly code: 'too-many-calls' }

/** A bug as a failure of the connection that it was met on. */
export const bugOf = (thrown: unknown): { readonly code: 'internal'; readonly bug: string } => ({
  code: 'internal',
  bug: stackOf(thrown),
})

/** The system's code of an error, or its name where it has none. */
export const causeOf = (error: Error & { readonly code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name

/** How a message that cannot be read ends the connection. */
export const closeReasonOf = (error: WireError, bytes: Uint8Array) => {
  if (error.code === 'unknown-even-message') return { code: error.code, messageType: Number(error.path) } as const
  const channelId = channelOf(bytes)
  return { code: 'malformed-message', error, ...(channelId === undefined ? {} : { channelId }) } as const
}
