import { CONTRACT_VERSION, type ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { signerOfMessage, signMessage } from '../../crypto/signed-message.ts'
import { equalBytes, reversed, toHex, utf8Encode } from '../../lib/bytes.ts'
import { counted } from '../../lib/counted.ts'
import type { NodeId } from '../../lib/ids.ts'
import { inTurn } from '../../lib/in-turn.ts'
import { err, ok } from '../../lib/result.ts'
import { createBackup } from '../backup/create-backup.ts'
import { type ChainProblem, explainProblem } from '../chain/chain-problems.ts'
import { formatAddress } from '../peer/socket-address.ts'
import { channelWarnings } from './channel-warnings.ts'
import type { MappingContext } from './context.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { feeWarnings, rescanWarning } from './wallet-warnings.ts'

export const nodeHandlers = (
  context: MappingContext,
  /** Two backups at once would only hold each other up. */
  oneByOne = inTurn(),
): ActorHandlers<'node'> => ({
  async getInfo() {
    const { options, watcher, signer, settings, channelDirectory, peerDirectory, chainHealth, gossip } = context
    const position = watcher.position()
    const tip = options.backend.tip()
    const walls = options.pluginWalls?.()
    return ok({
      nodeId: toHex(signer.nodeId),
      network: options.network.name,
      version: options.version,
      contractVersion: CONTRACT_VERSION,
      addresses: options.listen === undefined ? [] : [formatAddress({ ...options.listen, port: context.peers.port })],
      features: toHex(settings.features),
      blockHeight: (position ?? tip).height,
      blockHash: toHex(reversed((position ?? tip).hash)),
      synced: chainHealth.isSynced(),
      chain: describeHealth(context),
      chainBackend: options.backendName,
      cryptoEngine: secp256k1.name,
      startedAt: context.startedAt,
      peersConnected: peerDirectory.connected,
      channelsUsable: channelDirectory.count('usable'),
      channelsOpening: channelDirectory.count('opening'),
      channelsClosing: channelDirectory.count('closing'),
      ...(gossip === undefined ? {} : { graph: { channels: gossip.channelCount, nodes: gossip.nodeCount } }),
      ...(walls === undefined ? {} : { pluginWalls: walls }),
      warnings: [
        ...chainHealth.problems().map(warningOf),
        ...channelWarnings(channelDirectory),
        ...feeWarnings(context),
        ...rescanWarning(context.rescan),
        ...(context.shared?.warnings() ?? []),
        ...wallWarnings(walls),
        ...unreachableWarning(context),
        ...(context.kept?.warnings() ?? []),
        ...context.backups.keeper.warnings(),
        ...(options.warnings?.() ?? []),
      ],
    })
  },
  async retention() {
    return context.kept === undefined
      ? err(refusal('not-supported', 'this node has no place for an archive, and keeps everything'))
      : ok(await context.kept.survey())
  },
  async backup({ folder }) {
    const { store, clock, log, network } = context.options
    const name = `fulgurite-${network.name}-${toHex(context.signer.nodeId).slice(0, 8)}`
    const made = await oneByOne(() => createBackup({ store, clock, log, name }, folder))
    return made.ok ? ok({ ...made.value }) : err(refusal(made.error.code, made.error.reason, { field: 'folder' }))
  },
  async signMessage({ message }) {
    return ok({ signature: signMessage(utf8Encode(message), context.signer.signAsNodeRecoverable) })
  },
  async verifyMessage({ message, signature, nodeId }) {
    const signer = signerOfMessage(utf8Encode(message), signature)
    if (signer === undefined) return ok({ valid: false })
    const id = toHex(signer)
    return ok({ valid: nodeId === undefined ? isKnown(context, signer) : nodeId === id, nodeId: id })
  },
  async stop() {
    context.options.onStopAsked()
    return ok({})
  },
})

const isKnown = ({ signer, channelDirectory, gossip }: MappingContext, nodeId: NodeId): boolean =>
  equalBytes(nodeId, signer.nodeId) || channelDirectory.countOfPeer(nodeId) > 0 || gossip?.knows(nodeId) === true

const warningOf = (problem: ChainProblem): string => {
  const { text, fix } = explainProblem(problem)
  return `${text}. To do: ${fix}`
}

const describeHealth = ({ options, watcher }: MappingContext) => {
  const { isCurrent, answeredAt, headers, isCatchingUp, pruneHeight, missingBlock, estimates } =
    options.backend.health()
  return {
    reachable: isCurrent,
    answeredAt: answeredAt,
    backendHeight: options.backend.tip().height,
    backendHeaders: headers,
    backendCatchingUp: isCatchingUp,
    ...(pruneHeight === undefined ? {} : { pruneHeight: pruneHeight }),
    ...(missingBlock === undefined ? {} : { missingBlock: missingBlock }),
    handledHeight: watcher.handled(),
    feeEstimates: estimates.arePresent,
    feeEstimatesAt: estimates.madeAt,
  }
}

/** Where plugins are held by less than a system like this can offer. */
const wallWarnings = (walls: ReplyOf<'node', 'getInfo'>['pluginWalls']): readonly string[] =>
  walls === undefined || walls.files === 'own-root'
    ? []
    : [`plugins are held by ${walls.by}: bubblewrap, where it can be had, holds them better; see docs/security.md`]

const unreachableWarning = ({ peerDirectory, channelDirectory, peers }: MappingContext): readonly string[] => {
  const lost = [...channelDirectory.peers()].filter(
    (nodeId) => peerDirectory.get(nodeId)?.connection === undefined && peers.knownAddresses(nodeId).length === 0,
  )
  if (lost.length === 0) return []
  return [
    `no address is known of ${counted(lost.length, 'peer')} with channels that ${lost.length === 1 ? 'is' : 'are'} away. To do: give it with --peer`,
  ]
}
