import test from 'ava'
import { htlcKey } from '../../channel/persistence/channel-codec.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { forgetPastHtlcs } from './past-htlcs.ts'

test('what is kept of a closed channel’s HTLCs goes a thousand rows at a time, and that of others stays', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const [before, closed, after] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
  const put = (channelId: Uint8Array, direction: 'offered' | 'received', count: number): void =>
    store.submit(
      Array.from({ length: count }, (_, id) => ({
        table: TABLE.pastHtlc,
        key: htlcKey(channelId, direction, BigInt(id)),
        value: new Uint8Array(45),
      })),
    )
  for (const channelId of [before, after]) put(channelId as Uint8Array, 'received', 3)
  put(closed as Uint8Array, 'offered', 1_500)
  put(closed as Uint8Array, 'received', 1_000)
  await store.flush()
  const { commits, rows } = store.counters
  await forgetPastHtlcs(store, closed as Uint8Array)
  t.is(store.counters.commits - commits, 3)
  t.is(store.counters.rows - rows, 2_500)
  t.deepEqual(
    (await store.sizes(TABLE.pastHtlc)).map(({ key }) => key[0]),
    [1, 1, 1, 3, 3, 3],
  )
  await store.close()
})
