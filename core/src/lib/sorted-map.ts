import btree from 'sorted-btree'
import diff from 'sorted-btree/extended/diffAgainst.js'

/** A map in the order of its keys. A clone costs nothing: it shares with its original what neither changes. */
export type SortedMap<K, V> = InstanceType<typeof btree.default<K, V>>

/** Strings and numbers are ordered by themselves; other keys need `compare`. */
export const sortedMap = <K, V>(compare?: (a: K, b: K) => number): SortedMap<K, V> =>
  new btree.default<K, V>(undefined, compare)

export interface Changes<V> {
  /** New, or not what they were. */
  readonly changed: readonly V[]
  readonly gone: readonly V[]
}

/** In the order of the keys. The work is in proportion to what has changed, and not to what the maps hold, where one was made from the other. */
export const changesBetween = <K, V>(before: SortedMap<K, V>, after: SortedMap<K, V>): Changes<V> => {
  const changed: V[] = []
  const gone: V[] = []
  if (before !== after) {
    diff.default<K, V, void>(
      before,
      after,
      (_, value) => void gone.push(value),
      (_, value) => void changed.push(value),
      (_, __, value) => void changed.push(value),
    )
  }
  // The comparison goes from the last key to the first.
  return { changed: changed.reverse(), gone: gone.reverse() }
}
