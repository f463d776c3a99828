import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { LIQUIDITY_KEPT_MS, type LiquidityEntry, MAX_LEARNT, type Observation } from '../../graph/paths/liquidity.ts'
import { liquidityKey } from '../../graph/paths/liquidity-codec.ts'
import { toHex } from '../../lib/bytes.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { silentLog } from '../node-log.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { KeptLiquidity } from './kept-liquidity.ts'

const openStore = (path: string): Promise<Store> =>
  openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const carried = (shortChannelId: bigint, amountMsat = 1_000n): Observation => ({
  shortChannelId,
  direction: 0,
  amountMsat,
  capacityMsat: 10n ** 9n,
  outcome: 'carried',
})

const setUp = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-liquidity-'))
  const path = join(folder, 'node.sqlite')
  let store = await openStore(path)
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const unreadable: string[] = []
  const open = (now = 100): KeptLiquidity =>
    new KeptLiquidity({
      store,
      clock: { now: () => now, monotonic: () => 0 },
      log: silentLog,
      onUnreadable: (table, key) => unreadable.push(`${table} ${toHex(key)}`),
    })
  return {
    open,
    unreadable,
    rows: async () => (await store.sizes(TABLE.liquidity)).length,
    write: (key: Uint8Array, value: Uint8Array) => store.submit([{ table: TABLE.liquidity, key, value }]),
    read: () => store.scan(TABLE.liquidity),
    restart: async () => {
      await store.close()
      store = await openStore(path)
    },
    loaded: async (now?: number): Promise<{ kept: KeptLiquidity; told: readonly LiquidityEntry[] }> => {
      const kept = open(now)
      const told: LiquidityEntry[] = []
      await kept.load((entries) => told.push(...entries))
      return { kept, told }
    },
  }
}

test('what payments have taught is there after a restart', async (t) => {
  const { open, loaded, restart } = await setUp(t)
  const before = open()
  const learnt = before.learn([carried(5n), { ...carried(6n), outcome: 'settled' }], 7)
  t.is(learnt.length, 3)
  await restart()
  const { kept, told } = await loaded()
  t.deepEqual(kept.entries(), before.entries())
  t.deepEqual(told, before.entries())
})

test('what was learnt while the rows were read is newer than they are', async (t) => {
  const { open, loaded, restart } = await setUp(t)
  open().learn([carried(5n), carried(6n)], 0)
  await restart()
  const kept = open()
  const loading = kept.load(() => {})
  kept.learn([carried(5n, 9_000n)], 3)
  await loading
  t.deepEqual(
    kept.entries().map(({ shortChannelId, lowerMsat }) => [shortChannelId, lowerMsat]),
    [
      [5n, 9_000n],
      [6n, 1_000n],
    ],
  )
  await restart()
  t.deepEqual((await loaded()).kept.entries(), kept.entries())
})

test('a damaged row costs what it held, and nothing else', async (t) => {
  const { open, loaded, restart, read, write, rows, unreadable } = await setUp(t)
  open().learn([carried(5n), carried(6n), carried(7n)], 0)
  await restart()
  const { key, value } = (await read())[1] as { key: Uint8Array; value: Uint8Array }
  write(key, value.subarray(1))
  await restart()
  const { kept } = await loaded()
  t.deepEqual(
    kept.entries().map(({ shortChannelId }) => shortChannelId),
    [5n, 7n],
  )
  t.deepEqual(unreadable, [`liquidity ${toHex(liquidityKey({ shortChannelId: 6n, direction: 0 }))}`])
  await restart()
  t.is(await rows(), 2)
})

test('what is too old to say anything is not taken up, and what a clock that was set back has written is not young for ever', async (t) => {
  const { open, loaded, restart, rows } = await setUp(t)
  const [now, future] = [LIQUIDITY_KEPT_MS + 1, LIQUIDITY_KEPT_MS * 9]
  const before = open()
  before.learn([carried(5n)], 0)
  before.learn([carried(6n)], 1)
  before.learn([carried(7n)], future)
  await restart()
  const { kept } = await loaded(now)
  t.deepEqual(
    kept.entries().map(({ shortChannelId, at }) => [shortChannelId, at]),
    [
      [6n, 1],
      [7n, now],
    ],
  )
  await restart()
  t.is(await rows(), 2)
})

test('rows are as many as the book holds, whatever is learnt', async (t) => {
  const { open, loaded, restart, rows } = await setUp(t)
  const kept = open()
  for (let i = 0; i <= MAX_LEARNT; i++) kept.learn([carried(BigInt(i))], i)
  await restart()
  t.is(await rows(), kept.entries().length)
  const newest = (entries: readonly LiquidityEntry[]) => entries.map(({ at }) => at).toSorted((a, b) => a - b)
  t.deepEqual(newest((await loaded(MAX_LEARNT)).kept.entries()), newest(kept.entries()))
})

test('a node that stops does not wait for all rows', async (t) => {
  const { open, restart } = await setUp(t)
  const before = open()
  for (let i = 0; i < 2_000; i++) before.learn([carried(BigInt(i))], 0)
  await restart()
  const kept = open()
  void kept.load(() => {})
  await kept.close()
  t.true(kept.entries().length < 2_000)
})
