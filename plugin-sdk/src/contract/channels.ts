import { z } from 'zod'
import { ChannelTransaction, TransactionPurpose } from './channel-transactions.ts'
import { ChannelWait, WaitSummary } from './channel-waits.ts'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named, publicly } from './field.ts'
import {
  Address,
  BlockHeight,
  ChannelId,
  Count,
  Feerate,
  Flag,
  feerateFields,
  integer,
  Msat,
  NodeId,
  Page,
  Path,
  PeerName,
  Ppm,
  page,
  Sat,
  ShortChannelId,
  Timestamp,
  TxId,
  text,
} from './scalars.ts'
import { chosenCoins } from './wallet.ts'

export const ChannelState = z.enum(['opening', 'usable', 'offline', 'closing', 'closed', 'quarantined'])
export const CloseKind = z.enum(['mutual', 'local-force', 'remote-force', 'revoked', 'never-funded'])
export const Side = z.enum(['local', 'remote'])

const InboundDiscount = named(
  'InboundDiscount',
  'What is taken off the fee for what comes in over a channel: a fixed part, and one of what is relayed and its fee.',
  z.object({ feeBaseMsat: Msat, feeProportionalMillionths: Ppm }),
)

const RelayPolicy = named(
  'RelayPolicy',
  'What a node charges and asks for to relay out of a channel.',
  z.object({
    feeBaseMsat: Msat,
    feeProportionalMillionths: Ppm,
    cltvExpiryDelta: integer(0, 0xffff),
    htlcMinimumMsat: Msat,
    htlcMaximumMsat: Msat,
    disabled: field(Flag, {
      summary: "Of the peer's policy: whether it says that it relays nothing out of its end now.",
    }).optional(),
  }),
)

const Funding = named(
  'Funding',
  'An output that funds, funded or will fund a channel.',
  z.object({
    fundingIndex: Count,
    txid: TxId,
    outputIndex: integer(0, 0xffff),
    amountSat: Sat,
    status: z.enum(['unconfirmed', 'confirmed', 'spent']),
    blockHeight: BlockHeight.optional(),
  }),
)

const ChannelRest = named(
  'ChannelRest',
  'What a channel does not say for a while, and what helps.',
  z.object({
    cause: publicly(text(64)),
    remedy: publicly(text(512)),
    until: field(Timestamp, { summary: 'When it is tried again, unless the peer or another feerate moves first.' }),
  }),
)

const ChannelSummary = named(
  'ChannelSummary',
  'A channel, open or closing.',
  z.object({
    channelId: ChannelId,
    peer: NodeId,
    peerName: PeerName.optional(),
    state: ChannelState,
    initiator: Side,
    channelType: publicly(text(64)),
    announced: field(Flag, {
      summary: 'Whether both sides want the network to know of it, and it does once the funding is deep enough.',
    }),
    fundings: z.array(Funding).readonly(),
    shortChannelId: ShortChannelId.optional(),
    aliases: z.array(ShortChannelId).readonly(),
    remoteAlias: ShortChannelId.optional(),
    capacitySat: Sat,
    localMsat: field(Msat, { summary: 'Ours, HTLCs in flight apart.' }),
    remoteMsat: field(Msat, { summary: "The peer's, HTLCs in flight apart." }),
    spendableMsat: field(Msat, { summary: 'The most that one HTLC out of this channel can carry now.' }),
    receivableMsat: field(Msat, { summary: 'The most that one HTLC into this channel can carry now.' }),
    htlcsInFlight: Count,
    unclaimableMsat: field(Msat, {
      summary:
        'Of ours, the HTLCs in a commitment that the peer published and that this node does not know: it cannot claim them.',
    }).optional(),
    unconfirmedMsat: field(Msat, {
      summary:
        "Of ours, what hangs on a funding of the peer's that is not deep enough: it is not ours until then, whatever the channel is used for.",
    }).optional(),
    rest: field(ChannelRest, {
      summary: 'There while the channel holds back what the peer has hung up at, so that its other channels can go on.',
    }).optional(),
    inDoubt: field(Flag, {
      summary:
        'There while the state may be old, because the database was put back: nothing of the channel is published until its peer has shown that it knows no later one.',
    }).optional(),
    localPolicy: RelayPolicy,
    inboundDiscount: field(InboundDiscount, {
      summary: 'Where we take something off for what comes in over it.',
    }).optional(),
    remotePolicy: RelayPolicy.optional(),
    closeKind: CloseKind.optional(),
    transactions: field(z.array(ChannelTransaction).readonly(), {
      summary: 'What this node has published to close the channel.',
    }).optional(),
    openedAt: Timestamp.optional(),
    waitsFor: field(z.array(WaitSummary).readonly(), {
      summary: 'None while the channel is usable and holds no HTLC.',
    }),
  }),
)

const RelayedWay = named(
  'RelayedWay',
  'What was relayed one way, and what that earned.',
  z.object({ relays: Count, amountMsat: Msat, feesMsat: Msat }),
)

const ChannelEarnings = named(
  'ChannelEarnings',
  'What a channel has relayed. Each fee is earned once and counts twice: in the channel that a payment came in by, and in the one that it went out by.',
  z.object({
    in: RelayedWay,
    out: RelayedWay,
    since: field(Timestamp, {
      summary: 'Since when relays are counted, where the node no longer knows of earlier ones.',
    }).optional(),
  }),
)

const ChannelDetails = named(
  'ChannelDetails',
  'A channel with all that it waits for, and what it has earned.',
  ChannelSummary.extend({
    waits: z.array(ChannelWait).readonly(),
    earned: field(ChannelEarnings, { summary: 'Not there while the node still counts.' }).optional(),
  }),
)

const ChannelOpening = named(
  'ChannelOpening',
  'A channel that is being opened and has no funding yet. Nothing of it is kept: it ends with the connection.',
  z.object({
    temporaryChannelId: ChannelId,
    peer: NodeId,
    peerName: PeerName.optional(),
    initiator: Side,
    fundingSat: Sat,
    waitsFor: field(z.enum(['peer-answer', 'wallet', 'peer-signature', 'decision', 'peer-funding']), {
      summary:
        'The peer has to accept it, our wallet to fund it, or the peer to sign; of an opening of the peer, this node (with its plugins) has to decide, or the peer to fund it.',
    }),
  }),
)

const UnraisedFee = named(
  'UnraisedFee',
  'A transaction of a closing channel whose fee was not raised, or that is not made yet.',
  z.object({
    purpose: TransactionPurpose,
    txid: TxId.optional(),
    feerate: field(Feerate, { summary: 'What it pays.' }).optional(),
    reason: field(
      z.enum(['pays-that-much', 'too-near', 'budget', 'commitment-pays', 'not-yet', 'not-worth-it', 'agreed']),
      {
        summary:
          'It pays that much already, or so nearly that nodes take no replacement; it pays all that it may (`budget`); its commitment pays that much without it; its output is locked (`not-yet`), or worth less than the fee; or both sides have signed it, and `channels.close` replaces it.',
      },
    ),
  }),
)

/** Not there of a channel that was closed by a version that did not tell. */
export const closedAccount = {
  openedBy: Side.optional(),
  closedBy: field(Side, {
    summary: 'Whose doing the end was: of a cooperative close, who asked for it; of any other, who began.',
  }).optional(),
  capacitySat: Sat.optional(),
  fundingTxid: TxId.optional(),
  shortChannelId: ShortChannelId.optional(),
  openedHeight: field(BlockHeight, { summary: 'Of the tip when it was opened.' }).optional(),
  finalMsat: field(Msat, { summary: 'Ours in the last commitment, HTLCs in flight apart.' }).optional(),
  returnedSat: field(Sat, {
    summary: 'What came back to the wallet, or to the address that was asked for: by the close, and by claims.',
  }).optional(),
  closingFeeSat: field(Sat, { summary: 'Of what the transaction that closed it paid, our share.' }).optional(),
}

const ClosedChannel = named(
  'ClosedChannel',
  'A channel that is no more: all that was ours is in our wallet, six blocks deep. A reorganisation deeper than that brings it back to `channels.list`; it is told as closed once more later.',
  z.object({
    channelId: ChannelId,
    peer: NodeId,
    peerName: PeerName.optional(),
    kind: CloseKind,
    txid: field(TxId, { summary: 'What spent the funding; zeros if the channel was never funded.' }),
    blockHeight: BlockHeight,
    closedAt: Timestamp,
    ...closedAccount,
    openingFeeSat: field(Sat, { summary: 'What its funding paid, if it was ours.' }).optional(),
    claimFeesSat: field(Sat, {
      summary: 'What our claims of its outputs paid, and children that brought a commitment into a block.',
    }).optional(),
    earned: field(ChannelEarnings, { summary: 'Not there while the node still counts, or does not know.' }).optional(),
  }),
)

export const channels = actor('channels', 'Payment channels and what they charge to relay.', {
  list: query({
    summary: 'Every channel, open or closing, a page at a time. Those that are closed are in `channels.closed`.',
    request: z.strictObject({ peer: NodeId.optional(), state: ChannelState.optional(), page: Page.optional() }),
    reply: page(ChannelSummary),
    commandLine: { isDefault: true },
  }),
  get: query({
    summary: 'One channel: what it waits for, until when, and what the node does then.',
    request: z.strictObject({ channelId: ChannelId }),
    reply: z.object({ channel: ChannelDetails }),
    errors: ['channel-not-found'],
    positional: ['channelId'],
  }),
  closed: query({
    summary:
      'Channels that are closed, the newest first, a page at a time, for as long as the event log has them: how each ended, what it cost and what it earned.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(ClosedChannel),
  }),
  openings: query({
    summary:
      'Channels that are being opened and have no funding yet, a page at a time. Once they have one they are in `channels.list`.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(ChannelOpening),
  }),
  find: query({
    summary:
      'The channel that is meant by what a person has typed. The command line asks this for whatever is no whole id.',
    request: z.strictObject({
      channel: text(
        128,
        'An id, a short channel id, an alias, the beginning of an id, or the name of a peer with one channel.',
      ),
    }),
    reply: z.object({ channelId: ChannelId }),
    errors: ['channel-not-found', 'channel-ambiguous'],
    positional: ['channel'],
    finds: 'channelId',
  }),
  open: command({
    summary: 'Opens a channel with a connected peer. Answers when the funding transaction is signed and on its way.',
    request: z.strictObject({
      nodeId: NodeId,
      fundingSat: field(Sat, { summary: 'What we put in.' }),
      pushMsat: field(Msat, { summary: 'A gift to the peer out of the funding.' }).optional(),
      ...feerateFields,
      maxFeeSat: field(Sat, {
        summary: 'The most that the funding transaction may pay; about twice what it would pay now if not said.',
      }).optional(),
      ...chosenCoins,
      feeBaseMsat: field(Msat, { summary: 'The relay fee that the channel starts with.' }).optional(),
      feeProportionalMillionths: Ppm.optional(),
      announce: field(Flag, {
        summary:
          'The network learns of the channel, so that others can pay through it. A channel with a hidden id cannot be announced.',
      }).optional(),
      hiddenId: field(Flag, {
        summary:
          'The channel is known by aliases only: its real short channel id shows where its funding is on the chain.',
      }).optional(),
      zeroConf: field(Flag, {
        summary: 'Both use the channel before its funding is in a block. The peer must trust this node to fund it.',
      }).optional(),
    }),
    reply: z.object({
      channelId: ChannelId,
      fundingTxid: TxId,
      fundingOutputIndex: integer(0, 0xffff),
      feeSat: Sat,
    }),
    errors: [
      'peer-not-connected',
      'insufficient-funds',
      'coin-unavailable',
      'anchor-reserve',
      'rescan-under-way',
      'funding-too-small',
      'funding-too-large',
      'push-too-large',
      'fee-out-of-bounds',
      'fee-limit-exceeded',
      'fee-estimate-missing',
      'refused-by-peer',
      'terms-refused',
      'peer-disconnected',
    ],
    effects: ['locks', 'fees', 'pays-out', 'prices'],
    bounds: ['fundingSat', 'feerate', 'feeBaseMsat', 'feeProportionalMillionths'],
    counted: ['pushMsat', 'maxFeeSat'],
    positional: ['nodeId', 'fundingSat'],
  }),
  close: command({
    summary:
      'Closes a channel together with the peer. Our share goes to our own wallet, or to the address. Asked for again, it changes the close that is under way as far as the peer signs another; with the same it changes nothing.',
    request: z.strictObject({
      channelId: ChannelId,
      feerate: field(Feerate, {
        summary:
          "The most that the closing transaction may pay; the node's own maximum if not said. Said again, it is the one in force.",
      }).optional(),
      minFeerate: field(Feerate, {
        summary:
          'The least that it should pay: between the two the estimate decides. Said again, a close that pays less is replaced.',
      }).optional(),
      address: field(Address, {
        summary: 'Where our share goes. What goes to an address that is not of our wallet counts as paid out.',
      }).optional(),
    }),
    reply: z.object({
      channelId: ChannelId,
      state: field(ChannelState, { summary: 'Where the channel is from now on.' }),
      waitsFor: field(z.enum(['peer', 'htlcs', 'signatures', 'confirmation']), {
        summary:
          'What comes next: the peer has to come back, HTLCs to be settled, both to sign the closing transaction, or a block to hold it.',
      }).optional(),
      txid: field(TxId, {
        summary: 'There once both sides have signed: of the latest, if a close was replaced. Any of them may confirm.',
      }).optional(),
    }),
    errors: [
      'channel-not-found',
      'already-closing',
      'fee-limit-exceeded',
      'close-not-replaceable',
      'address-invalid',
      'address-wrong-network',
      'address-fixed',
    ],
    effects: ['pays-out', 'fees'],
    bounds: ['feerate'],
    counted: ['address', 'minFeerate'],
    positional: ['channelId'],
  }),
  forceClose: command({
    summary: 'Closes a channel alone, by publishing our latest commitment. Our share is locked for a while.',
    request: z.strictObject({
      channelId: ChannelId,
      evenIfOld: field(Flag, {
        summary:
          'Also while the state may be old (inDoubt): if it is, the peer takes all that is in the channel. For when the peer never comes back. Of the operator alone.',
      }).optional(),
    }),
    reply: z.object({ channelId: ChannelId, txid: TxId }),
    errors: ['channel-not-found', 'already-closing', 'fee-limit-exceeded', 'state-in-doubt'],
    effects: ['fees', 'locks'],
    positional: ['channelId'],
  }),
  raiseFees: command({
    summary:
      'Has what is still to be taken of a closing channel pay at least this rate now. So does the child that brings our commitment into a block. Each pays no more than what it saves, which `channels.get` shows as its budget. A close that both have signed is replaced by `channels.close`.',
    request: z.strictObject({ channelId: ChannelId, feerate: Feerate }),
    reply: z.object({
      channelId: ChannelId,
      transactions: field(
        z.array(z.object({ txid: TxId, purpose: TransactionPurpose, feeSat: Sat, feerate: Feerate })).readonly(),
        {
          summary: 'What was published for it.',
        },
      ),
      unchanged: field(z.array(UnraisedFee).readonly(), { summary: 'What stays as it is, and why.' }),
    }),
    errors: ['channel-not-found', 'not-closing', 'insufficient-funds', 'fee-limit-exceeded'],
    effects: ['fees'],
    bounds: ['feerate'],
    positional: ['channelId', 'feerate'],
  }),
  release: command({
    summary:
      'Lets a channel that was quarantined after a fault take part in the protocol again. If it fails another time, it is closed by force.',
    request: z.strictObject({ channelId: ChannelId }),
    reply: z.object({ channelId: ChannelId, state: ChannelState }),
    errors: ['channel-not-found', 'not-quarantined'],
    effects: [],
    access: 'operator',
    positional: ['channelId'],
  }),
  backup: command({
    summary:
      'Writes the static backup of all channels into a folder on the machine of the node. It is one small file that only the words of the seed open: keep it on another machine. `channels.restore` takes that file. It brings back our share of channels from the words alone, by asking the peers to close them; HTLCs under way are lost. It is as good as new until a channel is opened. The node also keeps one beside its database, always.',
    request: z.strictObject({ folder: field(Path, { summary: 'A folder; it is made if there is none.' }) }),
    reply: z.object({
      path: text(8192, 'The file, for `channels.restore`.'),
      bytes: Count,
      channels: field(Count, { summary: 'How many channels it holds.' }),
    }),
    errors: ['backup-failed'],
    effects: [],
    access: 'operator',
    positional: ['folder'],
  }),
  restore: command({
    summary:
      'Brings back the channels of a static backup, a file of `channels.backup`, that this node does not know. It is for a node that has the words of its seed and nothing else. The node connects to the peers and asks them to close; our share comes to the wallet once their transactions are in a block. No channel that is brought back is ever used again.',
    request: z.strictObject({ path: field(Path, { summary: 'The file, not its folder.' }) }),
    reply: z.object({
      restored: field(Count, { summary: 'Channels that are brought back, and whose peers are asked to close them.' }),
      known: field(Count, { summary: 'Channels that the node knows already: they are left as they are.' }),
    }),
    errors: ['channel-backup-unreadable', 'channel-backup-invalid', 'channel-backup-too-new', 'channel-backup-foreign'],
    effects: [],
    access: 'operator',
    positional: ['path'],
  }),
  setRelayFees: command({
    summary: `Changes what the node charges to relay out of a channel. The old fees are honoured for ${DEFAULTS.oldRelayFeesMs / 60_000} more minutes.`,
    request: z.strictObject({ channelId: ChannelId, feeBaseMsat: Msat, feeProportionalMillionths: Ppm }),
    reply: z.object({ channelId: ChannelId, localPolicy: RelayPolicy }),
    errors: ['channel-not-found', 'already-closing', 'fee-out-of-bounds'],
    effects: ['prices'],
    bounds: ['feeBaseMsat', 'feeProportionalMillionths'],
    positional: ['channelId', 'feeBaseMsat', 'feeProportionalMillionths'],
  }),
  setInboundDiscount: command({
    summary: `Takes something off what the node charges for HTLCs that come in over a channel, whatever channel they go out of; never so much that it pays for a relay. Senders that do not know bLIP 18 pay the whole fee. Zeros end it; what was taken off before is honoured for ${DEFAULTS.oldRelayFeesMs / 60_000} more minutes.`,
    request: z.strictObject({ channelId: ChannelId, feeBaseMsat: Msat, feeProportionalMillionths: Ppm }),
    reply: z.object({ channelId: ChannelId, inboundDiscount: InboundDiscount }),
    errors: ['channel-not-found', 'already-closing', 'fee-out-of-bounds'],
    effects: ['prices'],
    bounds: ['feeBaseMsat', 'feeProportionalMillionths'],
    positional: ['channelId', 'feeBaseMsat', 'feeProportionalMillionths'],
  }),
})
