import { EMPTY } from '../lib/bytes.ts'
import type { Flavor } from '../lib/flavor.ts'
import type { ShortChannelId } from '../lib/ids.ts'
import { err, type Result } from '../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from './codec/codec.ts'
import { restList, struct } from './codec/combinators.ts'
import { bigSize, u32, u64 } from './codec/primitives.ts'

/**
 * BOLT 7, query messages: an array behind a byte that says how it is packed. It is kept as it came: one that nobody can read is not what
 * makes a message invalid.
 */
export type EncodedArray = Flavor<Uint8Array, 'encoded-array'>

/**
 * Why an array cannot be read. BOLT 7: zlib was encoding 1 and is not to be used any more, so it is unknown to us as any other. Whoever
 * sends one may be warned.
 */
export type ArrayFault = 'unknown-encoding' | 'not-whole' | 'not-ascending'

/** BOLT 7: a number for each of a channel's two updates, 0 where there is none. */
export interface PerDirection {
  /** For the update of `node_id_1`. u32. */
  readonly node1: number
  readonly node2: number
}

export const perDirection = struct<PerDirection>({ node1: u32, node2: u32 })

const UNCOMPRESSED = 0

const write = <T>(element: Codec<T>, values: readonly T[]): EncodedArray => {
  const rest = encodeWith(restList(element), values)
  const bytes = new Uint8Array(1 + rest.length)
  bytes[0] = UNCOMPRESSED
  bytes.set(rest, 1)
  return bytes
}

const read = <T>(element: Codec<T>, array: EncodedArray): Result<readonly T[], ArrayFault> => {
  const [encoding = UNCOMPRESSED] = array
  if (encoding !== UNCOMPRESSED) return err('unknown-encoding')
  const values = decodeWith(restList(element), array.length === 0 ? EMPTY : array.subarray(1))
  return values.ok ? values : err('not-whole')
}

/** BOLT 7: in ascending order. */
export const writeShortIds = (ids: readonly ShortChannelId[]): EncodedArray => write(u64, ids)

export const readShortIds = (array: EncodedArray): Result<readonly ShortChannelId[], ArrayFault> => {
  const ids = read(u64, array)
  // BOLT 7: in ascending order. Each id once: otherwise a short query could ask for the same long answer again and again.
  if (ids.ok && ids.value.some((id, at) => at > 0 && id <= (ids.value[at - 1] as bigint))) return err('not-ascending')
  return ids
}

/** A flag for each id. BOLT 7: each as short as it can be. */
export const writeQueryFlags = (flags: readonly bigint[]): EncodedArray => write(bigSize, flags)

export const readQueryFlags = (array: EncodedArray): Result<readonly bigint[], ArrayFault> => read(bigSize, array)

export const writeTimestamps = (timestamps: readonly PerDirection[]): EncodedArray => write(perDirection, timestamps)

export const readTimestamps = (array: EncodedArray): Result<readonly PerDirection[], ArrayFault> =>
  read(perDirection, array)
