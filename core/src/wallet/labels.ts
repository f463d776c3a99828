import type { Asker } from './coin.ts'
import { type KeyPath, pathName } from './keys.ts'
import type { WalletState } from './wallet-state.ts'
import type { TxOrigin } from './wallet-tx.ts'

/** Somebody's words for an address or a transaction: the operator's, if it does not say a plugin's. */
export interface Label {
  readonly label?: string | undefined
  readonly labelledBy?: 'plugin'
}

export const labelOf = ({ label, labelledBy }: Label): Pick<TxOrigin, 'label' | 'labelledBy'> =>
  label === undefined ? {} : { label, ...(labelledBy && { labelledBy }) }

export const withLabel = (
  { addressLabels }: WalletState,
  path: KeyPath,
  text: string | undefined,
  by: Asker,
): WalletState['addressLabels'] => {
  const labels = new Map(addressLabels)
  if (text === undefined) labels.delete(pathName(path))
  else labels.set(pathName(path), { text, by })
  return labels
}
