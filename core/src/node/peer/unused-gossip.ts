/**
 * BOLT 7's gossip of even types, which a peer may send unasked: channel_announcement, reply_short_channel_ids_end and reply_channel_range. We
 * have no use for it yet, but that is no reason to hang up.
 */
export const UNUSED_GOSSIP: readonly number[] = [256, 262, 264]
