import { formatOutPoint } from '../../bitcoin/transaction.ts'
import type { FeeBumpError, SendAllError, WalletError } from '../../wallet/wallet.ts'
import { refusal } from './handlers.ts'

/** Why an address cannot be paid. */
export const addressRefusal = (code: string, network: string, field = 'address') =>
  code === 'wrong-network'
    ? refusal('address-wrong-network', `the address is not for ${network}`, { field })
    : refusal('address-invalid', 'not a Bitcoin address', { field })

/** Why the wallet does not pay. `field` is what named the amount. */
export const sendRefusal = (error: WalletError, field = 'amountSat') => {
  switch (error.code) {
    case 'amount-too-small':
      return refusal(error.code, `expected at least ${error.minimum} sat: nodes relay no smaller output`, { field })
    case 'coin-unavailable':
      return coinRefusal(error)
    default:
      return shortRefusal(error, field)
  }
}

/** Why a coin that was chosen is not spent. */
export const coinRefusal = ({ code, outpoint, reason }: Extract<WalletError, { readonly code: 'coin-unavailable' }>) =>
  refusal(code, `${formatOutPoint(outpoint)} ${WHY_NOT[reason]}`, { field: 'coins' })

type Short = Exclude<WalletError, { readonly code: 'amount-too-small' | 'coin-unavailable' }>

/** Why it pays nothing of the kind now, whatever the outputs are. */
export const shortRefusal = (error: Short, field: string) => {
  switch (error.code) {
    case 'insufficient-funds':
      return refusal(error.code, `${error.needed} sat are needed, and the wallet can spend ${error.available}`, {
        field,
        details: { needed: `${error.needed}`, available: `${error.available}` },
      })
    case 'fee-limit-exceeded':
      return refusal(error.code, `the transaction would pay ${error.fee} sat, more than the limit of ${error.limit}`, {
        field: 'maxFeeSat',
        details: { fee: `${error.fee}`, limit: `${error.limit}` },
      })
    case 'anchor-reserve': {
      const { reserve, left } = error
      return refusal(
        error.code,
        `${reserve} sat must stay in the wallet, and ${left} would: with less, a forced close could not be brought into a block. To do: pay in ${reserve - left} sat, or ask for that much less`,
        { field, details: { reserve: `${reserve}`, left: `${left}`, missing: `${reserve - left}` } },
      )
    }
    case 'rescan-under-way':
      return rescanRefusal()
  }
}

/** Why it does not pay all that it has. */
export const sendAllRefusal = (error: SendAllError) =>
  error.code === 'amount-limit-exceeded'
    ? refusal(
        error.code,
        `the wallet has received more while this was asked: it would pay ${error.amount} sat, not ${error.limit}. To do: ask again, with another key`,
        { details: { amount: `${error.amount}`, limit: `${error.limit}` } },
      )
    : sendRefusal(error, 'address')

export const rescanRefusal = () =>
  refusal(
    'rescan-under-way',
    'the wallet looks through past blocks, and does not know yet what it has. To do: wait; fulgurite wallet rescan-status tells how far it is',
  )

const WHY_NOT = {
  unknown: 'is no coin of this wallet',
  spent: 'is spent',
  reserved: 'is set aside for a transaction in the making',
  frozen: 'is frozen: thaw it first',
  unconfirmed: 'is paid by a transaction in no block that others could replace',
  immature: 'is the reward of a block, and too young',
} as const

/** Why the fee of a transaction is not raised. */
export const bumpRefusal = (error: FeeBumpError) => {
  switch (error.code) {
    case 'transaction-unknown':
      return refusal(error.code, 'neither the wallet nor the mempool knows the transaction', { field: 'txid' })
    case 'transaction-confirmed':
      return refusal(error.code, 'it is in a block already', { field: 'txid' })
    case 'feerate-too-low':
      return refusal(error.code, `expected at least ${error.minimum} sat per 1000 weight units: nodes take no less`, {
        field: 'feerate',
        details: { minimum: error.minimum },
      })
    case 'not-replaceable':
      return refusal(error.code, NOT_REPLACEABLE[error.reason], { field: 'txid' })
    case 'no-output-of-ours':
      return refusal(error.code, 'it has no output that the wallet could spend', { field: 'txid' })
    default:
      return sendRefusal(error, 'feerate')
  }
}

const NOT_REPLACEABLE = {
  foreign: 'others have signed it: only a child can raise its fee, if it pays the wallet',
  channel:
    'it belongs to a channel: a funding must keep its id, and what claims money is raised by the node itself; a child of its change can raise it',
  'spent-on': 'another transaction spends an output of it, and would be gone with it: raise the fee of that one',
} as const
