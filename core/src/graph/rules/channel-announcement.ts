import { compileScript, OPS, p2wsh } from '../../bitcoin/script.ts'
import { compareBytes, equalBytes } from '../../lib/bytes.ts'
import type { PublicKey, TxId } from '../../lib/ids.ts'
import type { BlockHeight, Sat } from '../../lib/units.ts'
import { unknownEvenBits } from '../../wire/features.ts'
import type { ChannelAnnouncement } from '../../wire/messages/gossip.ts'
import type { GossipEnv, KnownChannel } from './known.ts'
import { checksOfChannel } from './signature-checks.ts'
import { type Ignored, ignore, refuse, type Verdict } from './verdict.ts'

const CONFIRMATIONS = 6
/** How far behind the network our own chain may be. */
const BLOCKS_BEHIND = 1

/** BOLT 7, channel_announcement, the receiving node: what can be said before the signatures are checked and the chain is asked. */
export const judgeChannelAnnouncement = (
  raw: Uint8Array,
  message: ChannelAnnouncement,
  { chainHash, height }: GossipEnv,
  known: KnownChannel | undefined,
): Verdict => {
  // BOLT 7: one of an unknown chain is ignored.
  if (!equalBytes(message.chainHash, chainHash)) return ignore('other-chain')
  // BOLT 7: node_id_1 is the lesser of the two, and a channel has two ends.
  if (compareBytes(message.nodeId1, message.nodeId2) >= 0) return refuse('node-ids-out-of-order')
  // BOLT 7: a channel has one valid announcement. One that names other nodes for it shows that keys have leaked, and the first counts.
  if (known !== undefined) return ignore('already-known')
  // BOLT 7: the funding has six confirmations, or nearly, because our latest blocks may be missing.
  const confirmations = height - Number(message.shortChannelId >> 40n) + 1
  if (confirmations < CONFIRMATIONS - BLOCKS_BEHIND) return ignore('not-deep-enough')
  return { type: 'check', checks: checksOfChannel(raw, message) }
}

/** What the chain says of the output that a short channel id names. */
export type FundingOutput =
  | { readonly type: 'unspent'; readonly script: Uint8Array; readonly amountSat: Sat; readonly txid: TxId }
  | { readonly type: 'spent' }
  /** There is no such block, transaction or output. */
  | { readonly type: 'missing' }

/** What is kept of a channel's funding. */
export interface Funding {
  readonly capacitySat: Sat
  readonly txid: TxId
}

/** BOLT 7, channel_announcement, the receiving node: the output is unspent, and is the P2WSH of both bitcoin keys (BOLT 3). */
export const judgeFunding = (
  { bitcoinKey1, bitcoinKey2 }: ChannelAnnouncement,
  output: FundingOutput,
): { readonly type: 'funded'; readonly funding: Funding } | Ignored => {
  if (output.type === 'missing') return ignore('funding-missing')
  if (output.type === 'spent') return ignore('channel-spent')
  if (!equalBytes(announcedOutput(bitcoinKey1, bitcoinKey2), output.script)) return ignore('funding-of-others')
  return { type: 'funded', funding: { capacitySat: output.amountSat, txid: output.txid } }
}

/** BOLT 7: whatever a channel's commitments are like, the output that an announcement names is a P2WSH of the two keys in order (BOLT 3). */
export const announcedOutput = (a: PublicKey, b: PublicKey): Uint8Array => {
  const [first, second] = compareBytes(a, b) < 0 ? [a, b] : [b, a]
  return p2wsh(compileScript([OPS.OP_2, first, second, OPS.OP_2, OPS.OP_CHECKMULTISIG]))
}

/** BOLT 7: no payment goes through a channel with an unknown even bit. It is kept and passed on all the same. */
export const isChannelRoutable = ({ features }: Pick<ChannelAnnouncement, 'features'>): boolean =>
  unknownEvenBits(features).length === 0

const FORGOTTEN_AFTER = 72

/** BOLT 7: a channel is forgotten 72 blocks after its funding was spent: the spend may be a splice. */
export const isForgotten = ({ spentAt }: KnownChannel, height: BlockHeight): boolean =>
  spentAt !== undefined && height - spentAt >= FORGOTTEN_AFTER
