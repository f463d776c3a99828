/**
 * Text that events have in common, the most frequent last. Rows of the log are deflated with it, and cannot be read without it: it must
 * never change.
 */
export const EVENT_DICTIONARY: Uint8Array = Buffer.from(
  [
    '"failure":{"code":"payment-failed","erringNode":"","erringShortChannelId":""}',
    '"failedAt":1',
    '"type":"payment.failed"',
    '"source":"local"',
    '"source":"remote"',
    '"requested":{"shortChannelId":"',
    '"code":"temporary-channel-failure"',
    '"type":"payment.relay-failed","version":1,"payload":{"paymentHash":"',
    '"type":"channel.state-changed","version":1,"payload":{"channelId":"","peer":"","state":"offline"}}',
    '"state":"usable"}}',
    '"initiator":"local","kind":"mutual","txid":"',
    '"type":"payment.relayed","version":1,"payload":{"paymentHash":"","feeMsat":"1000","incoming":[{"channelId":"","peer":"02',
    '","shortChannelId":"100x1x0","htlcId":1,"amountMsat":"000","cltvExpiry":1',
    '}],"outgoing":[{"channelId":"","peer":"03","shortChannelId":"","htlcId":0,"amountMsat":"0000","cltvExpiry":1',
    '}],"startedAt":17,"settledAt":17',
    '{"cursor":"e1","at":17,"type":"invoice.created","version":1,"payload":{"paymentHash":"","invoice":"lnbc',
    'qsp5pp5dqcqp2rzjq9qyysgq","amountMsat":"1000000","description":"","createdAt":17,"expiresAt":17',
    '{"cursor":"e1","at":17,"type":"payment.received","version":1,"payload":{"paymentHash":"","amountMsat":"1000000",',
    '"parts":[{"channelId":"","htlcId":1,"amountMsat":"1000000"}],"receivedAt":17',
    '{"cursor":"e1","at":17,"type":"channel.balance-changed","version":1,"payload":{"channelId":"","peer":"02',
    '","fundingIndex":0,"capacitySat":"1000000","localMsat":"1000000000","remoteMsat":"1000000000",',
    '"spendableMsat":"1000000000","receivableMsat":"1000000000"}}',
    '{"cursor":"e1","at":17,"type":"payment.sent","version":1,"payload":{"paymentHash":"","destination":"03","parts":[{"channelId":"',
    '","shortChannelId":"100x1x0","amountMsat":"1000000","feesMsat":"0","route":["02","03"],"status":"settled"}],',
    '"startedAt":17,"amountMsat":"1000000","feesMsat":"0","settledAt":17',
  ].join(''),
)
