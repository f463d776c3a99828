import test from 'ava'
import { staticChannelOf } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import { readChannels } from '../channel/channel-rows.ts'
import { keyIndexes, readIndexesOfBefore, readKeyIndexFloor } from '../channel/key-indexes.ts'
import { silentLog } from '../node-log.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { openChannelBackups } from './channel-backups.ts'
import type { ChannelsRestorer } from './restore-channels.ts'
import { sealBlob } from './static-backup.ts'

const KEY = new Uint8Array(32).fill(7)
const CHAIN = new Uint8Array(32).fill(9)
const { alice } = new TwoParties().ready()

/** A node with a new database, of which each `start` is another life. */
const node = async () => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const clock = virtualClock(1_000)
  const lines: string[] = []
  const start = async () => {
    const channelDirectory = new ChannelDirectory()
    const backups = await openChannelBackups({
      places: undefined,
      key: KEY,
      chainHash: CHAIN,
      name: 'test',
      clock,
      rng: seededRng(1),
      log: { ...silentLog, debug: (event) => void lines.push(event) },
      channelDirectory,
      addressesOf: () => [],
      onRenewed() {},
    })
    const restorer: ChannelsRestorer = {
      store,
      log: silentLog,
      channelDirectory,
      channels: { restore: () => ({}) as ReturnType<ChannelsRestorer['channels']['restore']> },
      signer: { nodeId: alice.nodeId, channel: () => ({ publicKeys: alice.keys.localKeys }) } as never,
      indexes: keyIndexes(
        await readChannels(store, clock),
        await readKeyIndexFloor(store),
        await readIndexesOfBefore(store),
      ),
      scripts: { take: () => new Uint8Array(22) } as never,
      height: () => 1_000,
      wanted() {},
    }
    return { takeBack: (blob: Uint8Array) => backups.takeBack(blob, restorer) }
  }
  const count = async () => (await readChannels(store, clock)).length
  return { start, count, lines, close: () => store.close() }
}

/** A backup of channels with these key indexes. */
const blob = (madeAt: bigint, ...indexes: readonly number[]): Uint8Array => {
  const one = staticChannelOf(alice.funded)
  const channels = indexes.map((keyIndex) => ({ ...one, keyIndex, channelId: new Uint8Array(32).fill(keyIndex) }))
  return sealBlob(KEY, seededRng(2), { chainHash: CHAIN, madeAt, peers: [], channels })
}

test('BOLT 1, peer storage — of the backups that peers give back the newest says which channels there are, over restarts', async (t) => {
  const { start, count, lines, close } = await node()
  const first = await start()
  await first.takeBack(blob(50n, 1, 2))
  t.is(await count(), 2)
  // Channel 3 was closed before that.
  const second = await start()
  await second.takeBack(blob(49n, 1, 3))
  t.is(await count(), 2)
  // Nothing of it is new: what is older than it tells of nothing that is there.
  await second.takeBack(blob(60n, 1))
  const third = await start()
  await third.takeBack(blob(59n, 4))
  t.is(await count(), 2)
  await third.takeBack(blob(60n, 4))
  t.is(await count(), 3)
  t.deepEqual(lines, ['channel-backup.returned-old', 'channel-backup.returned-old'])
  await close()
})
