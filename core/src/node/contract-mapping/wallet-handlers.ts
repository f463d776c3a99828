import { addressToScript } from '../../bitcoin/address.ts'
import { displayTxid, parseOutPoint, parseTxid, type TxOutput } from '../../bitcoin/transaction.ts'
import { closePayer, isFunded } from '../../channel/index.ts'
import { fromHex } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Asker } from '../../wallet/coin.ts'
import type { SentTx } from '../../wallet/wallet.ts'
import { purposeOf, type WalletTx } from '../../wallet/wallet-tx.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { RescanProgress } from '../wallet/rescan.ts'
import type { MappingContext } from './context.ts'
import { type ActorHandlers, type HandlerContext, refusal } from './handlers.ts'
import { pageOf } from './paging.ts'
import { addressRefusal, bumpRefusal, rescanRefusal, sendAllRefusal, sendRefusal } from './wallet-refusals.ts'

export const walletHandlers = ({
  wallet,
  options,
  broadcaster,
  rescan,
  shared,
  height,
  channelDirectory,
}: MappingContext): ActorHandlers<'wallet'> => {
  const { network, store, backend } = options
  /** Nobody hears of a transaction, and no network, before it is on the disk. */
  const published = async ({ tx, fee }: SentTx, purpose: string) => {
    await store.flush()
    return { txid: broadcaster.publish(tx, purpose), feeSat: fee }
  }

  const pay = async (
    {
      payments,
      field,
      ...request
    }: SpendingRequest & { readonly payments: readonly Payment[]; readonly field: string },
    context: HandlerContext,
  ) => {
    const outputs: TxOutput[] = []
    for (const { address, amountSat } of payments) {
      const script = addressToScript(address, network)
      if (!script.ok) return err(addressRefusal(script.error.code, network.name, field))
      outputs.push({ amount: amountSat, script: script.value })
    }
    await shared?.look()
    const sent = wallet.send({ ...spendingOf(request, context), outputs })
    return sent.ok ? ok(await published(sent.value, 'send')) : err(sendRefusal(sent.error, field))
  }
  const frozen = async (coin: string, isFrozen: boolean, context: HandlerContext) => {
    const outpoint = parseOutPoint(coin)
    const done = outpoint && wallet.setFrozen(outpoint, isFrozen, askerOf(context))
    if (done?.ok) await store.flush()
    return done
  }
  const noCoin = (coin: string) =>
    refusal('coin-unavailable', `${coin} is no coin of this wallet, or is spent`, { field: 'coin' })

  return {
    async balance() {
      const { confirmed, unconfirmed, reserved, frozen, spendable } = wallet.balance()
      return ok({
        confirmedSat: confirmed,
        unconfirmedSat: unconfirmed,
        reservedSat: reserved,
        frozenSat: frozen,
        spendableSat: spendable,
        anchorReserveSat: wallet.anchorReserve(),
      })
    },
    async newAddress({ type, label }, context) {
      const { address } = wallet.newAddress(type, label, askerOf(context))
      // An address that was given out must be recognised after a restart, whatever happens next.
      await store.flush()
      return ok({ address })
    },
    async addresses({ page }) {
      return pageOf(
        wallet.addresses().map(({ address, path: { type, index }, label }) => ({
          address,
          type,
          index,
          ...(label === undefined ? {} : { label }),
        })),
        page,
      )
    },
    send: ({ address, amountSat, ...request }, context) =>
      pay({ ...request, payments: [{ address, amountSat }], field: 'amountSat' }, context),
    sendMany: ({ outputs, ...request }, context) => pay({ ...request, payments: outputs, field: 'outputs' }, context),
    async sendAll({ address, ...request }, context) {
      const script = addressToScript(address, network)
      if (!script.ok) return err(addressRefusal(script.error.code, network.name))
      await shared?.look()
      const maxAmount = context.worstCase.paysOutMsat / 1_000n
      const sent = wallet.sendAll({ ...spendingOf(request, context), script: script.value, maxAmount })
      if (!sent.ok) return err(sendAllRefusal(sent.error))
      return ok({ ...(await published(sent.value, 'send-all')), amountSat: sent.value.amount })
    },
    async bumpFee({ txid: shown, feerate, maxFeeSat, by }, { key }) {
      const txid = parseTxid(shown)
      if (txid === undefined) return err(bumpRefusal({ code: 'transaction-unknown' }))
      const request = { txid, feeratePerKw: feerate, maxFee: maxFeeSat, ...(key === undefined ? {} : { key }) }
      await shared?.look()
      const mempool = await backend.mempoolTx(txid)
      // What others pay us, and what closes a channel, is not followed before it is in a block.
      if (mempool !== undefined) wallet.processTx(mempool.tx)
      if (by !== 'child') {
        const replaced = wallet.replace(request)
        if (replaced.ok) return ok({ ...(await published(replaced.value, 'replacement')), by: 'replacement' as const })
        if (by === 'replacement' || replaced.error.code !== 'not-replaceable') return err(bumpRefusal(replaced.error))
      }
      const child = wallet.spendChild({ ...request, ...(mempool && { parents: mempool.ancestors }) })
      return child.ok
        ? ok({ ...(await published(child.value, 'fee-bump')), by: 'child' as const })
        : err(bumpRefusal(child.error))
    },
    async freeze({ coin }, context) {
      const done = await frozen(coin, true, context)
      return done?.ok ? ok({}) : err(noCoin(coin))
    },
    async thaw({ coin }, context) {
      const done = await frozen(coin, false, context)
      if (done?.ok) return ok({})
      switch (done?.error.code) {
        case 'kept-by-operator':
          return err(refusal('kept-by-operator', 'the operator has frozen it', { field: 'coin' }))
        case 'kept-elsewhere':
          return err(
            refusal('kept-by-operator', 'it is locked in bitcoind. To do: unlock it there, with lockunspent', {
              field: 'coin',
            }),
          )
        default:
          return err(noCoin(coin))
      }
    },
    async label({ of, label }, context) {
      const txid = parseTxid(of)
      const done = wallet.setLabel(txid ?? of, label, askerOf(context))
      if (!done.ok) {
        if (done.error.code === 'kept-by-operator') {
          return err(refusal('kept-by-operator', 'the operator has given it words', { field: 'label' }))
        }
        return txid === undefined
          ? err(refusal('address-invalid', 'no address of this wallet', { field: 'of' }))
          : err(refusal('transaction-unknown', 'the wallet knows no such transaction', { field: 'of' }))
      }
      await store.flush()
      return ok({})
    },
    async utxos({ page }) {
      return pageOf(
        wallet.coins().map(({ outpoint, amount, address, height, reserved, isKept, label }) => ({
          txid: displayTxid(outpoint.txid),
          outputIndex: outpoint.index,
          amountSat: amount,
          address,
          ...(height === undefined ? {} : { blockHeight: height }),
          reserved,
          frozen: isKept,
          ...(label === undefined ? {} : { label }),
        })),
        page,
      )
    },
    async transactions({ purpose, channelId, page }) {
      const wanted = wallet
        .transactions()
        .filter((record) => purpose === undefined || purposeOf(record) === purpose)
        .filter((record) => channelId === undefined || record.channelId === channelId)
      const shown = pageOf(wanted, page)
      if (!shown.ok) return shown
      const tip = height()
      return ok({ ...shown.value, items: shown.value.items.map((record) => describe(record, tip, channelDirectory)) })
    },
    async descriptors() {
      return ok({
        descriptors: wallet.descriptors().map(({ descriptor, type, branch, next }) => ({
          descriptor,
          type,
          change: branch === 'change',
          nextIndex: next,
        })),
      })
    },
    async rescan({ fromHeight }) {
      const tip = height()
      if (fromHeight > tip) {
        return err(
          refusal('block-unknown', `block ${tip} is the last one that was handled`, {
            field: 'fromHeight',
            details: { blockHeight: tip },
          }),
        )
      }
      const begun = await rescan.begin(fromHeight)
      if (begun === undefined) return err(rescanRefusal())
      return ok({ rescan: describeRescan(begun) })
    },
    async rescanStatus() {
      const { progress } = rescan
      return ok(progress === undefined ? {} : { rescan: describeRescan(progress) })
    },
  }
}

interface Payment {
  readonly address: string
  readonly amountSat: bigint
}

interface SpendingRequest {
  readonly feerate: number
  readonly maxFeeSat: bigint
  readonly coins?: readonly string[] | undefined
  readonly label?: string | undefined
}

/** The operator speaks by the command line and the API. */
const askerOf = ({ caller }: HandlerContext): Asker => (caller.kind === 'plugin' ? 'plugin' : 'operator')

const spendingOf = ({ feerate, maxFeeSat, coins, label }: SpendingRequest, { key, caller }: HandlerContext) => ({
  feeratePerKw: feerate,
  maxFee: maxFeeSat,
  // The contract has checked their form.
  ...(coins === undefined ? {} : { coins: coins.flatMap((coin) => parseOutPoint(coin) ?? []) }),
  ...(label === undefined ? {} : { label, ...(caller.kind === 'plugin' && { labelledBy: caller.kind }) }),
  ...(key === undefined ? {} : { key }),
})

const describe = (record: WalletTx, tip: BlockHeight, channels: Pick<ChannelDirectory, 'get'>) => {
  const { txid, received, spent, fee, label, channelId, key, replaces, height, seenAt } = record
  const ours = ourFee(record, channels)
  return {
    txid: displayTxid(txid),
    purpose: purposeOf(record),
    ...(channelId === undefined ? {} : { channelId }),
    receivedSat: received,
    spentSat: spent,
    ...(fee === undefined ? {} : { feeSat: fee }),
    ...(ours === undefined ? {} : { ourFeeSat: ours }),
    ...(label === undefined ? {} : { label }),
    ...(key === undefined ? {} : { key }),
    ...(replaces === undefined ? {} : { replaces: displayTxid(replaces) }),
    ...(height === undefined ? {} : { blockHeight: height }),
    confirmations: height === undefined ? 0 : Math.max(0, tip - height + 1),
    seenAt,
  }
}

/** Of a transaction that both sides have signed one of them pays; the node makes nothing else that it does not pay for. */
const ourFee = ({ purpose, fee, channelId, txid }: WalletTx, channels: Pick<ChannelDirectory, 'get'>) => {
  if (fee === undefined || (purpose !== 'mutual-close' && purpose !== 'local-commitment')) return fee
  const durable = channelId === undefined ? undefined : channels.get(fromHex(channelId))?.state.durable
  if (durable === undefined || !isFunded(durable)) return undefined
  return closePayer(durable, txid) === 'local' ? fee : 0n
}

const describeRescan = ({ from, next, to, isDone, missing, first, last }: RescanProgress) => ({
  fromHeight: from,
  nextHeight: next,
  toHeight: to,
  done: isDone,
  missing,
  ...(first === undefined ? {} : { firstMissing: first }),
  ...(last === undefined ? {} : { lastMissing: last }),
})
