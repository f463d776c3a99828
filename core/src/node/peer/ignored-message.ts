import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { IgnoredByConnection } from '../connection/connection.ts'
import type { RationedLog } from '../rationed-log.ts'

/** A message that is neither acted on nor answered: its kind and why, never what it says. */
export type IgnoredMessage =
  | IgnoredByConnection
  | { readonly message: 'channel_update'; readonly why: 'not-of-our-channels' }
  | { readonly message: 'announcement_signatures'; readonly why: 'not-announced' }
  | { readonly message: 'peer_storage'; readonly why: 'without-channel' }
  | { readonly message: 'peer_storage_retrieval'; readonly why: 'repeated' }

export const logIgnored = (lines: RationedLog, peer: NodeId, ignored: IgnoredMessage): void =>
  lines.write('debug', 'peer.message-ignored', () => ({ peer: toHex(peer), ...ignored }))
