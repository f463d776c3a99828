import { CONTRACT_VERSION } from '@fulgurite/plugin-sdk/contract'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { reversed, toHex } from '../../lib/bytes.ts'
import { ok } from '../../lib/result.ts'
import { formatAddress } from '../peer/peer-manager.ts'
import { channelWarnings } from './channel-warnings.ts'
import type { MappingContext } from './context.ts'
import { describeChannel } from './describe-channel.ts'
import type { ActorHandlers } from './handlers.ts'

export const nodeHandlers = (context: MappingContext): ActorHandlers<'node'> => ({
  async getInfo() {
    const { options, watcher, signer, settings, channelDirectory, peerDirectory } = context
    const position = watcher.position()
    const tip = options.backend.tip()
    const channels = [...channelDirectory.all()].flatMap((entry) => describeChannel(entry) ?? [])
    const count = (state: string): number => channels.filter((each) => each.state === state).length
    return ok({
      nodeId: toHex(signer.nodeId),
      network: options.network.name,
      version: options.version,
      contractVersion: CONTRACT_VERSION,
      addresses: options.listen === undefined ? [] : [formatAddress({ ...options.listen, port: context.peers.port })],
      features: toHex(settings.features),
      blockHeight: (position ?? tip).height as number,
      blockHash: toHex(reversed((position ?? tip).hash)),
      synced: position?.height === tip.height,
      chainBackend: options.backendName,
      cryptoEngine: secp256k1.name,
      startedAt: context.startedAt as number,
      peersConnected: [...peerDirectory.all()].filter(({ connection }) => connection !== undefined).length,
      channelsUsable: count('usable'),
      channelsOpening: count('opening'),
      channelsClosing: count('closing'),
      warnings: [...channelWarnings(channels), ...(options.warnings?.() ?? [])],
    })
  },
  async stop() {
    context.options.onStopAsked()
    return ok({})
  },
})
