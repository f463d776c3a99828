import { displayTxid } from '../../bitcoin/transaction.ts'
import { type Closed, closedOf } from '../../channel/index.ts'
import { EMPTY, equalBytes, keyAfter, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { BlockHeight, TimestampMs } from '../../lib/units.ts'
import type { Row, Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { keyIndexFloorWrite, readKeyIndexFloor } from '../channel/key-indexes.ts'
import { hasPastHtlcs } from '../channel/past-htlcs.ts'
import { TABLE } from '../storage/tables.ts'
import type { Counted, DueRow, RetainedRows } from './retained-rows.ts'

export interface ChannelRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly channelDirectory: ChannelDirectory
  readonly height: () => BlockHeight
}

const BLOCK_MS = 600_000
const PAGE = 64

/** Channels whose end is on the chain. The chain tells their age: a block counts as ten minutes. */
export const closedChannelRows = (options: ChannelRowsOptions): RetainedRows => {
  const { store, clock, channelDirectory, height } = options
  const closedBefore = (before: TimestampMs): BlockHeight => height() - (clock.now() - before) / BLOCK_MS
  return {
    class: 'closed-channels',
    isArchived: true,
    async look(before, from = EMPTY, limit) {
      const pace = pacer(clock)
      const atOnce = Math.min(limit, PAGE)
      const rows = await store.scan(TABLE.channel, { from, limit: atOnce })
      const due: DueRow[] = []
      for (const { key, value } of rows) {
        const closed = closedOf(value)
        await pace()
        if (closed === undefined || closed.summary.closedAt >= closedBefore(before)) continue
        // What answers its old commitments goes first.
        if (await hasPastHtlcs(store, key)) continue
        due.push({ id: toHex(key), key, value, record: describe(closed) })
      }
      const last = rows.at(-1)
      // A node does not start with a channel that cannot be read.
      return { due, unreadable: 0, ...(last === undefined || rows.length < atOnce ? {} : { next: keyAfter(last.key) }) }
    },
    async remove(rows) {
      const floor = await readKeyIndexFloor(store)
      const current = await store.getAll(
        TABLE.channel,
        rows.map(({ key }) => key),
      )
      const gone = rows.filter(({ key, value }, at) => {
        const now = current[at]
        return now !== undefined && equalBytes(now, value) && channelDirectory.get(key) === undefined
      })
      const indexes = gone.map(({ value }) => closedOf(value)?.keyIndex ?? 0)
      const writes = gone.map(({ key }) => ({ table: TABLE.channel, key, value: undefined }))
      const removed = { rows: gone.length, bytes: gone.reduce((sum, row) => sum + bytesOf(row), 0) }
      return new Promise((resolve) =>
        store.submit([...writes, keyIndexFloorWrite(Math.max(floor, ...indexes))], () => resolve(removed)),
      )
    },
    count: (before) => countClosed(options, before === undefined ? Number.POSITIVE_INFINITY : closedBefore(before)),
  }
}

/** There are few channels in comparison with their payments, so all are looked at. */
const countClosed = async ({ store, clock, height }: ChannelRowsOptions, end: BlockHeight): Promise<Counted> => {
  const pace = pacer(clock)
  let [rows, bytes, oldest] = [0, 0, Number.POSITIVE_INFINITY]
  for (let from = EMPTY; ; ) {
    const page = await store.scan(TABLE.channel, { from, limit: PAGE })
    for (const row of page) {
      const closed = closedOf(row.value)
      await pace()
      if (closed === undefined || closed.summary.closedAt >= end) continue
      rows++
      bytes += bytesOf(row)
      oldest = Math.min(oldest, closed.summary.closedAt)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) break
    from = keyAfter(last.key)
  }
  const oldestAt = Math.max(0, Math.round(clock.now() - (height() - oldest) * BLOCK_MS))
  return { rows, bytes, ...(rows === 0 ? {} : { oldestAt }) }
}

const bytesOf = ({ key, value }: Row): number => key.length + value.length

/** As the contract would name it: no key of the channel is in it. */
const describe = ({ channelId, remoteNodeId, fundingTxid, capacity, finalBalanceMsat, summary }: Closed): object => ({
  channelId: toHex(channelId),
  peer: toHex(remoteNodeId),
  kind: summary.kind,
  ...(fundingTxid === undefined ? {} : { fundingTxid: displayTxid(fundingTxid) }),
  ...(summary.txid === undefined ? {} : { txid: displayTxid(summary.txid) }),
  blockHeight: summary.closedAt,
  ...(capacity === undefined ? {} : { capacitySat: capacity }),
  ...(finalBalanceMsat === undefined ? {} : { finalBalanceMsat }),
  paidToUsSat: summary.paidToUs,
})
