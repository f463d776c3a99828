import test from 'ava'
import { htlcKey } from '../../channel/persistence/channel-codec.ts'
import { pastHtlcRow } from '../../channel/persistence/htlc-rows.ts'
import { toHex } from '../../lib/bytes.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { forgetPastHtlcs, recallHtlcs } from './past-htlcs.ts'

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

test('of a revoked commitment’s HTLCs, those that it held are read back, whoever offered them, and an unreadable row costs itself alone', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const [channelId, other] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array]
  const put = (id: Uint8Array, direction: 'offered' | 'received', htlcId: number, value?: Uint8Array): void => {
    const paymentHash = new Uint8Array(32).fill(htlcId)
    const past = { amountMsat: 1_000n, paymentHash, cltvExpiry: 500, firstRemote: htlcId, lastRemote: htlcId + 2 }
    const row = value ?? encodeWith(pastHtlcRow, past)
    // They may be waiting to be written with others.
    store.submit([{ table: TABLE.pastHtlc, key: htlcKey(id, direction, BigInt(htlcId)), value: row, mayWait: true }])
  }
  for (let htlcId = 0; htlcId < 2_500; htlcId++) put(channelId, 'offered', htlcId)
  put(channelId, 'received', 2_400)
  put(channelId, 'received', 2_401, new Uint8Array(3))
  put(other, 'offered', 2_400)
  const unreadable: string[] = []
  const found = await recallHtlcs(store, channelId, 2_401, (_, key) => unreadable.push(toHex(key)))
  t.deepEqual(
    found.map(({ direction, id }) => `${direction} ${id}`),
    ['offered 2399', 'offered 2400', 'offered 2401', 'received 2400'],
  )
  t.deepEqual(unreadable, [toHex(htlcKey(channelId, 'received', 2_401n))])
  await store.close()
})
