import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ActorRef } from '../../actor/types.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { silentLog } from '../node-log.ts'
import { openStaticBackup, sealStaticBackup } from './static-backup.ts'
import { StaticBackupKeeper } from './static-backup-keeper.ts'

const KEY = new Uint8Array(32).fill(7)
const CHAIN = new Uint8Array(32).fill(9)

const rig = (t: ExecutionContext, lastMadeAt?: bigint) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-keeper-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const clock = virtualClock(1_000)
  const channelDirectory = new ChannelDirectory()
  const own = join(folder, 'own', 'channels.backup')
  const keeper = new StaticBackupKeeper(
    {
      places: { own },
      key: KEY,
      chainHash: CHAIN,
      clock,
      rng: seededRng(1),
      log: silentLog,
      channelDirectory,
      addressesOf: () => ['127.0.0.1:9735'],
      onRenewed() {},
    },
    lastMadeAt,
  )
  const read = () => {
    const backup = openStaticBackup(KEY, readFileSync(own), CHAIN)
    if (!backup.ok) throw new Error(backup.error.code)
    return backup.value
  }
  return { folder, own, clock, channelDirectory, keeper, read }
}

const { alice } = new TwoParties().ready()

const add = (directory: ChannelDirectory, n: number): void => {
  const ref = { path: `/channels/${n}` } as unknown as ActorRef<ChannelProtocol>
  const channelId = new Uint8Array(32).fill(n)
  const { funded } = alice
  const state = { durable: { ...funded, params: { ...funded.params, channelId } } }
  directory.put(
    { channelId, shortIds: [] },
    {
      ref,
      remoteNodeId: funded.params.remoteNodeId,
      state,
      durableState: state,
      quarantined: false,
      spentInMempool: false,
    },
  )
}

const kept = (keeper: StaticBackupKeeper): Promise<void> => new Promise((resolve) => keeper.whenKept(resolve))

test('a channel is on the disk before what waits for it, and what waits goes in order', async (t) => {
  const { folder, channelDirectory, keeper, read } = rig(t)
  mkdirSync(join(folder, 'own'))
  const order: number[] = []
  add(channelDirectory, 1)
  keeper.whenKept(() => order.push(1))
  t.deepEqual(order, [], 'nothing goes before the node has started')
  keeper.start()
  add(channelDirectory, 2)
  keeper.whenKept(() => {
    order.push(2)
    keeper.whenKept(() => order.push(4))
  })
  keeper.whenKept(() => order.push(3))
  await kept(keeper)
  t.deepEqual(order, [1, 2, 3, 4])
  const { channels, peers } = read()
  t.deepEqual(
    channels.map(({ channelId }) => channelId[0]),
    [1, 2],
  )
  t.like(peers, [{ addresses: ['127.0.0.1:9735'] }])
  let isAtOnce = false
  keeper.whenKept(() => {
    isAtOnce = true
  })
  t.true(isAtOnce)
  await keeper.stop()
})

test('a backup that cannot be written keeps what waits for it, says so, and is tried again', async (t) => {
  const { folder, clock, channelDirectory, keeper, read } = rig(t)
  keeper.start()
  add(channelDirectory, 1)
  let isKept = false
  const done = kept(keeper).then(() => {
    isKept = true
  })
  while (keeper.warnings().length === 0) await new Promise((resolve) => setImmediate(resolve))
  t.regex(keeper.warnings()[0] ?? '', /no channel can be opened.*own/)
  t.false(isKept)
  mkdirSync(join(folder, 'own'))
  while (!isKept) {
    await clock.advance(10_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await done
  t.deepEqual(keeper.warnings(), [])
  t.is(read().channels.length, 1)
  await keeper.stop()
})

test('each backup is later than the one before, also where the clock was put back', async (t) => {
  const { folder, channelDirectory, keeper, read } = rig(t, 5_000n)
  mkdirSync(join(folder, 'own'))
  keeper.start()
  await kept(keeper)
  t.is(read().madeAt, 5_001n)
  add(channelDirectory, 1)
  await kept(keeper)
  t.is(read().madeAt, 5_002n)
  await keeper.stop()
})

test('a sealed backup is read with its own key and on its own network alone, and not once it was changed anywhere', (t) => {
  const backup = { chainHash: CHAIN, madeAt: 1n, peers: [], channels: [] }
  const sealed = sealStaticBackup(KEY, seededRng(1), backup)
  t.deepEqual(openStaticBackup(KEY, sealed, CHAIN), { ok: true, value: backup })
  t.false(openStaticBackup(CHAIN, sealed, CHAIN).ok)
  t.like(openStaticBackup(KEY, sealed, KEY), { error: { code: 'channel-backup-foreign' } })
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.false(openStaticBackup(KEY, changed, CHAIN).ok)
    t.false(openStaticBackup(KEY, sealed.subarray(0, at), CHAIN).ok)
  }
})
