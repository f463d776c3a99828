import { z } from 'zod'
import { FeeReason, TransactionPurpose } from './channel-transactions.ts'
import { WaitSummary } from './channel-waits.ts'
import { ChannelState, CloseKind, closedAccount, Side } from './channels.ts'
import { event } from './define.ts'
import { field, publicly } from './field.ts'
import { heldFields, PaymentFailure, RelayHtlc, receivedFields, SentPart } from './payments.ts'
import { probed } from './probes.ts'
import { RemovedRows } from './retention.ts'
import {
  BlockHash,
  BlockHeight,
  ChannelId,
  Count,
  Feerate,
  Flag,
  Hex,
  Invoice,
  integer,
  Msat,
  Name,
  NodeId,
  PaymentHash,
  Ppm,
  Sat,
  ShortChannelId,
  SocketAddress,
  Timestamp,
  TxId,
  text,
} from './scalars.ts'

const channel = { channelId: ChannelId, peer: NodeId }

const funding = {
  fundingIndex: Count,
  fundingTxid: TxId,
  fundingOutputIndex: integer(0, 0xffff),
  fundingSat: Sat,
}

const Fees = z.object({ feeBaseMsat: Msat, feeProportionalMillionths: Ppm })

const plugin = { plugin: Name, pluginVersion: text(64) }

const definitions = [
  event(
    'peer.connected',
    'A peer is connected and has sent its init.',
    {
      nodeId: publicly(NodeId),
      address: SocketAddress.optional(),
      direction: z.enum(['inbound', 'outbound']),
      features: publicly(Hex),
    },
    { class: 'network' },
  ),
  event(
    'peer.disconnected',
    'The connection to a peer has ended.',
    {
      nodeId: publicly(NodeId),
      reason: text(256).optional(),
    },
    { class: 'network' },
  ),
  event(
    'peer.repeated',
    'A peer caused more than is told one by one: of each thing the last is told, and how many were not.',
    {
      nodeId: publicly(NodeId),
      untold: field(Count, { summary: 'How many events were left out.' }),
      since: Timestamp,
    },
    { class: 'network' },
  ),
  event(
    'channel.opening',
    'Either side has proposed a channel.',
    {
      temporaryChannelId: ChannelId,
      peer: NodeId,
      initiator: Side,
      fundingSat: Sat,
      pushMsat: Msat,
    },
    { class: 'network' },
  ),
  event(
    'channel.funding-created',
    'A channel has a funding transaction, signed for by both sides.',
    {
      ...channel,
      temporaryChannelId: ChannelId.optional(),
      initiator: Side,
      ...funding,
      channelType: publicly(text(64)),
      localMsat: Msat,
      remoteMsat: Msat,
    },
    { class: 'channel' },
  ),
  event(
    'channel.funding-confirmed',
    "A channel's funding is deep enough in the chain.",
    {
      ...channel,
      ...funding,
      blockHeight: BlockHeight,
      shortChannelId: ShortChannelId.optional(),
    },
    { class: 'money' },
  ),
  event(
    'channel.ready',
    'A channel can carry payments for the first time.',
    {
      ...channel,
      fundingIndex: Count,
      shortChannelId: ShortChannelId.optional(),
      aliases: z.array(ShortChannelId).readonly(),
      capacitySat: Sat,
      localMsat: Msat,
      remoteMsat: Msat,
      ...Fees.shape,
    },
    { class: 'money' },
  ),
  event(
    'channel.state-changed',
    'A channel has gone offline, come back, or moved on in its life.',
    {
      ...channel,
      previous: ChannelState.optional(),
      state: ChannelState,
    },
    { class: 'network' },
  ),
  event(
    'channel.balance-changed',
    "A channel's balance has moved. Moves within one commit are told once.",
    {
      ...channel,
      fundingIndex: Count,
      capacitySat: Sat,
      localMsat: Msat,
      remoteMsat: Msat,
      spendableMsat: Msat,
      receivableMsat: Msat,
    },
    { class: 'channel' },
  ),
  event(
    'channel.relay-fees-changed',
    'The node charges something else to relay out of a channel.',
    {
      ...channel,
      ...Fees.shape,
      previous: Fees,
    },
    { class: 'channel' },
  ),
  event(
    'channel.inbound-discount-changed',
    'The node takes something else off its fee for what comes in over a channel.',
    {
      ...channel,
      ...Fees.shape,
      previous: Fees,
    },
    { class: 'channel' },
  ),
  event(
    'channel.closing',
    'A channel has begun to close.',
    {
      ...channel,
      fundingIndex: Count,
      initiator: Side,
      kind: CloseKind,
      txid: TxId.optional(),
    },
    { class: 'channel' },
  ),
  event(
    'channel.close-signed',
    'Both sides have signed the transaction that closes a channel, as agreed.',
    {
      ...channel,
      fundingIndex: Count,
      txid: TxId,
    },
    { class: 'channel' },
  ),
  event(
    'channel.transaction-published',
    'A transaction that closes a channel, or takes an output of one, was published, perhaps in the place of one that paid less.',
    {
      ...channel,
      txid: TxId,
      purpose: TransactionPurpose,
      feeSat: field(Sat, { summary: 'What it pays by itself.' }),
      feerate: field(Feerate, { summary: 'What it pays, together with the commitment that it brings into a block.' }),
      reason: field(FeeReason, { summary: 'What set the fee: see `channels.get`.' }),
      deadline: field(BlockHeight, {
        summary: 'The last block in which it is in time, where time matters.',
      }).optional(),
      replaces: field(TxId, { summary: 'The one that paid less.' }).optional(),
    },
    { class: 'channel' },
  ),
  event(
    'channel.fees-short',
    'The wallet cannot pay what a transaction of a closing channel should pay now: it waits, or pays less.',
    {
      ...channel,
      purpose: TransactionPurpose,
      neededSat: Sat,
      availableSat: field(Sat, { summary: 'What the wallet has in blocks.' }),
      deadline: field(BlockHeight, {
        summary: 'The last block in which it is in time, where time matters.',
      }).optional(),
    },
    { class: 'money' },
  ),
  event(
    'channel.waits-changed',
    'A channel that opens, closes or stands still waits for something else than before.',
    {
      ...channel,
      waitsFor: field(z.array(WaitSummary).readonly(), {
        summary: 'None once it waits for nothing. Whether the peer is there is told by `channel.state-changed`.',
      }),
    },
    { class: 'channel' },
  ),
  event(
    'channel.closed',
    'A channel is closed and all that was ours is in our wallet.',
    {
      ...channel,
      fundingIndex: Count,
      kind: CloseKind,
      txid: field(TxId, { summary: 'What spent the funding; zeros if the channel was never funded.' }),
      blockHeight: BlockHeight,
      ...closedAccount,
    },
    { class: 'money' },
  ),
  event(
    'channel.errored',
    'A channel broke a rule, or its peer did.',
    {
      ...channel,
      source: Side,
      code: text(64),
      text: text(512),
    },
    { class: 'channel' },
  ),
  event(
    'payment.sent',
    'A payment of ours has arrived.',
    {
      paymentHash: PaymentHash,
      amountMsat: Msat,
      feesMsat: Msat,
      destination: NodeId.optional(),
      parts: z.array(SentPart).readonly(),
      startedAt: Timestamp,
      settledAt: Timestamp,
    },
    { class: 'money' },
  ),
  event(
    'payment.failed',
    'A payment of ours has failed for good. Nothing of it is still under way.',
    {
      paymentHash: PaymentHash,
      amountMsat: Msat,
      destination: NodeId.optional(),
      failure: PaymentFailure,
      parts: z.array(SentPart).readonly(),
      startedAt: Timestamp,
      failedAt: Timestamp,
    },
    { class: 'money' },
  ),
  event(
    'payment.part-failed',
    'A part of a payment of ours has failed: its HTLC has come back, or was never sent. The payment may go on; its end tells of all its parts once more.',
    { paymentHash: PaymentHash, part: SentPart },
    { class: 'money', durability: 'ephemeral' },
  ),
  event('router.probed', 'A probe has come back, from its destination or from on the way there.', probed, {
    class: 'network',
  }),
  event('payment.received', 'An invoice of ours was paid, or somebody paid us without one.', receivedFields, {
    class: 'money',
  }),
  event('invoice.held', 'A payment of an invoice waits for its preimage.', heldFields, { class: 'money' }),
  event(
    'invoice.cancelled',
    'Nobody can pay an invoice of ours any more, and what was held for it is given back.',
    {
      paymentHash: PaymentHash,
      reason: field(z.enum(['asked', 'deadline']), {
        summary:
          'Whether somebody asked for it, or the node gave back what was held before its channels were in danger.',
      }),
      cancelledAt: Timestamp,
    },
    { class: 'money' },
  ),
  event(
    'payment.relayed',
    'A payment went through this node and settled on both sides.',
    {
      paymentHash: PaymentHash,
      feeMsat: field(Msat, { summary: 'What we earned.' }),
      incoming: z.array(RelayHtlc).readonly(),
      outgoing: z.array(RelayHtlc).readonly(),
      startedAt: Timestamp,
      settledAt: Timestamp,
    },
    { class: 'money' },
  ),
  event(
    'payment.relay-failed',
    'A payment could not go through this node.',
    {
      paymentHash: PaymentHash,
      incoming: z.array(RelayHtlc).readonly(),
      outgoing: field(z.array(RelayHtlc).readonly(), { summary: 'Empty where we refused before sending it on.' }),
      requested: field(
        z.object({
          shortChannelId: ShortChannelId.optional(),
          nodeId: NodeId.optional(),
          amountMsat: Msat,
          cltvExpiry: BlockHeight,
        }),
        {
          summary:
            'Where the sender wanted it to go, or the recipient of a blinded path, which may name the next node.',
        },
      ).optional(),
      source: field(Side, { summary: 'Whether we refused it, or it failed further on.' }),
      code: field(text(64), {
        summary:
          'The BOLT 4 failure, where it is ours or readable; `paid-too-late` if it was paid further on after we had to give it back: its amount is lost.',
      }),
      plugin: field(text(64).optional(), { summary: 'The plugin that refused it, or that gave no verdict.' }),
    },
    { class: 'network' },
  ),
  event(
    'invoice.created',
    'This node made an invoice.',
    {
      paymentHash: PaymentHash,
      invoice: Invoice,
      amountMsat: Msat.optional(),
      description: text(1024),
      createdAt: Timestamp,
      expiresAt: Timestamp,
    },
    { class: 'money' },
  ),
  event(
    'wallet.transaction',
    "A transaction that changes the wallet's balance was seen, or was confirmed.",
    {
      txid: TxId,
      receivedSat: Sat,
      spentSat: Sat,
      feeSat: Sat.optional(),
      purpose: text(64).optional(),
      channelId: ChannelId.optional(),
      label: text(64).optional(),
      blockHeight: BlockHeight.optional(),
    },
    { class: 'money' },
  ),
  event(
    'wallet.transaction-dropped',
    'A transaction that was in no block cannot happen any more: another has taken its place, or what it was built on is gone. Its coins are free.',
    {
      txid: TxId,
      receivedSat: Sat,
      spentSat: Sat,
      feeSat: Sat.optional(),
      purpose: text(64).optional(),
      channelId: ChannelId.optional(),
      label: text(64).optional(),
      by: field(TxId, { summary: 'What has taken its place, where that is known.' }).optional(),
    },
    { class: 'money' },
  ),
  event(
    'wallet.rescanned',
    'The wallet has looked through all the blocks that it was asked to.',
    {
      fromHeight: BlockHeight,
      toHeight: BlockHeight,
      missing: field(Count, { summary: 'Blocks that could not be had: what they paid is not known.' }),
      confirmedSat: field(Sat, { summary: 'What the wallet holds in blocks now.' }),
    },
    { class: 'money' },
  ),
  event(
    'chain.block',
    'The chain has a new tip, and all that it changed for the node is on the disk.',
    { blockHeight: publicly(BlockHeight), blockHash: BlockHash },
    { class: 'node', durability: 'ephemeral' },
  ),
  event(
    'chain.health-changed',
    'The node sees the chain better or worse than before.',
    {
      healthy: Flag,
      blockHeight: field(BlockHeight, { summary: 'The highest block that the node has handled.' }),
      problems: field(z.array(z.object({ code: text(64), text: text(512), fix: text(512) })).readonly(), {
        summary: 'The worst first; none when all is well.',
      }),
    },
    { class: 'node' },
  ),
  event(
    'node.rows-removed',
    'Rows that were older than the operator keeps them are gone from the database.',
    {
      removed: z.array(RemovedRows).readonly(),
      archive: field(text(4096), { summary: 'The folder of the files that have those that were archived.' }).optional(),
    },
    { class: 'node' },
  ),
  event(
    'node.archive-failed',
    'The archive cannot be written. Until it can be again nothing is removed that belongs in it.',
    { archive: text(4096), reason: text(256) },
    { class: 'node' },
  ),
  event('plugin.started', 'A plugin runs.', plugin, { class: 'plugin' }),
  event(
    'plugin.stopped',
    'A plugin was stopped or removed.',
    { ...plugin, reason: text(256).optional() },
    { class: 'plugin' },
  ),
  event(
    'plugin.faulted',
    'A plugin broke a limit or threw.',
    {
      ...plugin,
      code: text(64),
      text: text(1024),
      restartInMs: Count.optional(),
    },
    { class: 'plugin' },
  ),
  event(
    'plugin.refused',
    'A plugin asked for what it was not granted, or beyond its bounds or budget.',
    {
      ...plugin,
      operation: text(128),
      code: text(64),
      text: text(1024),
    },
    { class: 'plugin' },
  ),
  event(
    'plugin.warned',
    'A plugin comes near one of its limits.',
    { ...plugin, code: text(64), text: text(1024) },
    { class: 'plugin' },
  ),
] as const

type Definition = (typeof definitions)[number]

export type EventName = Definition['name']

/** Every event, by name. */
export const events = Object.fromEntries(definitions.map((definition) => [definition.name, definition])) as unknown as {
  readonly [Name in EventName]: Extract<Definition, { name: Name }>
}

/** What an event says. */
export type EventPayload<Name extends EventName> = z.output<(typeof events)[Name]['payload']>
