// Written by `npm run contract` from plugin-sdk/src/contract. Do not edit.

/** Restores the amounts of parsed JSON in place. What has no amounts has no entry. */
type Restore = (data: any) => void

/** Payloads, by event name. */
export const restoreEvent: Readonly<Record<string, Restore>> = {
  'channel.opening': (data) => {
    data.fundingSat = BigInt(data.fundingSat)
    data.pushMsat = BigInt(data.pushMsat)
  },
  'channel.funding-created': (data) => {
    data.fundingSat = BigInt(data.fundingSat)
    data.localMsat = BigInt(data.localMsat)
    data.remoteMsat = BigInt(data.remoteMsat)
  },
  'channel.funding-confirmed': (data) => {
    data.fundingSat = BigInt(data.fundingSat)
  },
  'channel.ready': (data) => {
    data.capacitySat = BigInt(data.capacitySat)
    data.localMsat = BigInt(data.localMsat)
    data.remoteMsat = BigInt(data.remoteMsat)
    data.feeBaseMsat = BigInt(data.feeBaseMsat)
  },
  'channel.balance-changed': (data) => {
    data.capacitySat = BigInt(data.capacitySat)
    data.localMsat = BigInt(data.localMsat)
    data.remoteMsat = BigInt(data.remoteMsat)
    data.spendableMsat = BigInt(data.spendableMsat)
    data.receivableMsat = BigInt(data.receivableMsat)
  },
  'channel.relay-fees-changed': (data) => {
    data.feeBaseMsat = BigInt(data.feeBaseMsat)
    data.previous.feeBaseMsat = BigInt(data.previous.feeBaseMsat)
  },
  'channel.inbound-discount-changed': (data) => {
    data.feeBaseMsat = BigInt(data.feeBaseMsat)
    data.previous.feeBaseMsat = BigInt(data.previous.feeBaseMsat)
  },
  'channel.transaction-published': (data) => {
    data.feeSat = BigInt(data.feeSat)
  },
  'channel.fees-short': (data) => {
    data.neededSat = BigInt(data.neededSat)
    data.availableSat = BigInt(data.availableSat)
  },
  'channel.closed': (data) => {
    if (data.capacitySat !== undefined) data.capacitySat = BigInt(data.capacitySat)
    if (data.finalMsat !== undefined) data.finalMsat = BigInt(data.finalMsat)
    if (data.returnedSat !== undefined) data.returnedSat = BigInt(data.returnedSat)
    if (data.closingFeeSat !== undefined) data.closingFeeSat = BigInt(data.closingFeeSat)
  },
  'payment.sent': (data) => {
    data.amountMsat = BigInt(data.amountMsat)
    data.feesMsat = BigInt(data.feesMsat)
    for (const item0 of data.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'payment.failed': (data) => {
    data.amountMsat = BigInt(data.amountMsat)
    for (const item0 of data.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'payment.part-failed': (data) => {
    data.part.amountMsat = BigInt(data.part.amountMsat)
    data.part.feesMsat = BigInt(data.part.feesMsat)
    if (data.part.hops !== undefined) {
      for (const item0 of data.part.hops) {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
    }
  },
  'router.probed': (data) => {
    data.amountMsat = BigInt(data.amountMsat)
    data.feesMsat = BigInt(data.feesMsat)
    for (const item0 of data.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      for (const item1 of item0.hops) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
    }
  },
  'payment.received': (data) => {
    data.amountMsat = BigInt(data.amountMsat)
    for (const item0 of data.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
  },
  'invoice.held': (data) => {
    data.amountMsat = BigInt(data.amountMsat)
    for (const item0 of data.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
  },
  'payment.relayed': (data) => {
    data.feeMsat = BigInt(data.feeMsat)
    for (const item0 of data.incoming) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
    for (const item0 of data.outgoing) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
  },
  'payment.relay-failed': (data) => {
    for (const item0 of data.incoming) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
    for (const item0 of data.outgoing) {
      item0.amountMsat = BigInt(item0.amountMsat)
    }
    if (data.requested !== undefined) {
      data.requested.amountMsat = BigInt(data.requested.amountMsat)
    }
  },
  'invoice.created': (data) => {
    if (data.amountMsat !== undefined) data.amountMsat = BigInt(data.amountMsat)
  },
  'wallet.transaction': (data) => {
    data.receivedSat = BigInt(data.receivedSat)
    data.spentSat = BigInt(data.spentSat)
    if (data.feeSat !== undefined) data.feeSat = BigInt(data.feeSat)
  },
  'wallet.transaction-dropped': (data) => {
    data.receivedSat = BigInt(data.receivedSat)
    data.spentSat = BigInt(data.spentSat)
    if (data.feeSat !== undefined) data.feeSat = BigInt(data.feeSat)
  },
  'wallet.rescanned': (data) => {
    data.confirmedSat = BigInt(data.confirmedSat)
  },
}

/** Replies, by `actor.operation`. */
export const restoreReply: Readonly<Record<string, Restore>> = {
  'peers.relays': (data) => {
    for (const item0 of data.items) {
      item0.underWay.amountMsat = BigInt(item0.underWay.amountMsat)
      item0.in.amountMsat = BigInt(item0.in.amountMsat)
      item0.in.feesMsat = BigInt(item0.in.feesMsat)
      item0.out.amountMsat = BigInt(item0.out.amountMsat)
      item0.out.feesMsat = BigInt(item0.out.feesMsat)
    }
  },
  'channels.list': (data) => {
    for (const item0 of data.items) {
      for (const item1 of item0.fundings) {
        item1.amountSat = BigInt(item1.amountSat)
      }
      item0.capacitySat = BigInt(item0.capacitySat)
      item0.localMsat = BigInt(item0.localMsat)
      item0.remoteMsat = BigInt(item0.remoteMsat)
      item0.spendableMsat = BigInt(item0.spendableMsat)
      item0.receivableMsat = BigInt(item0.receivableMsat)
      if (item0.unclaimableMsat !== undefined) item0.unclaimableMsat = BigInt(item0.unclaimableMsat)
      if (item0.unconfirmedMsat !== undefined) item0.unconfirmedMsat = BigInt(item0.unconfirmedMsat)
      item0.localPolicy.feeBaseMsat = BigInt(item0.localPolicy.feeBaseMsat)
      item0.localPolicy.htlcMinimumMsat = BigInt(item0.localPolicy.htlcMinimumMsat)
      item0.localPolicy.htlcMaximumMsat = BigInt(item0.localPolicy.htlcMaximumMsat)
      if (item0.inboundDiscount !== undefined) {
        item0.inboundDiscount.feeBaseMsat = BigInt(item0.inboundDiscount.feeBaseMsat)
      }
      if (item0.remotePolicy !== undefined) {
        item0.remotePolicy.feeBaseMsat = BigInt(item0.remotePolicy.feeBaseMsat)
        item0.remotePolicy.htlcMinimumMsat = BigInt(item0.remotePolicy.htlcMinimumMsat)
        item0.remotePolicy.htlcMaximumMsat = BigInt(item0.remotePolicy.htlcMaximumMsat)
      }
      if (item0.transactions !== undefined) {
        for (const item1 of item0.transactions) {
          item1.feeSat = BigInt(item1.feeSat)
        }
      }
    }
  },
  'channels.get': (data) => {
    for (const item0 of data.channel.fundings) {
      item0.amountSat = BigInt(item0.amountSat)
    }
    data.channel.capacitySat = BigInt(data.channel.capacitySat)
    data.channel.localMsat = BigInt(data.channel.localMsat)
    data.channel.remoteMsat = BigInt(data.channel.remoteMsat)
    data.channel.spendableMsat = BigInt(data.channel.spendableMsat)
    data.channel.receivableMsat = BigInt(data.channel.receivableMsat)
    if (data.channel.unclaimableMsat !== undefined) data.channel.unclaimableMsat = BigInt(data.channel.unclaimableMsat)
    if (data.channel.unconfirmedMsat !== undefined) data.channel.unconfirmedMsat = BigInt(data.channel.unconfirmedMsat)
    data.channel.localPolicy.feeBaseMsat = BigInt(data.channel.localPolicy.feeBaseMsat)
    data.channel.localPolicy.htlcMinimumMsat = BigInt(data.channel.localPolicy.htlcMinimumMsat)
    data.channel.localPolicy.htlcMaximumMsat = BigInt(data.channel.localPolicy.htlcMaximumMsat)
    if (data.channel.inboundDiscount !== undefined) {
      data.channel.inboundDiscount.feeBaseMsat = BigInt(data.channel.inboundDiscount.feeBaseMsat)
    }
    if (data.channel.remotePolicy !== undefined) {
      data.channel.remotePolicy.feeBaseMsat = BigInt(data.channel.remotePolicy.feeBaseMsat)
      data.channel.remotePolicy.htlcMinimumMsat = BigInt(data.channel.remotePolicy.htlcMinimumMsat)
      data.channel.remotePolicy.htlcMaximumMsat = BigInt(data.channel.remotePolicy.htlcMaximumMsat)
    }
    if (data.channel.transactions !== undefined) {
      for (const item0 of data.channel.transactions) {
        item0.feeSat = BigInt(item0.feeSat)
      }
    }
    for (const item0 of data.channel.waits) {
      if (item0.kind === 'htlc-deadline') {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
      if (item0.kind === 'htlcs') {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
      if (item0.kind === 'close-signature') {
        if (item0.offeredSat !== undefined) item0.offeredSat = BigInt(item0.offeredSat)
        if (item0.askedSat !== undefined) item0.askedSat = BigInt(item0.askedSat)
      }
      if (item0.kind === 'close-confirmation') {
        for (const item1 of item0.transactions) {
          if (item1.feeSat !== undefined) item1.feeSat = BigInt(item1.feeSat)
        }
      }
      if (item0.kind === 'claim') {
        item0.amountSat = BigInt(item0.amountSat)
        item0.budgetSat = BigInt(item0.budgetSat)
        if (item0.feeSat !== undefined) item0.feeSat = BigInt(item0.feeSat)
        if (item0.missingSat !== undefined) item0.missingSat = BigInt(item0.missingSat)
      }
      if (item0.kind === 'peer-claim') {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
      if (item0.kind === 'htlc-outcome') {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
      if (item0.kind === 'lost-funds') {
        item0.amountMsat = BigInt(item0.amountMsat)
      }
    }
    if (data.channel.earned !== undefined) {
      data.channel.earned.in.amountMsat = BigInt(data.channel.earned.in.amountMsat)
      data.channel.earned.in.feesMsat = BigInt(data.channel.earned.in.feesMsat)
      data.channel.earned.out.amountMsat = BigInt(data.channel.earned.out.amountMsat)
      data.channel.earned.out.feesMsat = BigInt(data.channel.earned.out.feesMsat)
    }
  },
  'channels.closed': (data) => {
    for (const item0 of data.items) {
      if (item0.capacitySat !== undefined) item0.capacitySat = BigInt(item0.capacitySat)
      if (item0.finalMsat !== undefined) item0.finalMsat = BigInt(item0.finalMsat)
      if (item0.returnedSat !== undefined) item0.returnedSat = BigInt(item0.returnedSat)
      if (item0.closingFeeSat !== undefined) item0.closingFeeSat = BigInt(item0.closingFeeSat)
      if (item0.openingFeeSat !== undefined) item0.openingFeeSat = BigInt(item0.openingFeeSat)
      if (item0.claimFeesSat !== undefined) item0.claimFeesSat = BigInt(item0.claimFeesSat)
      if (item0.earned !== undefined) {
        item0.earned.in.amountMsat = BigInt(item0.earned.in.amountMsat)
        item0.earned.in.feesMsat = BigInt(item0.earned.in.feesMsat)
        item0.earned.out.amountMsat = BigInt(item0.earned.out.amountMsat)
        item0.earned.out.feesMsat = BigInt(item0.earned.out.feesMsat)
      }
    }
  },
  'channels.openings': (data) => {
    for (const item0 of data.items) {
      item0.fundingSat = BigInt(item0.fundingSat)
    }
  },
  'channels.open': (data) => {
    data.feeSat = BigInt(data.feeSat)
  },
  'channels.raiseFees': (data) => {
    for (const item0 of data.transactions) {
      item0.feeSat = BigInt(item0.feeSat)
    }
  },
  'channels.setRelayFees': (data) => {
    data.localPolicy.feeBaseMsat = BigInt(data.localPolicy.feeBaseMsat)
    data.localPolicy.htlcMinimumMsat = BigInt(data.localPolicy.htlcMinimumMsat)
    data.localPolicy.htlcMaximumMsat = BigInt(data.localPolicy.htlcMaximumMsat)
  },
  'channels.setInboundDiscount': (data) => {
    data.inboundDiscount.feeBaseMsat = BigInt(data.inboundDiscount.feeBaseMsat)
  },
  'payments.list': (data) => {
    for (const item0 of data.items) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      for (const item1 of item0.parts) {
        item1.amountMsat = BigInt(item1.amountMsat)
        item1.feesMsat = BigInt(item1.feesMsat)
        if (item1.hops !== undefined) {
          for (const item2 of item1.hops) {
            item2.amountMsat = BigInt(item2.amountMsat)
          }
        }
      }
    }
  },
  'payments.get': (data) => {
    data.payment.amountMsat = BigInt(data.payment.amountMsat)
    data.payment.feesMsat = BigInt(data.payment.feesMsat)
    for (const item0 of data.payment.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'payments.received': (data) => {
    for (const item0 of data.items) {
      item0.amountMsat = BigInt(item0.amountMsat)
      for (const item1 of item0.parts) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
    }
  },
  'payments.relays': (data) => {
    for (const item0 of data.items) {
      item0.feeMsat = BigInt(item0.feeMsat)
      for (const item1 of item0.incoming) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
      for (const item1 of item0.outgoing) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
    }
  },
  'payments.payInvoice': (data) => {
    data.payment.amountMsat = BigInt(data.payment.amountMsat)
    data.payment.feesMsat = BigInt(data.payment.feesMsat)
    for (const item0 of data.payment.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'payments.keysend': (data) => {
    data.payment.amountMsat = BigInt(data.payment.amountMsat)
    data.payment.feesMsat = BigInt(data.payment.feesMsat)
    for (const item0 of data.payment.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'payments.sendToRoute': (data) => {
    data.payment.amountMsat = BigInt(data.payment.amountMsat)
    data.payment.feesMsat = BigInt(data.payment.feesMsat)
    for (const item0 of data.payment.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'invoices.list': (data) => {
    for (const item0 of data.items) {
      if (item0.amountMsat !== undefined) item0.amountMsat = BigInt(item0.amountMsat)
      if (item0.receivedMsat !== undefined) item0.receivedMsat = BigInt(item0.receivedMsat)
    }
  },
  'invoices.get': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'invoices.decode': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    for (const item0 of data.invoice.routeHints) {
      for (const item1 of item0) {
        item1.feeBaseMsat = BigInt(item1.feeBaseMsat)
      }
    }
  },
  'invoices.create': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'invoices.createHold': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'invoices.settle': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'invoices.cancel': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'offers.list': (data) => {
    for (const item0 of data.items) {
      if (item0.amountMsat !== undefined) item0.amountMsat = BigInt(item0.amountMsat)
    }
  },
  'offers.get': (data) => {
    if (data.offer.amountMsat !== undefined) data.offer.amountMsat = BigInt(data.offer.amountMsat)
  },
  'offers.create': (data) => {
    if (data.offer.amountMsat !== undefined) data.offer.amountMsat = BigInt(data.offer.amountMsat)
  },
  'offers.disable': (data) => {
    if (data.offer.amountMsat !== undefined) data.offer.amountMsat = BigInt(data.offer.amountMsat)
  },
  'offers.decode': (data) => {
    if (data.offer.amountMsat !== undefined) data.offer.amountMsat = BigInt(data.offer.amountMsat)
  },
  'offers.pay': (data) => {
    data.payment.amountMsat = BigInt(data.payment.amountMsat)
    data.payment.feesMsat = BigInt(data.payment.feesMsat)
    for (const item0 of data.payment.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      if (item0.hops !== undefined) {
        for (const item1 of item0.hops) {
          item1.amountMsat = BigInt(item1.amountMsat)
        }
      }
    }
  },
  'refunds.list': (data) => {
    for (const item0 of data.items) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.maxFeeMsat = BigInt(item0.maxFeeMsat)
    }
  },
  'refunds.get': (data) => {
    data.refund.amountMsat = BigInt(data.refund.amountMsat)
    data.refund.maxFeeMsat = BigInt(data.refund.maxFeeMsat)
  },
  'refunds.create': (data) => {
    data.refund.amountMsat = BigInt(data.refund.amountMsat)
    data.refund.maxFeeMsat = BigInt(data.refund.maxFeeMsat)
  },
  'refunds.cancel': (data) => {
    data.refund.amountMsat = BigInt(data.refund.amountMsat)
    data.refund.maxFeeMsat = BigInt(data.refund.maxFeeMsat)
  },
  'refunds.decode': (data) => {
    data.refund.amountMsat = BigInt(data.refund.amountMsat)
  },
  'refunds.claim': (data) => {
    if (data.invoice.amountMsat !== undefined) data.invoice.amountMsat = BigInt(data.invoice.amountMsat)
    if (data.invoice.receivedMsat !== undefined) data.invoice.receivedMsat = BigInt(data.invoice.receivedMsat)
  },
  'router.findRoutes': (data) => {
    for (const item0 of data.routes) {
      for (const item1 of item0.hops) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
    }
    data.feesMsat = BigInt(data.feesMsat)
  },
  'router.probe': (data) => {
    data.probe.amountMsat = BigInt(data.probe.amountMsat)
    data.probe.feesMsat = BigInt(data.probe.feesMsat)
    for (const item0 of data.probe.parts) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      for (const item1 of item0.hops) {
        item1.amountMsat = BigInt(item1.amountMsat)
      }
    }
  },
  'router.probes': (data) => {
    for (const item0 of data.items) {
      item0.amountMsat = BigInt(item0.amountMsat)
      item0.feesMsat = BigInt(item0.feesMsat)
      for (const item1 of item0.parts) {
        item1.amountMsat = BigInt(item1.amountMsat)
        item1.feesMsat = BigInt(item1.feesMsat)
        for (const item2 of item1.hops) {
          item2.amountMsat = BigInt(item2.amountMsat)
        }
      }
    }
  },
  'wallet.balance': (data) => {
    data.confirmedSat = BigInt(data.confirmedSat)
    data.unconfirmedSat = BigInt(data.unconfirmedSat)
    data.reservedSat = BigInt(data.reservedSat)
    data.frozenSat = BigInt(data.frozenSat)
    data.spendableSat = BigInt(data.spendableSat)
    data.anchorReserveSat = BigInt(data.anchorReserveSat)
  },
  'wallet.send': (data) => {
    data.feeSat = BigInt(data.feeSat)
  },
  'wallet.sendMany': (data) => {
    data.feeSat = BigInt(data.feeSat)
  },
  'wallet.sendAll': (data) => {
    data.amountSat = BigInt(data.amountSat)
    data.feeSat = BigInt(data.feeSat)
  },
  'wallet.bumpFee': (data) => {
    data.feeSat = BigInt(data.feeSat)
  },
  'wallet.utxos': (data) => {
    for (const item0 of data.items) {
      item0.amountSat = BigInt(item0.amountSat)
    }
  },
  'wallet.transactions': (data) => {
    for (const item0 of data.items) {
      item0.receivedSat = BigInt(item0.receivedSat)
      item0.spentSat = BigInt(item0.spentSat)
      if (item0.feeSat !== undefined) item0.feeSat = BigInt(item0.feeSat)
      if (item0.ourFeeSat !== undefined) item0.ourFeeSat = BigInt(item0.ourFeeSat)
    }
  },
}

/** Hook requests, by hook name. */
export const restoreHook: Readonly<Record<string, Restore>> = {
  'channel.accept': (data) => {
    data.fundingSat = BigInt(data.fundingSat)
    data.pushMsat = BigInt(data.pushMsat)
    data.dustLimitSat = BigInt(data.dustLimitSat)
    data.channelReserveSat = BigInt(data.channelReserveSat)
    data.htlcMinimumMsat = BigInt(data.htlcMinimumMsat)
    data.maxHtlcValueInFlightMsat = BigInt(data.maxHtlcValueInFlightMsat)
  },
  'htlc.forward': (data) => {
    data.incoming.amountMsat = BigInt(data.incoming.amountMsat)
    data.outgoing.amountMsat = BigInt(data.outgoing.amountMsat)
    data.feeMsat = BigInt(data.feeMsat)
  },
}
