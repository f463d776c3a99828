import { outpointKey } from '../../chain/outpoint-key.ts'
import type { ChannelState } from '../../channel/index.ts'
import type { Wallet } from '../../wallet/wallet.ts'

/**
 * At the start, before anything is funded: frees the coins that were set aside for openings and claims which the node's end
 * has made nothing of. What a stored channel's funding transaction spends stays its own, until that is published again.
 */
export const releaseForgotten = (wallet: Wallet, stored: readonly ChannelState[]): void => {
  const needed = new Set(
    stored.flatMap(({ durable }) =>
      'fundingTx' in durable ? (durable.fundingTx?.inputs ?? []).map(({ outpoint }) => outpointKey(outpoint)) : [],
    ),
  )
  const forgotten = wallet
    .coins()
    .filter(({ outpoint, reserved }) => reserved && !needed.has(outpointKey(outpoint)))
    .map(({ outpoint }) => outpoint)
  if (forgotten.length > 0) wallet.release(forgotten)
}
