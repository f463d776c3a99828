import { SIGHASH_ALL, segwitV0Sighash } from '../../../bitcoin/sighash.ts'
import type { Tx } from '../../../bitcoin/transaction.ts'
import type { Sat } from '../../../lib/units.ts'
import type { ClosingInput } from '../../commitment/closing-transaction.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import { fixedScripts } from '../../commitment/scripts.ts'
import type { Funded } from '../../state/durable.ts'
import { latest } from './commitments.ts'

/** The closing transaction that pays this fee. */
export const closingInput = (
  durable: Funded,
  scripts: { readonly local: Uint8Array; readonly remote: Uint8Array },
  fee: Sat,
): ClosingInput => {
  const { localParams, localLimits, remoteLimits, local } = latest(durable)
  return {
    fundingOutpoint: localParams.fundingOutpoint,
    fundingAmount: localParams.fundingAmount,
    localFundingKey: localParams.localFundingKey,
    remoteFundingKey: localParams.remoteFundingKey,
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

/** What the funding keys sign in a transaction whose only input is the funding output. */
export const closingSighash = (params: CommitmentParams, tx: Tx): Uint8Array =>
  segwitV0Sighash({
    tx,
    inputIndex: 0,
    scriptCode: fixedScripts(params).funding.witnessScript,
    amount: params.fundingAmount,
    sighashType: SIGHASH_ALL,
  })
