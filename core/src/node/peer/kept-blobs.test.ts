import test from 'ava'
import type { ActorRef } from '../../actor/types.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { KeptBlobs } from './kept-blobs.ts'
import { Partners } from './partners.ts'

const { state } = new TwoParties().ready().alice
const PEER = new Uint8Array(33).fill(2)
const STRANGER = new Uint8Array(33).fill(3)
const blobOf = (fill: number): Uint8Array => new Uint8Array(65_531).fill(fill)

const setUp = async () => {
  const clock = virtualClock()
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const channelDirectory = new ChannelDirectory()
  const ref = {} as unknown as ActorRef<ChannelProtocol>
  const entry = { ref, remoteNodeId: PEER, state, durableState: state, quarantined: false, spentInMempool: false }
  channelDirectory.put({ channelId: new Uint8Array(32), shortIds: [] }, entry)
  const partners = new Partners(channelDirectory)
  const open = () => KeptBlobs.open({ store, clock, channelDirectory, isPartner: (nodeId) => partners.has(nodeId) })
  const written = async (nodeId = PEER): Promise<number | undefined> => {
    await store.flush()
    return (await store.get(TABLE.peerStorage, nodeId))?.[0]
  }
  return { clock, store, channelDirectory, entry, open, written }
}

test('BOLT 1, peer storage — the last blob of a peer with a channel is kept, over restarts, and a stranger’s is not', async (t) => {
  const { store, open, written } = await setUp()
  const blobs = await open()
  t.false(blobs.has(PEER))
  t.true(blobs.keep(PEER, blobOf(1)))
  t.false(blobs.keep(STRANGER, blobOf(1)))
  t.is(await written(), 1)
  t.is(await written(STRANGER), undefined)
  blobs.keep(PEER, blobOf(2))
  t.is((await blobs.get(PEER))?.[0], 2)
  blobs.stop()
  const again = await open()
  t.true(again.has(PEER))
  const kept = await again.get(PEER)
  t.deepEqual([kept?.length, kept?.[0], kept?.at(-1)], [65_531, 2, 2])
  await store.close()
})

test('BOLT 1, peer storage — a peer that sends a blob a second has one written a minute, the last', async (t) => {
  const { clock, store, open, written } = await setUp()
  const blobs = await open()
  const seen: (number | undefined)[] = []
  for (let second = 0; second < 130; second++) {
    blobs.keep(PEER, blobOf(second))
    const now = await written()
    if (seen.at(-1) !== now) seen.push(now)
    await clock.advance(1_000)
  }
  t.deepEqual(seen, [0, 59, 119])
  blobs.stop()
  await store.close()
})

test('BOLT 1, peer storage — a blob is kept for 2,016 blocks after the last channel with its peer, and longer if there is another', async (t) => {
  const { store, channelDirectory, entry, open, written } = await setUp()
  const blobs = await open()
  blobs.keep(PEER, blobOf(1))
  const blocks = async (from: number, to: number): Promise<void> => {
    for (let height = from; height <= to; height++) await blobs.block(height)
    await store.flush()
  }
  await blocks(1, 3_000)
  t.is(await written(), 1)
  channelDirectory.remove(entry)
  await blocks(3_001, 4_900)
  channelDirectory.put({ channelId: new Uint8Array(32), shortIds: [] }, entry)
  await blocks(4_901, 5_000)
  channelDirectory.remove(entry)
  await blocks(5_001, 5_001 + 2_016)
  t.is(await written(), 1)
  t.true(blobs.has(PEER))
  await blocks(5_001 + 2_017, 5_001 + 2_016 + 72)
  t.is(await written(), undefined)
  t.false(blobs.has(PEER))
  t.deepEqual(await store.scan(TABLE.peerStorage), [])
  blobs.stop()
  await store.close()
})
