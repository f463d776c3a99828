import { addressToScript } from '../../bitcoin/address.ts'
import { displayTxid } from '../../bitcoin/transaction.ts'
import { err, ok } from '../../lib/result.ts'
import type { WalletTx } from '../../wallet/wallet-state.ts'
import type { MappingContext } from './context.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { pageOf } from './paging.ts'

export const walletHandlers = ({
  wallet,
  options,
  feerates,
  broadcaster,
}: MappingContext): ActorHandlers<'wallet'> => ({
  async balance() {
    const { confirmed, unconfirmed, reserved, spendable } = wallet.balance()
    return ok({
      confirmedSat: confirmed as bigint,
      unconfirmedSat: unconfirmed as bigint,
      reservedSat: reserved as bigint,
      spendableSat: spendable as bigint,
    })
  },
  async newAddress() {
    const { address } = wallet.newAddress()
    // An address that was given out must be recognised after a restart, whatever happens next.
    await options.store.flush()
    return ok({ address })
  },
  async send({ address, amountSat, feerate }) {
    const script = addressToScript(address, options.network)
    if (!script.ok) {
      return script.error.code === 'wrong-network'
        ? err(
            refusal('address-wrong-network', `the address is not of ${options.network.name}`, {
              field: 'address',
            }),
          )
        : err(refusal('address-invalid', 'not a Bitcoin address', { field: 'address' }))
    }
    const sent = wallet.send({
      script: script.value,
      amount: amountSat,
      feeratePerKw: feerate ?? feerates().closing,
      label: 'send',
    })
    if (!sent.ok) {
      const { error } = sent
      return error.code === 'insufficient-funds'
        ? err(
            refusal('insufficient-funds', `${error.needed} sat are needed, ${error.available} can be spent`, {
              field: 'amountSat',
              details: { needed: `${error.needed}`, available: `${error.available}` },
            }),
          )
        : err(refusal('amount-too-small', `nodes relay no output below ${error.minimum} sat`, { field: 'amountSat' }))
    }
    const { tx, fee } = sent.value
    await options.store.flush()
    return ok({ txid: broadcaster.publish(tx, 'send'), feeSat: fee })
  },
  async utxos({ page }) {
    return pageOf(
      wallet.coins().map(({ outpoint, amount, address, height, reserved }) => ({
        txid: displayTxid(outpoint.txid),
        outputIndex: outpoint.index,
        amountSat: amount as bigint,
        address,
        ...(height === undefined ? {} : { blockHeight: height as number }),
        reserved,
      })),
      page,
    )
  },
  async transactions({ page }) {
    return pageOf(wallet.transactions().map(describe), page)
  },
})

const describe = ({ txid, received, spent, fee, label, height, seenAt }: WalletTx) => ({
  txid: displayTxid(txid),
  receivedSat: received as bigint,
  spentSat: spent as bigint,
  ...(fee === undefined ? {} : { feeSat: fee as bigint }),
  ...(label === undefined ? {} : { label: label.slice(0, 64) }),
  ...(height === undefined ? {} : { blockHeight: height as number }),
  seenAt: seenAt as number,
})
