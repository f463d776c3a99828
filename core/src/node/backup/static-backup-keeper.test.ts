import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ActorRef } from '../../actor/types.ts'
import { staticChannelOf } from '../../channel/index.ts'
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

const rig = (t: ExecutionContext, lastMadeAt?: bigint, held: readonly number[] = []) => {
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
    lastMadeAt === undefined
      ? undefined
      : {
          chainHash: CHAIN,
          madeAt: lastMadeAt,
          peers: [],
          channels: held.map((n) => ({ ...staticChannelOf(alice.funded), channelId: idOf(n) })),
        },
  )
  const read = () => {
    const backup = openStaticBackup(KEY, readFileSync(own), CHAIN)
    if (!backup.ok) throw new Error(backup.error.code)
    return backup.value
  }
  return { folder, own, clock, channelDirectory, keeper, read }
}

const { alice } = new TwoParties().ready()

const idOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)

const add = (directory: ChannelDirectory, n: number): void => {
  const ref = { path: `/channels/${n}` } as unknown as ActorRef<ChannelProtocol>
  const channelId = idOf(n)
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

const kept = (keeper: StaticBackupKeeper, n: number): Promise<void> =>
  new Promise((resolve) => keeper.whenKept(idOf(n), resolve))

test('a channel is on the disk before what waits for it, and what it releases later goes in order behind that', async (t) => {
  const { folder, channelDirectory, keeper, read } = rig(t)
  mkdirSync(join(folder, 'own'))
  const order: number[] = []
  add(channelDirectory, 1)
  keeper.whenKept(idOf(1), () => order.push(1))
  t.deepEqual(order, [], 'nothing goes before the node has started')
  keeper.start()
  keeper.inOrder(idOf(1), () => {
    order.push(2)
    keeper.inOrder(idOf(1), () => order.push(4))
  })
  keeper.whenKept(idOf(1), () => order.push(3))
  await kept(keeper, 1)
  t.deepEqual(order, [1, 2, 3, 4])
  const { channels, peers } = read()
  t.deepEqual(
    channels.map(({ channelId }) => channelId),
    [idOf(1)],
  )
  t.like(peers, [{ addresses: ['127.0.0.1:9735'] }])
  for (const method of ['whenKept', 'inOrder'] as const) {
    let isAtOnce = false
    keeper[method](idOf(1), () => {
      isAtOnce = true
    })
    t.true(isAtOnce)
  }
  await keeper.stop()
})

test('a channel waits for no other: one that is in a backup on the disk, also of an earlier life, goes on while a later one waits', async (t) => {
  const { folder, channelDirectory, keeper } = rig(t, 5_000n, [8])
  add(channelDirectory, 8)
  const order: number[] = []
  keeper.whenKept(idOf(8), () => order.push(8))
  t.deepEqual(order, [8])
  mkdirSync(join(folder, 'own'))
  keeper.start()
  add(channelDirectory, 1)
  await kept(keeper, 1)
  rmSync(join(folder, 'own'), { recursive: true })
  add(channelDirectory, 2)
  keeper.whenKept(idOf(2), () => order.push(2))
  while (keeper.warnings().length === 0) await new Promise((resolve) => setImmediate(resolve))
  for (const n of [1, 8]) keeper.whenKept(idOf(n), () => order.push(n))
  t.deepEqual(order, [8, 1, 8])
  await keeper.stop()
})

test('a channel that is over is in no backup, and what it has waiting goes', async (t) => {
  const { channelDirectory, keeper } = rig(t)
  keeper.start()
  add(channelDirectory, 1)
  const done = kept(keeper, 1)
  const entry = channelDirectory.get(idOf(1))
  if (entry !== undefined) channelDirectory.remove(entry)
  await done
  t.pass()
  await keeper.stop()
})

test('a backup that cannot be written keeps what waits for it, says so, and is tried again', async (t) => {
  const { folder, clock, channelDirectory, keeper, read } = rig(t)
  keeper.start()
  add(channelDirectory, 1)
  let isKept = false
  const done = kept(keeper, 1).then(() => {
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
  add(channelDirectory, 1)
  keeper.start()
  await kept(keeper, 1)
  t.is(read().madeAt, 5_001n)
  add(channelDirectory, 2)
  await kept(keeper, 2)
  t.is(read().madeAt, 5_002n)
  await keeper.stop()
})

test('BOLT 1, peer storage — a sealed backup is read with its own key and on its own network alone, and not once it was changed anywhere', (t) => {
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
