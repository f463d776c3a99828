import { encodeChannel, recoveredChannel } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { Channels } from '../channel/channels.ts'
import { type KeyIndexes, readKeyIndexFloor } from '../channel/key-indexes.ts'
import type { ShutdownScripts } from '../channel/shutdown-scripts.ts'
import type { Signer } from '../keys/signer.ts'
import type { NodeLog } from '../node-log.ts'
import { newestBackupWrite, readNewestBackup } from '../storage/newest-backup.ts'
import { TABLE } from '../storage/tables.ts'
import type { StaticBackup } from './static-backup.ts'
import { SKIPPED_KEY_INDEXES } from './take-up-restored.ts'

export interface ChannelsRestorer {
  readonly store: Store
  readonly channelDirectory: ChannelDirectory
  readonly channels: Pick<Channels, 'restore'>
  readonly signer: Signer
  readonly indexes: KeyIndexes
  readonly scripts: ShutdownScripts
  readonly log: NodeLog
  height(): BlockHeight
  /** The node connects to the peer, and stays connected. */
  wanted(nodeId: NodeId, addresses: readonly string[]): void
}

export interface ChannelsRestored {
  readonly restored: number
  /** The database has them, live or closed: what it knows of them is more than the backup does. */
  readonly known: number
}

/**
 * Brings back the channels of a static backup, as channels whose data is lost: they are on the disk before their peers are called, which are
 * then asked to close them.
 */
export const restoreChannels = async (
  restorer: ChannelsRestorer,
  { madeAt, channels, peers }: StaticBackup,
): Promise<ChannelsRestored> => {
  const { store, channelDirectory, signer, indexes, scripts, log, height, wanted } = restorer
  const rows = await store.getAll(
    TABLE.channel,
    channels.map(({ channelId }) => channelId),
  )
  // Others may be opened from now on, and none must have the keys of one that there was.
  const highest = channels.reduce((most, { keyIndex }) => Math.max(most, keyIndex), await readKeyIndexFloor(store))
  const lost = channels.filter(({ channelId }, at) => rows[at] === undefined && !channelDirectory.get(channelId))
  const broughtBack = lost.map(({ keyIndex }) => keyIndex)
  const newest = await readNewestBackup(store)
  const writes: Write[] = [
    ...indexes.bringBack(broughtBack, highest + SKIPPED_KEY_INDEXES),
    newestBackupWrite(madeAt > newest ? madeAt : newest),
  ]
  const states = lost.map((backup) =>
    recoveredChannel(backup, {
      localNodeId: signer.nodeId,
      localKeys: signer.channel(backup.keyIndex).publicKeys,
      // The wallet of a new folder may not know the one of before.
      localShutdownScript: scripts.take(),
      height: height(),
    }),
  )
  for (const durable of states) {
    const { channelId } = durable.params
    writes.push({ table: TABLE.channel, key: channelId, value: encodeChannel(undefined, durable).channelRow })
  }
  store.submit(writes)
  await store.flush()
  for (const durable of states) {
    restorer.channels.restore({ durable })
    log.warn('channel.recovered', { channel: toHex(durable.params.channelId) })
  }
  const concerned = new Set(lost.map(({ remoteNodeId }) => toHex(remoteNodeId)))
  for (const { nodeId, addresses } of peers) if (concerned.has(toHex(nodeId))) wanted(nodeId, addresses)
  return { restored: states.length, known: channels.length - states.length }
}
