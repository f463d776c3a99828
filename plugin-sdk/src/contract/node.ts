import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { field, named, publicly } from './field.ts'
import { PluginWalls } from './plugins.ts'
import { Archive, RetainedClass } from './retention.ts'
import {
  BlockHash,
  BlockHeight,
  Count,
  Flag,
  Hex,
  NodeId,
  Path,
  SocketAddress,
  Timestamp,
  text,
  utf8Text,
} from './scalars.ts'

const ChainHealth = named(
  'ChainHealth',
  'How well the node sees the chain, as it was last measured.',
  z.object({
    reachable: field(Flag, { summary: 'The backend answers.' }),
    answeredAt: field(Timestamp, { summary: 'When it last said what its tip is.' }),
    backendHeight: field(BlockHeight, { summary: 'Its tip.' }),
    backendHeaders: field(BlockHeight, { summary: 'How far it knows headers.' }),
    backendCatchingUp: Flag,
    pruneHeight: field(BlockHeight, { summary: 'The lowest block that it keeps, where it prunes.' }).optional(),
    missingBlock: field(BlockHeight, { summary: 'The next block, where it is pruned already.' }).optional(),
    handledHeight: field(BlockHeight, { summary: 'The highest block that this node has handled.' }),
    feeEstimates: field(Flag, { summary: 'Whether fee rates come from estimates, or are the lowest that travel.' }),
    feeEstimatesAt: Timestamp,
  }),
)

const NetworkGraph = named(
  'NetworkGraph',
  'How much of the public network a node knows.',
  z.object({ channels: Count, nodes: Count }),
)

/** As Core Lightning has it: more than anybody reads. */
const MAX_SIGNED_BYTES = 65_535

const SignedText = field(utf8Text(MAX_SIGNED_BYTES), { summary: 'The text, byte by byte as it was signed.' })

export const node = actor('node', 'The node itself.', {
  getInfo: query({
    summary: 'Who this node is, how far it has followed the chain, and what it runs on.',
    request: z.strictObject({}),
    reply: z.object({
      nodeId: publicly(NodeId),
      network: publicly(z.enum(['mainnet', 'testnet', 'signet', 'regtest'])),
      version: publicly(text(64)),
      contractVersion: publicly(text(64)),
      addresses: z.array(SocketAddress).readonly(),
      features: publicly(Hex),
      blockHeight: BlockHeight,
      blockHash: BlockHash,
      synced: field(Flag, {
        summary: 'Whether the node has handled every block of a chain backend that answers now and has caught up.',
      }),
      chain: ChainHealth,
      chainBackend: text(64, 'The adapter in use, such as `bitcoind` or `devchain`.'),
      cryptoEngine: text(64, 'The secp256k1 engine in use.'),
      startedAt: Timestamp,
      peersConnected: Count,
      channelsUsable: Count,
      channelsOpening: Count,
      channelsClosing: Count,
      graph: field(NetworkGraph, {
        summary: 'What is known of the public network; absent where the node takes no part in its gossip.',
      }).optional(),
      pluginWalls: publicly(PluginWalls).optional(),
      warnings: z.array(text(512)).readonly(),
    }),
    commandLine: { name: 'getinfo' },
  }),
  retention: query({
    summary:
      'What is kept of what has ended, class by class: how much, for how long, and what of it is due. Nothing is removed that `fulgurite start --keep` does not name.',
    request: z.strictObject({}),
    reply: z.object({
      items: z.array(RetainedClass).readonly(),
      actsAt: field(Timestamp, {
        summary: 'When the first sweep is after what is kept was made less, or the clock was set.',
      }).optional(),
      archive: Archive.optional(),
    }),
    access: 'operator',
  }),
  backup: command({
    summary:
      'Writes a copy of the database into a folder on the machine of the node, while the node goes on. The copy is checked before it gets its name. It holds no seed, and it is old as soon as a channel moves: a node that starts on it publishes nothing until its peers have shown that they know no later state.',
    request: z.strictObject({ folder: field(Path, { summary: 'A folder; it is made if there is none.' }) }),
    reply: z.object({
      path: text(8192, 'The file.'),
      bytes: Count,
      channels: field(Count, { summary: 'How many channels it holds, those that are closed and still kept included.' }),
    }),
    errors: ['backup-failed'],
    effects: [],
    access: 'operator',
    positional: ['folder'],
  }),
  signMessage: query({
    summary:
      'Signs a text with the key of this node, as LND, Core Lightning, eclair and LDK do it, so that others can see that who has the node has written it. What is signed begins with words of its own, and can be nothing but a text.',
    request: z.strictObject({ message: SignedText }),
    reply: z.object({ signature: publicly(text(104, 'In zbase32.')) }),
    access: 'operator',
    positional: ['message'],
    commandLine: { name: 'signmessage' },
  }),
  verifyMessage: query({
    summary: 'Says whose signature of a text this is, as any of the nodes that can sign makes it.',
    request: z.strictObject({
      message: SignedText,
      signature: field(text(1_024), { summary: 'In zbase32, as it was given.' }),
      nodeId: field(NodeId, { summary: 'Whose it has to be.' }).optional(),
    }),
    reply: z.object({
      valid: field(Flag, {
        summary:
          'It is of the node asked for, or, where none was, of one that this node knows: itself, a peer with a channel, or a node in its graph.',
      }),
      nodeId: field(NodeId, {
        summary:
          'Whose key has signed; absent where it is no signature. Nearly every signature of another text is that of some key that nobody has: this alone proves nothing.',
      }).optional(),
    }),
    positional: ['message', 'signature'],
    commandLine: { name: 'verifymessage' },
  }),
  stop: command({
    summary: 'Stops the node in order: what is under way is made durable first.',
    request: z.strictObject({}),
    reply: z.object({}),
    effects: [],
    access: 'operator',
  }),
})
