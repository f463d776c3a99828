import { toHex } from '../lib/bytes.ts'
import type { OutPoint } from '../lib/ids.ts'

/** An outpoint as the key of a map. Not for people: the bytes stand in internal order. */
export const outpointKey = ({ txid, index }: OutPoint): string => `${toHex(txid)}:${index}`
