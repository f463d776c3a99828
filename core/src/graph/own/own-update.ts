import { EMPTY, equalBytes } from '../../lib/bytes.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, Msat, Ppm } from '../../lib/units.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'

/** What this node asks for at its end of an announced channel. */
export interface OwnTerms {
  readonly shortChannelId: ShortChannelId
  /** BOLT 7, channel_flags: 0 if our id is the lesser one. */
  readonly direction: 0 | 1
  readonly disabled: boolean
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: Ppm
  /** What follows the fields: nothing, or bLIP 18's fee for what comes in. */
  readonly extension?: Uint8Array
  /** Of the last update that was for the peer alone; 0 if there is none. */
  readonly saidToPeer: number
}

const MUST_BE_ONE = 1
const DISABLED = 2
const NOT_SIGNED = new Uint8Array(64)

/**
 * After this many seconds an update is made anew though it says the same. BOLT 7, pruning: others may forget the channel when it is two weeks
 * old, and it takes days to reach those who are seldom connected.
 */
export const REFRESHED_AFTER = 7 * 24 * 3600

/**
 * The `channel_update` that the network should have now, without its signature; `undefined` while `last` is as good: BOLT 7, no redundant
 * ones. `now` is in seconds since the Unix epoch.
 */
export const nextOwnUpdate = (
  last: ChannelUpdate | undefined,
  terms: OwnTerms,
  { chainHash, now }: { readonly chainHash: Uint8Array; readonly now: number },
): ChannelUpdate | undefined => {
  const update: ChannelUpdate = {
    type: 'channel_update',
    signature: NOT_SIGNED,
    chainHash,
    shortChannelId: terms.shortChannelId,
    // BOLT 7: above zero, and above every one that was sent before, whatever the clock says.
    timestamp: Math.max(now, Math.max(last?.timestamp ?? 0, terms.saidToPeer) + 1),
    messageFlags: MUST_BE_ONE,
    channelFlags: terms.direction | (terms.disabled ? DISABLED : 0),
    cltvExpiryDelta: terms.cltvExpiryDelta,
    htlcMinimumMsat: terms.htlcMinimumMsat,
    feeBaseMsat: Number(terms.feeBaseMsat),
    feeProportionalMillionths: terms.feeProportionalMillionths,
    htlcMaximumMsat: terms.htlcMaximumMsat,
    ...(terms.extension === undefined ? {} : { extension: terms.extension }),
  }
  return last !== undefined && saysTheSame(last, update) && now < last.timestamp + REFRESHED_AFTER ? undefined : update
}

const saysTheSame = (a: ChannelUpdate, b: ChannelUpdate): boolean =>
  a.channelFlags === b.channelFlags &&
  a.messageFlags === b.messageFlags &&
  a.cltvExpiryDelta === b.cltvExpiryDelta &&
  a.htlcMinimumMsat === b.htlcMinimumMsat &&
  a.htlcMaximumMsat === b.htlcMaximumMsat &&
  a.feeBaseMsat === b.feeBaseMsat &&
  a.feeProportionalMillionths === b.feeProportionalMillionths &&
  equalBytes(a.extension ?? EMPTY, b.extension ?? EMPTY)
