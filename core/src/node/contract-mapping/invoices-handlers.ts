import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import { balanceView, isFunded, outsideNameOf } from '../../channel/index.ts'
import { fromHex } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import { createInvoice, type HintChannel } from '../../payment/receive/create-invoice.ts'
import type { WrittenInvoice } from '../../payment/receive/invoice-record.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'
import { hashOfInvoiceKey, INVOICE_STATUS } from '../payment/invoice-index.ts'
import { readInvoice, readInvoices } from '../payment/receiver-actor.ts'
import { TABLE } from '../storage/tables.ts'
import type { MappingContext } from './context.ts'
import { describeInvoice } from './describe-invoice.ts'
import { type ActorHandlers, refusal } from './handlers.ts'
import { pageOfIndex } from './paging.ts'

export const invoicesHandlers = ({
  options,
  flow,
  signer,
  channelDirectory,
  onUnreadable,
}: MappingContext): ActorHandlers<'invoices'> => {
  const describe = (invoice: WrittenInvoice) => describeInvoice(invoice, options.clock.now())

  return {
    async list({ status, page }) {
      await flow.receiver.ask('expire', undefined)
      const classes = status === undefined ? Object.values(INVOICE_STATUS) : [INVOICE_STATUS[status]]
      const index = { table: TABLE.invoiceByStatus, classes, keyLength: 41 }
      return pageOfIndex(options.store, index, page, async (keys) => {
        const invoices = await readInvoices(options.store, keys.map(hashOfInvoiceKey), onUnreadable)
        return invoices.map((invoice) => {
          // What came without an invoice is among the payments received.
          if (invoice === undefined || invoice.type === 'keysend') return undefined
          const summary = describe(invoice)
          // What was paid, or has expired, since its place was read is in another part of the list.
          return status !== undefined && summary.status !== status ? undefined : summary
        })
      })
    },

    async get({ paymentHash }) {
      const invoice = await readInvoice(options.store, fromHex(paymentHash))
      return invoice === undefined || invoice.type === 'keysend'
        ? err(
            refusal('invoice-not-found', 'this node made no invoice with this payment hash', { field: 'paymentHash' }),
          )
        : ok({ invoice: describe(invoice) })
    },

    async create({ amountMsat, description = '', expirySeconds, minFinalCltvExpiryDelta }) {
      if (amountMsat !== undefined && amountMsat === 0n) {
        return err(
          refusal('amount-out-of-bounds', 'leave the amount out for an invoice of any amount', { field: 'amountMsat' }),
        )
      }
      const invoice = createInvoice({
        network: options.network.name,
        amountMsat,
        description,
        expirySeconds: expirySeconds ?? DEFAULTS.invoiceExpirySeconds,
        minFinalCltvExpiryDelta,
        channels: hintChannels(channelDirectory),
        now: options.clock.now(),
        preimage: options.rng.bytes(32),
        paymentSecret: options.rng.bytes(32),
        sign: (digest) => signer.signAsNodeRecoverable(digest),
      })
      const added = await flow.receiver.ask('add', { invoice })
      return added.ok
        ? ok({ invoice: describe(invoice) })
        : err(refusal('mailbox-full', 'too many invoices at once; try again later'))
    },
  }
}

/** Our channels as payers may use them: under the peer's name for them, at the peer's fees. */
const hintChannels = (directory: ChannelDirectory): readonly HintChannel[] => {
  const channels: HintChannel[] = []
  for (const entry of directory.all()) {
    const { durable } = entry.state
    if (!isFunded(durable) || !isUsable(entry)) continue
    const shortChannelId = outsideNameOf(durable)
    // BOLT 11, r: a hint contains the peer's fees, so a channel whose fees we have not received cannot be used as a hint.
    if (shortChannelId === undefined || durable.remoteRelay === undefined) continue
    channels.push({
      remoteNodeId: entry.remoteNodeId,
      shortChannelId,
      policy: durable.remoteRelay,
      receivableMsat: balanceView(durable).receivableMsat,
    })
  }
  return channels
}
