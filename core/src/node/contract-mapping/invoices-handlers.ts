import { DEFAULTS, type RequestOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../bitcoin/address.ts'
import { balanceView, isFunded, outsideNameOf } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { fallbackOf } from '../../invoice/fallback-address.ts'
import { fromHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { createHoldInvoice, createInvoice, type HintChannel } from '../../payment/receive/create-invoice.ts'
import type { WrittenInvoice } from '../../payment/receive/invoice-record.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'
import { announcedIdOf } from '../gossip/own-gossip.ts'
import { hashOfInvoiceKey, INVOICE_STATUS } from '../payment/invoice-index.ts'
import { readInvoice, readInvoices } from '../payment/receiver-actor.ts'
import { TABLE } from '../storage/tables.ts'
import type { MappingContext } from './context.ts'
import { describeDecodedInvoice } from './describe-decoded-invoice.ts'
import { describeInvoice } from './describe-invoice.ts'
import { type ActorHandlers, pluginOf, refusal } from './handlers.ts'
import { pageOfIndex } from './paging.ts'
import { addressRefusal } from './wallet-refusals.ts'

export const invoicesHandlers = ({
  options,
  flow,
  signer,
  channelDirectory,
  invoices,
  gossip,
  onUnreadable,
}: MappingContext): ActorHandlers<'invoices'> => {
  const describe = (invoice: WrittenInvoice) => describeInvoice(invoice, options.clock.now())

  const { network } = options

  const termsOf = (terms: Omit<RequestOf<'invoices', 'create'>, 'minFinalCltvExpiryDelta'>) => {
    const { amountMsat, description, descriptionHash, fallbackAddress } = terms
    if (amountMsat === 0n) {
      return err(
        refusal('amount-out-of-bounds', 'leave the amount out for an invoice of any amount', { field: 'amountMsat' }),
      )
    }
    // BOLT 11: exactly one of `d` and `h`.
    if (description !== undefined && descriptionHash !== undefined) {
      const message = 'expected a description or descriptionHash, not both'
      return err(refusal('invalid-request', message, { field: 'descriptionHash' }))
    }
    const script = fallbackAddress === undefined ? undefined : addressToScript(fallbackAddress, network)
    if (script?.ok === false) return err(addressRefusal(script.error.code, network.name, 'fallbackAddress'))
    const fallback = script && fallbackOf(script.value)
    return ok({
      network: network.name,
      amountMsat,
      description: description ?? '',
      descriptionHash: descriptionHash === undefined ? undefined : fromHex(descriptionHash),
      fallbackAddresses: fallback === undefined ? [] : [fallback],
      expirySeconds: terms.expirySeconds ?? DEFAULTS.invoiceExpirySeconds,
      channels: hintChannels(channelDirectory, (peer) => gossip?.knows(peer) === true),
      now: options.clock.now(),
      paymentSecret: options.rng.bytes(32),
      sign: (digest: Uint8Array) => signer.signAsNodeRecoverable(digest),
    })
  }

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
      return invoice === undefined || invoice.type === 'keysend' ? err(notFound()) : ok({ invoice: describe(invoice) })
    },

    async decode({ invoice: text }) {
      const invoice = invoices.read(text)
      return invoice.ok ? ok({ invoice: describeDecodedInvoice(invoice.value, network) }) : invoice
    },

    async create({ minFinalCltvExpiryDelta, ...request }) {
      const terms = termsOf(request)
      if (!terms.ok) return terms
      const invoice = createInvoice({ ...terms.value, minFinalCltvExpiryDelta, preimage: options.rng.bytes(32) })
      const added = await flow.receiver.ask('add', { invoice })
      return added.ok ? ok({ invoice: describe(invoice) }) : err(busy())
    },

    async createHold({ paymentHash, minFinalCltvExpiryDelta, ...request }, { caller }) {
      const terms = termsOf(request)
      if (!terms.ok) return terms
      const invoice = createHoldInvoice({
        ...terms.value,
        paymentHash: fromHex(paymentHash),
        minFinalCltvExpiryDelta: minFinalCltvExpiryDelta ?? DEFAULTS.holdCltvExpiryDelta,
        owner: pluginOf(caller),
      })
      const added = await flow.receiver.ask('addHold', { invoice })
      if (!added.ok) return err(busy())
      return added.value
        ? ok({ invoice: describe(invoice) })
        : err(refusal('payment-hash-used', 'an invoice has this payment hash already', { field: 'paymentHash' }))
    },

    async settle({ preimage: text }, { caller }) {
      const preimage = fromHex(text)
      const request = { paymentHash: sha256(preimage), preimage, owner: pluginOf(caller) }
      const settled = await flow.receiver.ask('settle', request)
      if (!settled.ok) return err(busy())
      if (settled.value.ok) return ok({ invoice: describe(settled.value.value) })
      switch (settled.value.error.code) {
        case 'not-claimable':
          return err(
            refusal(
              'not-claimable',
              'a channel that holds a part of it is closing, or the chain is not seen: ask again',
            ),
          )
        case 'not-held':
          return err(refusal('invoice-not-held', 'no payment is held for this invoice'))
        default:
          return err(refusal('invoice-not-found', 'no invoice has the hash of this preimage', { field: 'preimage' }))
      }
    },

    async cancel({ paymentHash }, { caller }) {
      const request = { paymentHash: fromHex(paymentHash), owner: pluginOf(caller) }
      const cancelled = await flow.receiver.ask('cancel', request)
      if (!cancelled.ok) return err(busy())
      if (cancelled.value.ok) return ok({ invoice: describe(cancelled.value.value) })
      return cancelled.value.error.code === 'paid'
        ? err(refusal('invoice-paid', 'the invoice has been paid', { field: 'paymentHash' }))
        : err(notFound())
    },
  }
}

const notFound = () =>
  refusal('invoice-not-found', 'this node made no invoice with this payment hash', { field: 'paymentHash' })

const busy = () => refusal('mailbox-full', 'too many invoices at once; try again later')

/** Our channels as payers may use them: under the peer's name for them, at the peer's fees. */
const hintChannels = (directory: ChannelDirectory, isKnown: (peer: NodeId) => boolean): readonly HintChannel[] => {
  const channels: HintChannel[] = []
  for (const entry of directory.all()) {
    const { durable } = entry.state
    if (!isFunded(durable) || !isUsable(entry)) continue
    // By the id that payers know an announced channel by, and may exclude it by.
    const announcedId = announcedIdOf(durable)
    const shortChannelId = announcedId ?? outsideNameOf(durable)
    // BOLT 11, r: a hint contains the peer's fees, so a channel whose fees we have not received cannot be used as a hint.
    if (shortChannelId === undefined || durable.remoteRelay === undefined) continue
    channels.push({
      remoteNodeId: entry.remoteNodeId,
      shortChannelId,
      policy: durable.remoteRelay,
      receivableMsat: balanceView(durable).receivableMsat,
      announced: announcedId !== undefined,
      isPeerKnown: isKnown(entry.remoteNodeId),
    })
  }
  return channels
}
