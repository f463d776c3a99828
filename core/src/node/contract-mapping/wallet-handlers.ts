import { addressToScript } from '../../bitcoin/address.ts'
import { displayTxid } from '../../bitcoin/transaction.ts'
import { err, ok } from '../../lib/result.ts'
import type { WalletTx } from '../../wallet/wallet-state.ts'
import type { MappingContext } from './context.ts'
import type { ActorHandlers } from './handlers.ts'
import { pageOf } from './paging.ts'
import { addressRefusal, sendRefusal } from './wallet-refusals.ts'

export const walletHandlers = ({ wallet, options, broadcaster }: MappingContext): ActorHandlers<'wallet'> => ({
  async balance() {
    const { confirmed, unconfirmed, reserved, spendable } = wallet.balance()
    return ok({
      confirmedSat: confirmed,
      unconfirmedSat: unconfirmed,
      reservedSat: reserved,
      spendableSat: spendable,
    })
  },
  async newAddress() {
    const { address } = wallet.newAddress()
    // An address that was given out must be recognised after a restart, whatever happens next.
    await options.store.flush()
    return ok({ address })
  },
  async send({ address, amountSat, feerate, maxFeeSat }) {
    const script = addressToScript(address, options.network)
    if (!script.ok) return err(addressRefusal(script.error.code, options.network.name))
    const sent = wallet.send({
      script: script.value,
      amount: amountSat,
      feeratePerKw: feerate,
      maxFee: maxFeeSat,
      label: 'send',
    })
    if (!sent.ok) return err(sendRefusal(sent.error))
    const { tx, fee } = sent.value
    await options.store.flush()
    return ok({ txid: broadcaster.publish(tx, 'send'), feeSat: fee })
  },
  async utxos({ page }) {
    return pageOf(
      wallet.coins().map(({ outpoint, amount, address, height, reserved }) => ({
        txid: displayTxid(outpoint.txid),
        outputIndex: outpoint.index,
        amountSat: amount,
        address,
        ...(height === undefined ? {} : { blockHeight: height }),
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
  receivedSat: received,
  spentSat: spent,
  ...(fee === undefined ? {} : { feeSat: fee }),
  ...(label === undefined ? {} : { label: label.slice(0, 64) }),
  ...(height === undefined ? {} : { blockHeight: height }),
  seenAt: seenAt,
})
