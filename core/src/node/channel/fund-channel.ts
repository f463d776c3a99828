import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import type { FundEffect, FundingCreatedByWallet, FundingFailed } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'

/** A signed funding transaction. Its inputs are reserved durably before anything of the channel is stored. */
export const fundChannel = (wallet: Wallet, effect: FundEffect): FundingCreatedByWallet | FundingFailed => {
  const { script, amount, feeratePerKw, maxFee, coins } = effect
  const funded = wallet.fund({
    outputs: [{ script, amount }],
    feeratePerKw,
    moreChannels: 1,
    ...(maxFee === undefined ? {} : { maxFee }),
    ...(coins === undefined ? {} : { coins }),
  })
  if (!funded.ok) return { type: 'funding-failed', reason: funded.error.code }
  const tx = wallet.sign(funded.value)
  return {
    type: 'funding-created',
    tx,
    outputIndex: tx.outputs.findIndex((output) => equalBytes(output.script, script)),
  }
}

/** The funding transaction is in no block and never will be: its inputs are free again. */
export const abandonFunding = (wallet: Wallet, broadcaster: Pick<Broadcaster, 'withdraw'>, tx: Tx): void => {
  broadcaster.withdraw(txidOf(tx))
  wallet.forget(tx)
  wallet.release(tx)
}
