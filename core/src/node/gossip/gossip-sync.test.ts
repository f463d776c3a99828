import test from 'ava'
import { AnnouncedGraph } from '../../graph/announced-graph.ts'
import { MemoryLog } from '../../graph/fixtures/memory-log.ts'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import { CHAIN_HASH, NOW } from '../../graph/fixtures/signed-gossip.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { shortChannelId } from '../../lib/ids.ts'
import { writeShortIds } from '../../wire/encoded-array.ts'
import { GossipSync } from './gossip-sync.ts'

const MINUTE_MS = 60_000
const HEIGHT = 900
const ID = shortChannelId({ blockHeight: 800, txIndex: 1, outputIndex: 0 })
const END = { type: 'reply_short_channel_ids_end', chainHash: CHAIN_HASH, fullInformation: 1 } as const

const listing = (numberOfBlocks: number) =>
  ({
    type: 'reply_channel_range',
    chainHash: CHAIN_HASH,
    firstBlocknum: 0,
    numberOfBlocks,
    syncComplete: 1,
    encodedShortIds: writeShortIds([ID]),
  }) as const

const rig = () => {
  const clock = virtualClock(NOW * 1_000)
  const ended: unknown[] = []
  const sync = new GossipSync({
    graph: new AnnouncedGraph(new MemoryLog(), new RecordingSink()),
    clock,
    env: () => ({ chainHash: CHAIN_HASH, height: HEIGHT, now: NOW }),
    asked: new Set(),
    isWaiting: () => false,
    send() {},
    onDone: (fault) => ended.push(fault),
  })
  return { clock, ended, sync }
}

test('a peer that owes no answer is not silent, however long nothing is asked of it; once it is asked again it has a whole minute', async (t) => {
  const { clock, ended, sync } = rig()
  sync.listed(listing(HEIGHT + 1))
  await clock.advance(5.5 * MINUTE_MS)
  t.deepEqual(ended, [])
  sync.askNext()
  await clock.advance(MINUTE_MS - 1)
  t.deepEqual(ended, [])
  await clock.advance(1)
  t.deepEqual(ended, ['silent'])
})

test('after the end, an answer that comes late is the answer: nothing is owed any more', (t) => {
  const stopped = rig().sync
  stopped.listed(listing(HEIGHT + 1))
  stopped.askNext()
  stopped.stop()
  t.true(stopped.isOwed)
  stopped.answered(END)
  t.false(stopped.isOwed)
})

test('after the end, the last part of a list is what was owed, and no other part or answer is', (t) => {
  const { sync, ended } = rig()
  sync.stop()
  sync.answered(END)
  sync.listed(listing(HEIGHT))
  t.true(sync.isOwed)
  sync.listed(listing(HEIGHT + 1))
  t.false(sync.isOwed)
  t.deepEqual(ended, [])
})
