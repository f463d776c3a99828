import { concat, equalBytes } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { sha256 } from './hashes.ts'

// BOLT 3, per-commitment secret requirements: secrets form a binary tree 48 levels deep, walked from its last leaf down, so
// that 49 of them are enough to compute all that came before. An index has 48 bits, which a `number` holds exactly.

const INDEX_BITS = 48
const SECRET_LENGTH = 32

/** The index of the first secret that is used; every next one is 1 lower. */
export const FIRST_SECRET_INDEX = 2 ** INDEX_BITS - 1

const isBitSet = (index: number, bit: number): boolean => Math.floor(index / 2 ** bit) % 2 === 1

const step = (secret: Uint8Array, bit: number): Uint8Array => {
  const flipped = Uint8Array.from(secret)
  const byte = bit >>> 3
  flipped[byte] = (flipped[byte] as number) ^ (1 << (bit & 7))
  return sha256(flipped)
}

/** Walks from a node of the tree down to the leaf `index`, over its `bits` lowest bits. */
const derive = (node: Uint8Array, bits: number, index: number): Uint8Array => {
  let secret = node
  for (let bit = bits - 1; bit >= 0; bit--) if (isBitSet(index, bit)) secret = step(secret, bit)
  return secret
}

/** The secret of one index, at the price of one hash per bit set in it. */
export const shachainSecret = (seed: Uint8Array, index: number): Uint8Array => derive(seed, INDEX_BITS, index)

/** A path of all 48 bits would be most of what a channel at rest keeps in memory. */
const REMEMBERED_BITS = 6
const REMEMBERED_INDICES = 2 ** REMEMBERED_BITS

/**
 * Computes the secrets of one seed. It remembers the end of the path to its last answer, so that the next index down costs less than three
 * hashes on average instead of up to 48.
 */
export const shachainGenerator = (seed: Uint8Array): ((index: number) => Uint8Array) => {
  // path[bit] is the node reached when the bits from 47 down to `bit` were followed.
  const path: Uint8Array[] = []
  let last: number | undefined
  return (index) => {
    invariant(Number.isInteger(index) && index >= 0 && index <= FIRST_SECRET_INDEX, 'a shachain index has 48 bits')
    const start = index - (index % REMEMBERED_INDICES)
    let bit = REMEMBERED_BITS - 1
    if (last !== undefined && last - (last % REMEMBERED_INDICES) === start) {
      while (bit >= 0 && isBitSet(index, bit) === isBitSet(last, bit)) bit--
    } else {
      path[REMEMBERED_BITS] = shachainSecret(seed, start)
    }
    for (; bit >= 0; bit--) {
      const above = path[bit + 1] as Uint8Array
      path[bit] = isBitSet(index, bit) ? step(above, bit) : above
    }
    last = index
    return Uint8Array.from(path[0] as Uint8Array)
  }
}

/** What the receiver of secrets keeps: at most 49, in place of up to 2^48. Values are never changed in place. */
export interface ShachainStore {
  /** The only index that can be inserted now; -1 when all were. */
  readonly nextIndex: number
  /** Slot n holds the last secret received whose index ends in exactly n zero bits (slot 48: index 0). */
  readonly secrets: readonly Uint8Array[]
}

export const EMPTY_SHACHAIN_STORE: ShachainStore = { nextIndex: FIRST_SECRET_INDEX, secrets: [] }

/**
 * Adds the secret of `store.nextIndex`. BOLT 3, efficient per-commitment secret storage: a secret from which a secret known
 * already cannot be derived shows that the sender does not follow the tree.
 */
export const insertSecret = (
  store: ShachainStore,
  secret: Uint8Array,
): Result<ShachainStore, { readonly code: 'secret-not-of-chain'; readonly index: number }> => {
  const index = store.nextIndex
  invariant(index >= 0 && secret.length === SECRET_LENGTH, 'a 32-byte secret and an index that is left')
  const slot = trailingZeros(index)
  for (let below = 0; below < slot; below++) {
    const known = store.secrets[below]
    if (known === undefined || !equalBytes(derive(secret, slot, indexOfSlot(index + 1, below)), known)) {
      return err({ code: 'secret-not-of-chain', index })
    }
  }
  const secrets = [...store.secrets]
  secrets[slot] = Uint8Array.from(secret)
  return ok({ nextIndex: index - 1, secrets })
}

/** The secret of an index that was inserted earlier, or `undefined`. */
export const findSecret = (store: ShachainStore, index: number): Uint8Array | undefined => {
  const lowest = store.nextIndex + 1
  if (index < lowest || index > FIRST_SECRET_INDEX) return undefined
  for (const [slot, secret] of store.secrets.entries()) {
    const node = indexOfSlot(lowest, slot)
    const span = 2 ** slot
    if (Math.floor(node / span) === Math.floor(index / span)) return derive(secret, slot, index)
  }
  return undefined
}

/** 6 bytes for the number of indices that are left, then 32 bytes per slot. */
export const encodeShachainStore = (store: ShachainStore): Uint8Array => {
  const header = Buffer.alloc(6)
  // 2^48 does not fit; an empty store, which alone would need it, is told by its having no secrets.
  if (store.secrets.length > 0) header.writeUIntBE(store.nextIndex + 1, 0, 6)
  return concat(header, ...store.secrets)
}

/** Reads what `encodeShachainStore` wrote. */
export const decodeShachainStore = (
  bytes: Uint8Array,
): Result<ShachainStore, { readonly code: 'malformed-shachain-store' }> => {
  const count = (bytes.length - 6) / SECRET_LENGTH
  if (!Number.isInteger(count) || count < 0) return err({ code: 'malformed-shachain-store' })
  const lowest = Buffer.from(bytes.buffer, bytes.byteOffset, 6).readUIntBE(0, 6)
  if (count === 0) return lowest === 0 ? ok(EMPTY_SHACHAIN_STORE) : err({ code: 'malformed-shachain-store' })
  if (count !== slotsFilled(lowest)) return err({ code: 'malformed-shachain-store' })
  const secrets = Array.from({ length: count }, (_, slot) =>
    bytes.slice(6 + slot * SECRET_LENGTH, 6 + (slot + 1) * SECRET_LENGTH),
  )
  return ok({ nextIndex: lowest - 1, secrets })
}

const trailingZeros = (index: number): number => {
  let zeros = 0
  while (zeros < INDEX_BITS && !isBitSet(index, zeros)) zeros++
  return zeros
}

/** Of the indices from `lowest` up, the smallest that ends in exactly `slot` zero bits. */
const indexOfSlot = (lowest: number, slot: number): number => {
  if (slot === INDEX_BITS) return 0
  const span = 2 ** slot
  const candidate = Math.ceil(lowest / span) * span
  return isBitSet(candidate, slot) ? candidate : candidate + span
}

/** How many slots hold a secret once every index from the first down to `lowest` was inserted. */
const slotsFilled = (lowest: number): number => {
  let slots = 0
  while (slots < INDEX_BITS && indexOfSlot(lowest, slots) <= FIRST_SECRET_INDEX) slots++
  return lowest === 0 ? INDEX_BITS + 1 : slots
}
