import type { WalletError } from '../../wallet/wallet.ts'
import { refusal } from './handlers.ts'

/** Why an address cannot be paid. */
export const addressRefusal = (code: string, network: string) =>
  code === 'wrong-network'
    ? refusal('address-wrong-network', `the address is not of ${network}`, { field: 'address' })
    : refusal('address-invalid', 'not a Bitcoin address', { field: 'address' })

/** Why the wallet does not pay. */
export const sendRefusal = (error: WalletError) => {
  switch (error.code) {
    case 'insufficient-funds':
      return refusal('insufficient-funds', `${error.needed} sat are needed, ${error.available} can be spent`, {
        field: 'amountSat',
        details: { needed: `${error.needed}`, available: `${error.available}` },
      })
    case 'amount-too-small':
      return refusal('amount-too-small', `nodes relay no output below ${error.minimum} sat`, { field: 'amountSat' })
    case 'fee-limit-exceeded':
      return refusal('fee-limit-exceeded', `it would pay ${error.fee} sat, and ${error.limit} are the most`, {
        field: 'maxFeeSat',
        details: { fee: `${error.fee}`, limit: `${error.limit}` },
      })
  }
}
