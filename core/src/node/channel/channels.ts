import type { ActorSystem } from '../../actor/actor-system.ts'
import type { ActorContext, ActorRef, Supervision } from '../../actor/types.ts'
import { type ChannelState, idsOf, newChannel, newSession } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { CHANNEL_LANES, channelBehaviour } from './channel-actor.ts'
import type { ChannelHold } from './channel-hold.ts'
import type { ChannelProtocol } from './channel-protocol.ts'
import type { ChannelServices } from './channel-services.ts'
import type { ConnectionRef } from './connection-ref.ts'

/** Creates channels: each is an actor at `/channels/<id>`. */
export interface Channels {
  /** A channel that the store holds, at the start of the node. */
  restore(state: ChannelState): ActorRef<ChannelProtocol>
  /** A channel that one side is about to propose. The id is the temporary one. */
  create(
    temporaryChannelId: ChannelId,
    remoteNodeId: NodeId,
    connection: ConnectionRef,
    remoteFeatures: FeatureVector,
  ): ActorRef<ChannelProtocol>
}

// A second throw goes to the chain (see the channel's actor); after that, waiting changes nothing.
const supervision = { type: 'restart', minBackoffMs: 100, maxBackoffMs: 60_000, resetAfterMs: 3_600_000 } as const

export const createChannels = <E extends { readonly type: string }>(
  system: ActorSystem<E>,
  services: ChannelServices,
): Channels => {
  let parent: ActorContext<Record<string, never>> | undefined
  system.spawn<Record<string, never>>('channels', (context) => {
    parent = context
    return { handlers: {} }
  })

  const spawn = (name: string, hold: ChannelHold): ActorRef<ChannelProtocol> => {
    invariant(parent !== undefined, 'the parent of the channels lives as long as the system')
    let pressed: ConnectionRef | undefined
    return parent.spawn<ChannelProtocol>(name, channelBehaviour(services, hold), {
      lanes: CHANNEL_LANES,
      supervision: supervision satisfies Supervision,
      // The connection that was held up must be released, whichever is in use by then.
      onPressure: (lane, full) => {
        if (lane !== 'peer') return
        if (full) pressed = hold.connection
        pressed?.ref.tell('press', { epoch: pressed.epoch, isFull: full })
        if (!full) pressed = undefined
      },
    })
  }

  return {
    restore: (state) => spawn(toHex(idsOf(state.durable).channelId), { state }),
    create(temporaryChannelId, remoteNodeId, connection, remoteFeatures) {
      const session = newSession(connection.epoch, remoteFeatures, true)
      const state = newChannel(services.signer.nodeId, remoteNodeId, temporaryChannelId, session)
      // Two peers may choose the same.
      return spawn(`${toHex(remoteNodeId)}.${toHex(temporaryChannelId)}`, { state, connection })
    },
  }
}
