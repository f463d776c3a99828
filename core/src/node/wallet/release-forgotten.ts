import { outpointKey } from '../../chain/outpoint-key.ts'
import { type ChannelState, isFunded } from '../../channel/index.ts'
import type { Wallet } from '../../wallet/wallet.ts'

/**
 * At the start, before anything is funded: frees the coins that were reserved for openings and claims that did not survive the node's end.
 * Coins that a stored channel's funding transaction spends stay reserved, until it is published again.
 */
export const releaseForgotten = (wallet: Wallet, stored: readonly ChannelState[]): void => {
  const needed = new Set(
    stored.flatMap(({ durable }) =>
      isFunded(durable) ? (durable.fundingTx?.inputs ?? []).map(({ outpoint }) => outpointKey(outpoint)) : [],
    ),
  )
  const forgotten = wallet
    .coins()
    .filter(({ outpoint, reserved }) => reserved && !needed.has(outpointKey(outpoint)))
    .map(({ outpoint }) => outpoint)
  if (forgotten.length > 0) wallet.releaseForgotten(forgotten)
}
