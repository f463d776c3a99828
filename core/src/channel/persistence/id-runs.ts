import type { HtlcId } from '../../lib/ids.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { bigSize } from '../../wire/codec/primitives.ts'

/**
 * HTLC ids, read back in increasing order, stored as runs: ids are given out one by one, so a few bytes hold hundreds of them. This keeps
 * the ids of a commitment smaller in a row than its signatures.
 */
export const idRuns: Codec<readonly HtlcId[]> = {
  encode(writer, ids) {
    const runs: [gap: bigint, length: bigint][] = []
    let next = 0n
    for (const value of inOrder(ids)) {
      const id = value
      const last = runs.at(-1)
      if (last !== undefined && id === next) last[1]++
      else runs.push([id - next, 1n])
      next = id + 1n
    }
    bigSize.encode(writer, BigInt(runs.length))
    for (const [gap, length] of runs) {
      bigSize.encode(writer, gap)
      bigSize.encode(writer, length)
    }
  },
  decode(reader) {
    const ids: bigint[] = []
    let next = 0n
    const runs = bigSize.decode(reader)
    for (let run = 0n; run < runs && !reader.failed; run++) {
      next += bigSize.decode(reader)
      const length = bigSize.decode(reader)
      // Each side may have 483 HTLCs in a commitment; a row with many more was not written by us.
      if (length > MOST_IDS || BigInt(ids.length) + length > MOST_IDS) reader.fail('invalid-value')
      for (let i = 0n; i < length && !reader.failed; i++) ids.push(next++)
    }
    return ids
  },
}

// They are in order, or nearly so: a commitment lists them as they were added.
const inOrder = (ids: readonly HtlcId[]): readonly HtlcId[] => {
  const sorted = ids.every((id, at) => at === 0 || (ids[at - 1] as bigint) < id)
  return sorted ? ids : ids.toSorted((a, b) => (a < b ? -1 : 1))
}

const MOST_IDS = 100_000n
