import type { Sat } from '../../../lib/units.ts'
import type { ClosingInput } from '../../commitment/closing-transaction.ts'
import { latest } from '../../commitments/commitments.ts'
import type { Funded } from '../../state/durable.ts'

/** The closing transaction that pays this fee. */
export const closingInput = (
  durable: Funded,
  scripts: { readonly local: Uint8Array; readonly remote: Uint8Array },
  fee: Sat,
): ClosingInput => {
  const { localParams, localLimits, remoteLimits, local } = latest(durable)
  return {
    format: localParams.format,
    funding: localParams,
    localScript: scripts.local,
    remoteScript: scripts.remote,
    toLocalMsat: local.spec.toLocalMsat,
    toRemoteMsat: local.spec.toRemoteMsat,
    localIsOpener: durable.params.localIsOpener,
    fee,
    localDustLimit: localLimits.dustLimit,
    remoteDustLimit: remoteLimits.dustLimit,
  }
}
