import test, { type ExecutionContext } from 'ava'
import type { SigningAnswer } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import { CHAIN_HASH, channelAnnouncement, inOrder, NOW, testNode } from '../../graph/fixtures/signed-gossip.ts'
import { announcedOutput } from '../../graph/rules/channel-announcement.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { until } from '../../lib/fixtures/until.ts'
import { type NodeId, shortChannelId } from '../../lib/ids.ts'
import { encodeGossip } from '../../wire/gossip-codecs.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { channelIds } from '../channel/channel-ids.ts'
import { entryOf } from '../channel/fixtures/channel-entry.ts'
import { silentLog } from '../node-log.ts'
import { NodeGossip, type NodeGossipOptions } from './node-gossip.ts'
import { LOOK_MS } from './own-gossip.ts'

const FUNDED_AT = 900

const gossipOf = (
  t: ExecutionContext,
  height: () => number,
  our: Pick<NodeGossipOptions, 'backend' | 'directory' | 'chainHash'> & {
    readonly nodeId: NodeId
    readonly clock: Clock
  },
): NodeGossip => {
  const { nodeId, ...rest } = our
  const gossip = new NodeGossip({
    ...rest,
    system: { spawn: () => t.fail('no threads') } as never,
    threads: 0,
    log: silentLog,
    height,
    sink: new RecordingSink(),
    signer: { signAsNode: () => t.fail('nothing to sign') as never },
    self: { nodeId, features: EMPTY, alias: 'we', rgbColor: new Uint8Array(3), addresses: EMPTY },
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => gossip.stop())
  return gossip
}

test('a channel of ours is judged by the same height when it is announced and when the announcement is taken in, though its blocks are still on their way', async (t) => {
  const nodes = inOrder(testNode('we'), testNode('peer'))
  const { message } = channelAnnouncement(nodes, shortChannelId({ blockHeight: FUNDED_AT, txIndex: 1, outputIndex: 0 }))
  const script = announcedOutput(message.bitcoinKey1, message.bitcoinKey2)
  let height = FUNDED_AT
  const gossip = gossipOf(t, () => height, {
    clock: virtualClock(NOW * 1_000),
    backend: {
      outputsAt: async () => [{ type: 'unspent', script, amount: 1_000_000n, txid: new Uint8Array(32) }],
    },
    chainHash: CHAIN_HASH,
    directory: new ChannelDirectory(),
    nodeId: nodes[0].id,
  })
  // The channel counts what the backend has. The blocks themselves come later.
  height += 5
  gossip.announced(message)
  await until(() => gossip.channelCount === 1)
  t.pass()
})

test('what a peer has signed for a channel of ours, and the channel lacks, is taken from what is said to everybody', async (t) => {
  const { alice, bob } = new TwoParties({ bob: { announcedOpenings: 'announce' } }).ready({ announce: true })
  const { announcement: _, ...durable } = alice.funded
  const clock = virtualClock(NOW * 1_000)
  const directory = new ChannelDirectory()
  const gossip = gossipOf(t, () => alice.env.height, {
    clock,
    backend: { outputsAt: () => t.fail('the funding is our own') as never },
    chainHash: alice.env.settings.chainHash,
    directory,
    nodeId: alice.nodeId,
  })
  const told: unknown[] = []
  const ref = {
    tell: (name: string, request: unknown) => told.push({ name, request }),
  } as unknown as ChannelEntry['ref']
  directory.put(channelIds(durable), entryOf(ref, { durable }))
  gossip.start({ watchBlocks: () => () => {} })
  const effect = bob.effects.find(({ type }) => type === 'announce')
  if (effect?.type !== 'announce') return t.fail('never announced')
  const { nodeSignature, bitcoinSignature } = bob.sign(effect.needs) as Extract<
    SigningAnswer,
    { readonly type: 'announcement-signatures' }
  >
  const whole = {
    ...effect.announcement,
    ...(effect.localIsFirst
      ? { nodeSignature1: nodeSignature, bitcoinSignature1: bitcoinSignature }
      : { nodeSignature2: nodeSignature, bitcoinSignature2: bitcoinSignature }),
  }
  gossip.connected(bob.nodeId, { send: async () => {}, complain: ({ fault }) => t.fail(fault), offersQueries: false })
  gossip.take({ from: bob.nodeId, type: 256, payload: encodeGossip(whole).subarray(2) })
  await until(() => gossip.channelCount === 1)
  await clock.advance(LOOK_MS)
  t.deepEqual(told, [{ name: 'announcementFound', request: whole }])
})
