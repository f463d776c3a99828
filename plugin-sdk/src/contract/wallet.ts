import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import {
  Address,
  BlockHeight,
  ChannelId,
  Count,
  Feerate,
  Flag,
  integer,
  Outpoint,
  Page,
  page,
  Sat,
  Timestamp,
  TxId,
  text,
} from './scalars.ts'

const Label = text(64, "The operator's words.")

const AddressType = z.enum(['p2tr', 'p2wpkh'])

const Utxo = named(
  'Utxo',
  'An output that the wallet can spend.',
  z.object({
    txid: TxId,
    outputIndex: integer(0, 0xffffffff),
    amountSat: Sat,
    address: Address,
    blockHeight: field(BlockHeight, { summary: 'Not there until it is confirmed.' }).optional(),
    reserved: Flag,
    frozen: field(Flag, { summary: 'Left alone, because the operator wants it so.' }),
    label: field(Label, { summary: 'Of its address.' }).optional(),
  }),
)

const WalletAddress = named(
  'WalletAddress',
  'An address that the wallet has given out.',
  z.object({ address: Address, type: AddressType, index: Count, label: Label.optional() }),
)

const WalletDescriptor = named(
  'WalletDescriptor',
  'The keys of one kind of address, for a wallet that only watches: it shows coins and spends none (BIP 380).',
  z.object({
    descriptor: text(256, 'With its checksum.'),
    type: AddressType,
    change: field(Flag, { summary: 'Of addresses that are not given out.' }),
    nextIndex: field(Count, { summary: 'The first that was neither given out nor seen.' }),
  }),
)

const Purpose = text(
  64,
  'Why it was made: `send`, `channel-funding`, `mutual-close`, `htlc-timeout` and so on; `receive` if others made it.',
)

const WalletTransaction = named(
  'WalletTransaction',
  "A transaction that changes the wallet's balance, or that the node made for a channel.",
  z.object({
    txid: TxId,
    purpose: Purpose,
    channelId: field(ChannelId, { summary: 'The channel that it was made for.' }).optional(),
    receivedSat: field(Sat, { summary: 'Paid to the wallet, change included.' }),
    spentSat: field(Sat, { summary: "The wallet's outputs that it spends." }),
    feeSat: field(Sat, { summary: 'Known where every input is ours, and where the node made it.' }).optional(),
    ourFeeSat: field(Sat, {
      summary:
        'Of the fee, what we pay: none of it where the peer pays for a close. Not there once nobody knows who did.',
    }).optional(),
    label: Label.optional(),
    key: field(text(128), { summary: 'The key of the command that asked for it.' }).optional(),
    replaces: field(TxId, {
      summary: 'The same payments, or the same claim, at a lower fee: it is listed no more.',
    }).optional(),
    blockHeight: BlockHeight.optional(),
    confirmations: Count,
    seenAt: Timestamp,
  }),
)

const Rescan = named(
  'Rescan',
  'A look through past blocks for coins of the wallet.',
  z.object({
    fromHeight: BlockHeight,
    nextHeight: field(BlockHeight, { summary: 'The block that is looked at next.' }),
    toHeight: field(BlockHeight, { summary: 'The last block for now: new ones are added.' }),
    done: Flag,
    missing: field(Count, { summary: 'Blocks that could not be had: what they paid is not known.' }),
    firstMissing: BlockHeight.optional(),
    lastMissing: BlockHeight.optional(),
  }),
)

const spendingFields = {
  feerate: field(Feerate, { summary: "The node's estimate if not said." }).optional(),
  maxFeeSat: field(Sat, {
    summary: 'The most that the transaction may pay; about twice what it would pay now if not said.',
  }).optional(),
}

/** For whatever spends coins of the wallet. */
export const chosenCoins = {
  coins: field(z.array(Outpoint).min(1).max(500).readonly(), {
    summary: 'Exactly these are spent; the wallet chooses if not said.',
  }).optional(),
}

const labelled = { label: Label.optional() }

const SPEND_ERRORS = [
  'insufficient-funds',
  'amount-too-small',
  'fee-limit-exceeded',
  'anchor-reserve',
  'coin-unavailable',
  'rescan-under-way',
] as const

const ADDRESS_ERRORS = ['address-invalid', 'address-wrong-network'] as const

export const wallet = actor('wallet', 'The on-chain wallet.', {
  balance: query({
    summary: 'What the wallet holds on-chain. Channels are not counted.',
    request: z.strictObject({}),
    reply: z.object({
      confirmedSat: Sat,
      unconfirmedSat: Sat,
      reservedSat: field(Sat, { summary: 'Of these, set aside for transactions in the making.' }),
      frozenSat: field(Sat, { summary: 'Of these, left alone because the operator wants it so.' }),
      spendableSat: Sat,
      anchorReserveSat: field(Sat, {
        summary: 'Of what is spendable, kept for bringing commitments of channels into a block.',
      }),
    }),
    commandLine: { isDefault: true },
  }),
  newAddress: command({
    summary: 'A fresh address of the wallet.',
    request: z.strictObject({
      type: field(AddressType, { summary: 'p2tr if not said.' }).optional(),
      ...labelled,
    }),
    reply: z.object({ address: Address }),
    effects: ['keeps'],
  }),
  addresses: query({
    summary: 'The addresses that were given out, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(WalletAddress),
  }),
  send: command({
    summary: 'Pays an on-chain address.',
    request: z.strictObject({ address: Address, amountSat: Sat, ...spendingFields, ...chosenCoins, ...labelled }),
    reply: z.object({ txid: TxId, feeSat: Sat }),
    errors: [...ADDRESS_ERRORS, ...SPEND_ERRORS],
    effects: ['pays-out', 'fees'],
    bounds: ['amountSat', 'feerate'],
    counted: ['address', 'maxFeeSat'],
    positional: ['address', 'amountSat'],
  }),
  sendMany: command({
    summary: 'Pays several on-chain addresses in one transaction.',
    request: z.strictObject({
      outputs: z
        .array(z.strictObject({ address: Address, amountSat: Sat }))
        .min(1)
        .max(500)
        .readonly(),
      ...spendingFields,
      ...chosenCoins,
      ...labelled,
    }),
    reply: z.object({ txid: TxId, feeSat: Sat }),
    errors: [...ADDRESS_ERRORS, ...SPEND_ERRORS],
    effects: ['pays-out', 'fees'],
    bounds: ['feerate'],
    counted: ['outputs', 'maxFeeSat'],
    positional: ['outputs'],
  }),
  sendAll: command({
    summary: 'Pays all that the wallet can spend to an on-chain address, but for what it keeps for anchors.',
    request: z.strictObject({ address: Address, ...spendingFields, ...chosenCoins, ...labelled }),
    reply: z.object({ txid: TxId, amountSat: Sat, feeSat: Sat }),
    errors: [...ADDRESS_ERRORS, ...SPEND_ERRORS, 'amount-limit-exceeded'],
    effects: ['pays-out', 'fees'],
    bounds: ['feerate'],
    counted: ['address', 'maxFeeSat'],
    positional: ['address'],
  }),
  bumpFee: command({
    summary:
      'Raises the fee of a transaction in no block: a payment of ours is replaced, any other that pays us gets a child that pays for both.',
    request: z.strictObject({
      txid: TxId,
      feerate: field(Feerate, { summary: "The node's estimate if not said." }).optional(),
      maxFeeSat: field(Sat, {
        summary: 'The most that the new transaction may pay; about twice what it would pay now if not said.',
      }).optional(),
      by: field(z.enum(['replacement', 'child']), { summary: 'What suits the transaction if not said.' }).optional(),
    }),
    reply: z.object({ txid: TxId, feeSat: Sat, by: z.enum(['replacement', 'child']) }),
    errors: [
      ...SPEND_ERRORS,
      'transaction-unknown',
      'transaction-confirmed',
      'feerate-too-low',
      'not-replaceable',
      'no-output-of-ours',
    ],
    effects: ['fees'],
    bounds: ['feerate'],
    counted: ['maxFeeSat'],
    positional: ['txid'],
  }),
  freeze: command({
    summary: 'Leaves a coin alone until it is thawed.',
    request: z.strictObject({ coin: Outpoint }),
    reply: z.object({}),
    errors: ['coin-unavailable'],
    effects: ['keeps'],
    positional: ['coin'],
  }),
  thaw: command({
    summary: 'Lets a frozen coin be spent again.',
    request: z.strictObject({ coin: Outpoint }),
    reply: z.object({}),
    errors: ['coin-unavailable'],
    effects: ['keeps'],
    positional: ['coin'],
  }),
  label: command({
    summary: 'Keeps words for a transaction or an address of the wallet. Without words, it forgets them.',
    request: z.strictObject({
      of: field(text(120), { summary: 'A transaction id or an address.' }),
      ...labelled,
    }),
    reply: z.object({}),
    errors: ['transaction-unknown', 'address-invalid'],
    effects: ['keeps'],
    positional: ['of', 'label'],
  }),
  utxos: query({
    summary: 'The outputs that the wallet can spend, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(Utxo),
  }),
  transactions: query({
    summary:
      "The wallet's transactions, and those that the node made for channels, the newest first, a page at a time.",
    request: z.strictObject({
      purpose: Purpose.optional(),
      channelId: field(ChannelId, { summary: 'Only those made for this channel.' }).optional(),
      page: Page.optional(),
    }),
    reply: page(WalletTransaction),
  }),
  descriptors: query({
    summary: 'What a wallet that only watches needs to see every coin of this one. It reveals every address.',
    request: z.strictObject({}),
    reply: z.object({ descriptors: z.array(WalletDescriptor).readonly() }),
    access: 'operator',
  }),
  rescan: command({
    summary:
      'Looks through past blocks for coins of the wallet, beside its other work. Nothing is sent before it has ended.',
    request: z.strictObject({
      fromHeight: field(BlockHeight, { summary: 'The first block that may pay the wallet.' }),
    }),
    reply: z.object({ rescan: Rescan }),
    errors: ['rescan-under-way'],
    access: 'operator',
    effects: ['keeps'],
    positional: ['fromHeight'],
  }),
  rescanStatus: query({
    summary: 'How far the last look through past blocks is.',
    request: z.strictObject({}),
    reply: z.object({ rescan: Rescan.optional() }),
  }),
})
