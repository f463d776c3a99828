import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { field, publicly } from './field.ts'
import { BlockHash, BlockHeight, Count, Flag, Hex, NodeId, SocketAddress, Timestamp, text } from './scalars.ts'

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
      synced: field(Flag, { summary: 'Whether the node has handled every block that its chain backend knows.' }),
      chainBackend: text(64, 'The adapter in use, such as `bitcoind` or `devchain`.'),
      cryptoEngine: text(64, 'The secp256k1 engine in use.'),
      startedAt: Timestamp,
      peersConnected: Count,
      channelsUsable: Count,
      channelsOpening: Count,
      channelsClosing: Count,
      warnings: z.array(text(512)).readonly(),
    }),
  }),
  stop: command({
    summary: 'Stops the node in order: what is under way is made durable first.',
    request: z.strictObject({}),
    reply: z.object({}),
    effects: [],
    access: 'operator',
  }),
})
