import { concat, u64be } from '../../lib/bytes.ts'
import { err, type Result } from '../../lib/result.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { mapped, struct, versioned } from '../../wire/codec/combinators.ts'
import { u8, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { type Direction, MAX_AMOUNT_MSAT } from '../snapshot.ts'
import type { LearntDirection, LiquidityEntry } from './liquidity.ts'

const direction: Codec<Direction> = mapped(
  u8,
  (value) => (value === 0 || value === 1 ? value : undefined),
  (value: Direction) => value,
)

/** Milliseconds since the Unix epoch. */
const timestamp: Codec<number> = mapped(u64, Number, (value: number) => BigInt(value))

const name = struct<LearntDirection>({ shortChannelId: u64, direction })

type Learnt = Omit<LiquidityEntry, keyof LearntDirection>

const learnt: Codec<Learnt> = versioned(
  mapped(
    struct<Learnt>({ lowerMsat: u64, upperMsat: u64, at: timestamp }),
    (value) => (value.lowerMsat <= value.upperMsat && value.upperMsat <= MAX_AMOUNT_MSAT ? value : undefined),
    (value: Learnt) => value,
  ),
)

/** What was learnt of one direction of a channel is a row: one that is damaged costs what it held, and nothing else. */
export const liquidityKey = ({ shortChannelId, direction }: LearntDirection): Uint8Array =>
  concat(u64be(shortChannelId), Uint8Array.of(direction))

export const encodeLiquidity = (entry: LiquidityEntry): Uint8Array => encodeWith(learnt, entry)

export const decodeLiquidity = (key: Uint8Array, value: Uint8Array): Result<LiquidityEntry, WireError> => {
  const named = decodeWith(name, key)
  if (!named.ok) return err(named.error)
  const known = decodeWith(learnt, value)
  return known.ok ? { ok: true, value: { ...named.value, ...known.value } } : known
}
