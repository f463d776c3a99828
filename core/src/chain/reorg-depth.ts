/**
 * How many blocks a node can see undone although it was down meanwhile: it keeps the hashes of so many below its cursor. BOLT 5 calls an
 * output irrevocably resolved after 100.
 */
export const REORG_DEPTH = 144
