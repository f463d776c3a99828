import { toHex, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { Ration } from '../../lib/ration.ts'
import { hasFeature } from '../../wire/features.ts'
import { typeOf } from '../../wire/gossip-codecs.ts'
import type { GossipLine } from '../gossip/gossip-room.ts'
import type { NodeGossip } from '../gossip/node-gossip.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { ConnectionListener } from './peer-manager.ts'

/** As long as the peer has not taken so much of what was sent before, nothing more is, in bytes. */
const MAX_UNSENT = 512 * 1_024
const LOOK_AGAIN_MS = 100
/** How many of its faults a peer is told of. */
const WARNINGS = { perSecond: 1 / 600, burst: 3 }
const NO_CHANNEL = new Uint8Array(32)

/** Tells the room of gossip of connections, and writes on them what it has to say. */
export const gossipLines = (
  gossip: Pick<NodeGossip, 'connected' | 'disconnected'>,
  clock: Clock,
): ConnectionListener => {
  const current = new Map<string, PeerConnection>()
  return {
    connected(connection) {
      const { remoteNodeId } = connection
      current.set(toHex(remoteNodeId), connection)
      gossip.connected(
        remoteNodeId,
        lineOf(connection, clock, () => current.get(toHex(remoteNodeId)) === connection),
      )
    },
    disconnected({ epoch, remoteNodeId }) {
      const name = toHex(remoteNodeId)
      // A later connection has taken its place.
      if (current.get(name)?.epoch !== epoch) return
      current.delete(name)
      gossip.disconnected(remoteNodeId)
    },
  }
}

const lineOf = (connection: PeerConnection, clock: Clock, isOpen: () => boolean): GossipLine => {
  const warnings = new Ration(clock, WARNINGS)
  const pause = (): Promise<void> => new Promise((resolve) => void clock.setTimer(LOOK_AGAIN_MS, resolve))
  return {
    offersQueries: hasFeature(connection.remoteFeatures, 'gossip_queries'),
    async send(messages) {
      for (const raw of messages) {
        // A whole minute's gossip at once could be more than a connection may have unsent.
        while (connection.unsentBytes > MAX_UNSENT && isOpen()) await pause()
        if (!isOpen()) return
        connection.send({
          type: 'unknown',
          messageType: typeOf(raw),
          payload: raw.subarray(2),
        })
      }
      while (connection.unsentBytes > MAX_UNSENT && isOpen()) await pause()
    },
    complain({ fault, messageType }) {
      connection.unheeded.write('debug', 'gossip.fault', () => ({
        peer: toHex(connection.remoteNodeId),
        fault,
        ...(messageType === undefined ? {} : { type: messageType }),
      }))
      // BOLT 7: whoever passes on what is not signed, or cannot be read, should be warned.
      if (fault === 'silent' || warnings.take() === undefined) return
      connection.send({
        type: 'warning',
        channelId: NO_CHANNEL,
        data: utf8Encode(`gossip: ${fault.replaceAll('-', ' ')}`),
      })
    },
  }
}
