import { z } from 'zod'
import { field, named } from './field.ts'
import { BlockHeight, Count, Feerate, Sat, TxId } from './scalars.ts'

export const TransactionPurpose = z.enum([
  'mutual-close',
  'local-commitment',
  'anchor',
  'to-local',
  'htlc-success',
  'htlc-timeout',
  'htlc-output',
  'to-remote',
  'received-htlc',
  'offered-htlc',
  'penalty',
  'htlc-penalty',
  // Several outputs of different purposes, by one transaction.
  'joint-claim',
])

/** Why a transaction pays what it pays. */
export const FeeReason = z.enum(['agreed', 'estimate', 'deadline', 'budget', 'wallet', 'operator'])

export const ChannelTransaction = named(
  'ChannelTransaction',
  'A transaction that this node has published to close a channel; of those that replaced each other, the last.',
  z.object({
    txid: TxId,
    purpose: TransactionPurpose,
    feeSat: field(Sat, { summary: 'What it pays by itself.' }),
    feerate: field(Feerate, { summary: 'What it pays, together with the commitment that it brings into a block.' }),
    reason: field(FeeReason, {
      summary:
        'What set the fee: both sides (`agreed`), the estimate, a deadline that is near, all that may be paid (`budget`), all that the wallet could pay, or what the operator asked for.',
    }),
    deadline: field(BlockHeight, { summary: 'The last block in which it is in time, where time matters.' }).optional(),
    replaced: field(Count, { summary: 'How many have paid less before it.' }),
    status: field(z.enum(['waiting', 'confirmed', 'lost']), {
      summary: '`lost`: another transaction took its place or made it needless.',
    }),
  }),
)
