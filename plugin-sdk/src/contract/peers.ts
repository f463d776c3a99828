import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { field, named, publicly } from './field.ts'
import { Count, Flag, Hex, Msat, NodeId, Page, PeerName, page, SocketAddress, Timestamp, text } from './scalars.ts'

const PeerSummary = named(
  'PeerSummary',
  'A node that we are connected to or have channels with.',
  z.object({
    nodeId: publicly(NodeId),
    name: PeerName.optional(),
    connected: Flag,
    address: SocketAddress.optional(),
    direction: field(z.enum(['inbound', 'outbound']), { summary: 'Who dialled, while connected.' }).optional(),
    features: publicly(Hex).optional(),
    connectedAt: Timestamp.optional(),
    knownAddresses: field(z.array(SocketAddress).readonly(), {
      summary:
        'Where it can be dialled, in the order of trying; none: only the peer itself can bring the connection back.',
    }),
    channels: Count,
  }),
)

const RelaysOneWay = named(
  'RelaysOneWay',
  'What came of the HTLCs that were relayed for a peer, or to it.',
  z.object({
    settled: Count,
    amountMsat: field(Msat, { summary: 'Of those that settled.' }),
    feesMsat: field(Msat, { summary: 'What they earned us. Each fee counts for both peers.' }),
    failed: field(Count, { summary: 'Those that went out and came back.' }),
    heldMs: field(Count, {
      summary: 'How long all of them together were open, from when they had come in, whatever came of them.',
    }),
    heldMostMs: field(Count, { summary: 'The longest of them.' }),
  }),
)

const PeerRelays = named(
  'PeerRelays',
  'What relaying for a peer, and to it, has come to.',
  z.object({
    nodeId: publicly(NodeId),
    name: PeerName.optional(),
    since: field(Timestamp, { summary: 'Since when it is counted.' }),
    underWay: field(z.object({ htlcs: Count, amountMsat: Msat }), {
      summary: 'What came from the peer and is not settled yet: the operator limits it.',
    }),
    in: field(RelaysOneWay, { summary: 'Of what came from the peer.' }),
    refused: field(Count, { summary: 'What came from the peer and did not go out.' }),
    out: field(RelaysOneWay, { summary: 'Of what went to the peer.' }),
  }),
)

export const peers = actor('peers', 'The nodes this one is connected to.', {
  list: query({
    summary: 'Every peer that is connected or has a channel with us, a page at a time.',
    request: z.strictObject({ connected: Flag.optional(), page: Page.optional() }),
    reply: page(PeerSummary),
    commandLine: { isDefault: true },
  }),
  relays: query({
    summary:
      'What relaying for each peer, and to it, has come to: fees, failures, and how long HTLCs were open. A crash loses the last ten seconds of it, and it goes with the last channel with the peer.',
    request: z.strictObject({ nodeId: NodeId.optional(), page: Page.optional() }),
    reply: page(PeerRelays),
    positional: ['nodeId'],
  }),
  find: query({
    summary:
      'The peer that is meant by what a person has typed. The command line asks this for whatever is no whole id.',
    request: z.strictObject({
      peer: text(128, 'A name that the operator gave, a node id, or the beginning of the id of a peer.'),
    }),
    reply: z.object({ nodeId: NodeId }),
    errors: ['peer-not-found', 'peer-ambiguous'],
    positional: ['peer'],
    finds: 'nodeId',
  }),
  rename: command({
    summary: 'Gives a peer a name, by which commands take it and lists show it; without one, takes it away.',
    request: z.strictObject({ nodeId: NodeId, name: PeerName.optional() }),
    reply: z.object({ nodeId: NodeId, name: PeerName.optional() }),
    errors: ['name-taken'],
    effects: [],
    access: 'operator',
    positional: ['nodeId', 'name'],
  }),
  connect: command({
    summary: 'Connects to a node, and stays connected: a lost connection is tried again with growing pauses.',
    request: z.strictObject({
      nodeId: NodeId,
      address: field(SocketAddress, { summary: '`host:port`; the last known one if not said.' }).optional(),
    }),
    reply: z.object({
      outcome: field(z.enum(['connected', 'already-connected', 'connected-elsewhere']), {
        summary:
          'Whether it was connected now, or before; `connected-elsewhere`: before, and not by the address given, which was not dialled. Disconnect first to use that one.',
      }),
      peer: PeerSummary,
    }),
    errors: ['address-unknown', 'unreachable', 'handshake-failed', 'incompatible-peer'],
    effects: ['connects'],
    unbounded: { address: 'It is where a peer listens: no money goes there.' },
    positional: ['nodeId', 'address'],
    split: '@',
  }),
  disconnect: command({
    summary: 'Ends the connection to a peer and stops dialling it. Its channels stay open.',
    request: z.strictObject({ nodeId: NodeId }),
    reply: z.object({}),
    errors: ['not-connected'],
    effects: ['connects'],
    positional: ['nodeId'],
  }),
})
