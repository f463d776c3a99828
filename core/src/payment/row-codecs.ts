import type { Codec } from '../wire/codec/codec.ts'
import { mapped } from '../wire/codec/combinators.ts'
import { u64 } from '../wire/codec/primitives.ts'

/** Milliseconds since the Unix epoch, in 8 bytes. */
export const timestamp: Codec<number> = mapped(u64, Number, (value: number) => BigInt(value))
