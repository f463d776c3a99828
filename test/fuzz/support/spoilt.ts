import { concat } from '../../../core/src/lib/bytes.ts'
import type { Random } from './random.ts'

/** Bytes of which some were changed, left out or added. */
export const spoilt = (bytes: Uint8Array, random: Random): Uint8Array => {
  const changed = bytes.slice()
  for (let i = random.below(4); i > 0 && changed.length > 0; i--)
    changed[random.below(changed.length)] = random.below(256)
  if (random.oneIn(4)) return changed.slice(0, random.below(changed.length + 1))
  return random.oneIn(4) ? concat(changed, random.bytes(random.below(60))) : changed
}
