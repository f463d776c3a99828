import test from 'ava'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import { CHAIN_HASH, channelAnnouncement, inOrder, NOW, testNode } from '../../graph/fixtures/signed-gossip.ts'
import { announcedOutput } from '../../graph/rules/channel-announcement.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { until } from '../../lib/fixtures/until.ts'
import { shortChannelId } from '../../lib/ids.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import { silentLog } from '../node-log.ts'
import { NodeGossip } from './node-gossip.ts'

const FUNDED_AT = 900

test('a channel of ours is judged by the same height when it is announced and when the announcement is taken in, though its blocks are still on their way', async (t) => {
  const nodes = inOrder(testNode('we'), testNode('peer'))
  const { message } = channelAnnouncement(nodes, shortChannelId({ blockHeight: FUNDED_AT, txIndex: 1, outputIndex: 0 }))
  const script = announcedOutput(message.bitcoinKey1, message.bitcoinKey2)
  let height = FUNDED_AT
  const gossip = new NodeGossip({
    system: { spawn: () => t.fail('no threads') } as never,
    threads: 0,
    clock: virtualClock(NOW * 1_000),
    log: silentLog,
    backend: {
      outputsAt: async () => [{ type: 'unspent', script, amount: 1_000_000n, txid: new Uint8Array(32) }],
    },
    chainHash: CHAIN_HASH,
    height: () => height,
    sink: new RecordingSink(),
    directory: new ChannelDirectory(),
    signer: { signAsNode: () => t.fail('nothing to sign') as never },
    self: { nodeId: nodes[0].id, features: EMPTY, alias: 'we', rgbColor: new Uint8Array(3), addresses: EMPTY },
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => gossip.stop())
  // The channel counts what the backend has. The blocks themselves come later.
  height += 5
  gossip.announced(message)
  await until(() => gossip.channelCount === 1)
  t.pass()
})
