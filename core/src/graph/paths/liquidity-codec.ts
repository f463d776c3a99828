import type { Codec } from '../../wire/codec/codec.ts'
import { mapped, restList, struct, versioned } from '../../wire/codec/combinators.ts'
import { u8, u64 } from '../../wire/codec/primitives.ts'
import type { Direction } from '../snapshot.ts'
import type { LiquidityEntry } from './liquidity.ts'

const direction: Codec<Direction> = mapped(
  u8,
  (value) => (value === 0 || value === 1 ? value : undefined),
  (value: Direction) => value,
)

/** Milliseconds since the Unix epoch. */
const timestamp: Codec<number> = mapped(u64, Number, (value: number) => BigInt(value))

/** What was learnt of the liquidity of channels, as it is kept over restarts. */
export const liquidityCodec: Codec<readonly LiquidityEntry[]> = versioned(
  restList(struct<LiquidityEntry>({ shortChannelId: u64, direction, lowerMsat: u64, upperMsat: u64, at: timestamp })),
)
