import { z } from 'zod'
import { FeeReason, TransactionPurpose } from './channel-transactions.ts'
import { field, named } from './field.ts'
import { BlockHeight, Count, Feerate, integer, Msat, PaymentHash, Sat, Timestamp, TxId } from './scalars.ts'

const Action = field(
  z.enum([
    'use-channel',
    'reconnect',
    'offer-close',
    'close-alone',
    'claim',
    'raise-fee',
    'fail-upstream',
    'tell-closed',
    'forget',
    'nothing',
  ]),
  {
    summary:
      'What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide.',
  },
)

/** A block by which what is waited for has to be there, and what the node does in that block. */
const byBlock = { until: BlockHeight.optional(), action: Action }
const byTime = { untilTime: Timestamp.optional(), action: Action }
const open = { action: Action }

const kind = <Kind extends string, Shape extends z.ZodRawShape>(name: Kind, summary: string, shape: Shape) =>
  z.object({ kind: field(z.literal(name), { summary }), ...shape })

const confirmations = {
  confirmations: field(Count, { summary: 'How many there are.' }),
  needed: field(Count, { summary: 'How many it takes.' }),
}

const ClosePending = named(
  'PendingClose',
  'A transaction that would close a channel and is in no block.',
  z.object({
    txid: TxId,
    by: field(z.enum(['both', 'local', 'remote']), { summary: 'Who has signed for it to be published.' }),
    feeSat: Sat.optional(),
    feerate: Feerate.optional(),
  }),
)

export const ChannelWait = named(
  'ChannelWait',
  'One thing that a channel waits for: until when, and what the node does then.',
  z.discriminatedUnion('kind', [
    kind('funding', 'The funding in a block, deep enough.', {
      txid: TxId,
      ...confirmations,
      ...byBlock,
    }),
    kind('channel-ready', "The peer's `channel_ready`.", open),
    kind('peer', 'The peer is away.', open),
    kind('reestablishment', "The connected peer's `channel_reestablish`.", byTime),
    kind('rest', 'The channel says nothing for a while, because the peer hangs up at what it says.', byTime),
    kind('chain', 'The node has to see first whether the chain has closed the channel.', open),
    kind('proof-of-state', 'The peer has to show that it knows no later state: the database was put back.', open),
    kind('peer-state', 'The peer has lost states of the channel: it has to find them, or ask for a close.', open),
    kind('release', 'The operator has to release the channel: it is quarantined after a fault.', {
      since: Timestamp,
      ...open,
    }),
    kind('htlc-deadline', 'HTLCs that the peer has to settle: if it is silent, they close the channel.', {
      htlcs: Count,
      amountMsat: Msat,
      ...byBlock,
    }),
    kind('shutdown', "The peer's `shutdown`.", open),
    kind('htlcs', 'HTLCs that must be settled before the close can be signed.', {
      htlcs: Count,
      amountMsat: Msat,
      ...byBlock,
    }),
    kind('updates', 'The last changes, which both have to bring into both commitments.', open),
    kind('close-signature', 'Both have to agree on the fee of the close and to sign it.', {
      answeredBy: field(z.enum(['local', 'remote']), { summary: 'Who has spoken last on this connection.' }).optional(),
      offeredSat: field(Sat, { summary: 'The fee that we offered last.' }).optional(),
      askedSat: field(Sat, { summary: 'The fee that the peer offered last.' }).optional(),
      refused: field(z.literal('fee-too-high'), {
        summary: "The peer's fee is more than we pay: close it again with a higher feerate, or force the close.",
      }).optional(),
      ...byTime,
    }),
    kind('close-confirmation', 'A block with a transaction that closes the channel.', {
      transactions: z.array(ClosePending).readonly(),
      ...byBlock,
    }),
    kind('peer-commitment', 'The peer has to publish its commitment: ours is old, and is never published.', open),
    kind('blocks', 'The blocks since the channel was opened have to be looked through for its funding and its end.', {
      from: field(BlockHeight, { summary: 'The first that is not looked through: it may be pruned.' }),
      to: BlockHeight,
      ...open,
    }),
    kind('claim', 'An output that is ours to take.', {
      purpose: TransactionPurpose,
      txid: field(TxId, { summary: 'Whose output it is.' }),
      outputIndex: integer(0, 0xffffffff),
      amountSat: field(Sat, { summary: 'What the output is worth; of an anchor, what hangs on its commitment.' }),
      paymentHash: PaymentHash.optional(),
      from: field(BlockHeight, { summary: 'The tip from which it can be taken, if that is to come.' }).optional(),
      budgetSat: field(Sat, { summary: 'The most that is paid for it.' }),
      deadline: field(BlockHeight, {
        summary: 'The last block in which it is surely ours, if others can take it.',
      }).optional(),
      claimTxid: field(TxId, { summary: 'What was published to take it.' }).optional(),
      claimOutputs: field(Count, {
        summary: 'How many outputs that takes, if more than this one: its fee is for all of them.',
      }).optional(),
      feeSat: Sat.optional(),
      feerate: Feerate.optional(),
      reason: FeeReason.optional(),
      nextFeerate: field(Feerate, {
        summary: 'What it pays from the block `until` on, if it is not taken by then and estimates stay as they are.',
      }).optional(),
      missingSat: field(Sat, { summary: 'What the wallet lacks for what it should pay now.' }).optional(),
      ...byBlock,
    }),
    kind('peer-claim', 'An HTLC on the chain that only the peer can take, until we learn its preimage.', {
      paymentHash: PaymentHash,
      amountMsat: Msat,
      ...byBlock,
    }),
    kind(
      'htlc-outcome',
      'HTLCs that have failed on the chain, and are told to whom they came from once that is deep.',
      {
        htlcs: Count,
        amountMsat: Msat,
        ...byBlock,
      },
    ),
    kind('lost-funds', 'Of what hangs on a commitment that this node does not know, it can claim nothing.', {
      amountMsat: Msat,
      ...open,
    }),
    kind('depth', 'All is taken: it has to be deep enough that no reorganisation undoes it.', {
      ...confirmations,
      ...byBlock,
    }),
  ]),
)

const ChannelWaitKind = z.enum(ChannelWait.options.flatMap(({ shape }) => [...shape.kind.values]))

/** What a list or an event says of it. */
export const WaitSummary = named(
  'WaitSummary',
  'What a channel waits for, in short: see `channels.get`.',
  z.object({
    kind: ChannelWaitKind,
    count: field(Count, { summary: 'How many of this kind.' }),
    until: field(BlockHeight, { summary: 'The first block in which the node does something about it.' }).optional(),
    action: Action,
  }),
)
