import { toHex } from '../../lib/bytes.ts'
import { msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { OutputLock } from '../commitment/output-lock.ts'

export interface NamedOutput {
  readonly htlc: SpecHtlc
  readonly lock: OutputLock
}

/**
 * Which HTLC an output of a commitment belongs to, if it was read from the chain and not made here. There may be 966 of each, so every
 * HTLC's script is made once. HTLCs with the same script and amount are as good as each other: each is given out once.
 */
export const namedOutputs = (
  htlcs: readonly SpecHtlc[],
  lockOf: (htlc: SpecHtlc) => OutputLock,
): ((script: Uint8Array, amount: Sat) => NamedOutput | undefined) => {
  const named = new Map<string, NamedOutput[]>()
  for (const htlc of htlcs) {
    const lock = lockOf(htlc)
    const name = nameOf(lock.outputScript, msatToSatFloor(htlc.amountMsat))
    const same = named.get(name)
    if (same === undefined) named.set(name, [{ htlc, lock }])
    else same.push({ htlc, lock })
  }
  return (script, amount) => named.get(nameOf(script, amount))?.shift()
}

const nameOf = (script: Uint8Array, amount: Sat): string => `${toHex(script)} ${amount}`
