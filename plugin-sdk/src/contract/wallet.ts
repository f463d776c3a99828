import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { Address, BlockHeight, Feerate, Flag, integer, Page, page, Sat, Timestamp, TxId, text } from './scalars.ts'

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
  }),
)

const WalletTransaction = named(
  'WalletTransaction',
  "A transaction that changes the wallet's balance.",
  z.object({
    txid: TxId,
    receivedSat: field(Sat, { summary: 'Paid to the wallet, change included.' }),
    spentSat: field(Sat, { summary: "The wallet's outputs that it spends." }),
    feeSat: field(Sat, { summary: 'Known where every input is ours.' }).optional(),
    label: text(64).optional(),
    blockHeight: BlockHeight.optional(),
    seenAt: Timestamp,
  }),
)

export const wallet = actor('wallet', 'The on-chain wallet.', {
  balance: query({
    summary: 'What the wallet holds on-chain. Channels are not counted.',
    request: z.strictObject({}),
    reply: z.object({
      confirmedSat: Sat,
      unconfirmedSat: Sat,
      reservedSat: field(Sat, { summary: 'Of these, set aside for transactions in the making.' }),
      spendableSat: Sat,
    }),
    commandLine: { isDefault: true },
  }),
  newAddress: command({
    summary: 'A fresh address of the wallet.',
    request: z.strictObject({}),
    reply: z.object({ address: Address }),
    effects: ['keeps'],
  }),
  send: command({
    summary: 'Pays an on-chain address.',
    request: z.strictObject({
      address: Address,
      amountSat: Sat,
      feerate: field(Feerate, { summary: "The node's estimate if not said." }).optional(),
      maxFeeSat: field(Sat, {
        summary: 'The most that the transaction may pay; about twice what it would pay now if not said.',
      }).optional(),
    }),
    reply: z.object({ txid: TxId, feeSat: Sat }),
    errors: [
      'address-invalid',
      'address-wrong-network',
      'insufficient-funds',
      'amount-too-small',
      'fee-limit-exceeded',
    ],
    effects: ['pays-out', 'fees'],
    bounds: ['amountSat', 'feerate'],
    counted: ['address', 'maxFeeSat'],
    positional: ['address', 'amountSat'],
  }),
  utxos: query({
    summary: 'The outputs that the wallet can spend, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(Utxo),
  }),
  transactions: query({
    summary: "The wallet's transactions, the newest first, a page at a time.",
    request: z.strictObject({ page: Page.optional() }),
    reply: page(WalletTransaction),
  }),
})
