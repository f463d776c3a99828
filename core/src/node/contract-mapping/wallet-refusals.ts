import type { WalletError } from '../../wallet/wallet.ts'
import { refusal } from './handlers.ts'

/** Why an address cannot be paid. */
export const addressRefusal = (code: string, network: string) =>
  code === 'wrong-network'
    ? refusal('address-wrong-network', `the address is not for ${network}`, { field: 'address' })
    : refusal('address-invalid', 'not a Bitcoin address', { field: 'address' })

/** Why the wallet does not pay. */
export const sendRefusal = (error: WalletError) => {
  switch (error.code) {
    case 'insufficient-funds':
      return refusal(
        'insufficient-funds',
        `${error.needed} sat are needed, and the wallet can spend ${error.available}`,
        {
          field: 'amountSat',
          details: { needed: `${error.needed}`, available: `${error.available}` },
        },
      )
    case 'amount-too-small':
      return refusal('amount-too-small', `expected at least ${error.minimum} sat: nodes relay no smaller output`, {
        field: 'amountSat',
      })
    case 'fee-limit-exceeded':
      return refusal(
        'fee-limit-exceeded',
        `the transaction would pay ${error.fee} sat, more than the limit of ${error.limit}`,
        {
          field: 'maxFeeSat',
          details: { fee: `${error.fee}`, limit: `${error.limit}` },
        },
      )
  }
}
