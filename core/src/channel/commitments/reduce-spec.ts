import type { CommitmentSpec, HtlcDirection, SpecHtlc } from '../commitment/commitment-spec.ts'
import type { Change } from '../state/changes.ts'

/**
 * A commitment with changes applied. `byOwner` are the changes that the commitment's owner made, `byOther` those of the other side. A
 * removal names an HTLC that the side which removes it has received.
 */
export const reduceSpec = (
  spec: CommitmentSpec,
  byOwner: readonly Change[],
  byOther: readonly Change[],
): CommitmentSpec => {
  if (byOwner.length === 0 && byOther.length === 0) return spec
  let { toLocalMsat, toRemoteMsat, feeratePerKw } = spec as {
    toLocalMsat: bigint
    toRemoteMsat: bigint
    feeratePerKw: CommitmentSpec['feeratePerKw']
  }
  const added: SpecHtlc[] = []
  const removed: { readonly change: Change & { readonly type: 'fulfil' | 'fail' }; readonly byOwner: boolean }[] = []
  for (const change of byOwner) {
    if (change.type === 'add') {
      toLocalMsat -= change.add.amountMsat
      added.push(specHtlc('offered', change))
    } else if (change.type === 'fee') feeratePerKw = change.feeratePerKw
    else removed.push({ change, byOwner: true })
  }
  for (const change of byOther) {
    if (change.type === 'add') {
      toRemoteMsat -= change.add.amountMsat
      added.push(specHtlc('received', change))
    } else if (change.type === 'fee') feeratePerKw = change.feeratePerKw
    else removed.push({ change, byOwner: false })
  }
  let htlcs = spec.htlcs
  if (removed.length > 0) {
    const kept = htlcs.slice()
    for (const { change, byOwner: ownerRemoves } of removed) {
      const direction: HtlcDirection = ownerRemoves ? 'received' : 'offered'
      const at = kept.findIndex((htlc) => htlc.id === change.id && htlc.direction === direction)
      const htlc = kept[at]
      if (htlc === undefined) continue
      // A fulfilled HTLC goes to the side that received it, a failed one back to the side that offered it.
      if (ownerRemoves === (change.type === 'fulfil')) toLocalMsat += htlc.amountMsat
      else toRemoteMsat += htlc.amountMsat
      kept.splice(at, 1)
    }
    htlcs = kept
  }
  return { htlcs: added.length === 0 ? htlcs : [...htlcs, ...added], feeratePerKw, toLocalMsat, toRemoteMsat }
}

const specHtlc = (direction: HtlcDirection, { add }: Change & { readonly type: 'add' }): SpecHtlc => ({
  direction,
  id: add.id,
  amountMsat: add.amountMsat,
  paymentHash: add.paymentHash,
  cltvExpiry: add.cltvExpiry,
})
