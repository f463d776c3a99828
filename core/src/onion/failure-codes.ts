/** BOLT 4, failure messages: the flags of a failure code. */

/** The onion could not be read, so that no failure can be encrypted for its origin. */
export const BADONION = 0x8000
/** Trying again will not help. */
export const PERM = 0x4000
/** The node failed, not one of its channels. */
export const NODE = 0x2000
/** The channel's relay policy was violated; its `channel_update` may be enclosed. */
export const UPDATE = 0x1000

/** The one failure that a node within a blinded route tells (BOLT 4). */
export const INVALID_ONION_BLINDING = BADONION | PERM | 24
