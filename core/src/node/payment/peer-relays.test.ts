import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { named } from '../../payment/fixtures/nodes.ts'
import type { RelayRecord } from '../../payment/relay/relay-protocol.ts'
import type { Row, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { PeerRelays } from './peer-relays.ts'

const [alice, bob] = [new Uint8Array(33).fill(2), new Uint8Array(33).fill(3)]
const START = 1_000_000

const record: RelayRecord = {
  paymentHash: named('hash'),
  incoming: [{ channelId: named('in'), htlcId: 1n, amountMsat: 1_010n, cltvExpiry: 600 }],
  requested: { type: 'channel', shortChannelId: 1n },
  startedAt: START,
  outgoing: [{ channelId: named('out'), amountMsat: 1_000n, cltvExpiry: 500 }],
}
const failed = {
  type: 'relay-failed',
  paymentHash: named('hash'),
  incoming: record.incoming,
  requested: { next: record.requested, amountMsat: 1_000n, cltvExpiry: 500 },
  source: 'us',
  code: 'unknown_next_peer',
} as const

const setUp = async (rows = new Map<string, Row>()) => {
  const clock = virtualClock(START)
  const channels = new Map([
    [toHex(named('in')), alice],
    [toHex(named('out')), bob],
  ])
  const submit = (writes: readonly Write[]): void => {
    for (const { key, value } of writes) {
      if (value === undefined) rows.delete(toHex(key))
      else rows.set(toHex(key), { key, value })
    }
  }
  const open = () =>
    PeerRelays.open({
      clock,
      store: { submit, scan: async () => [...rows.values()] } as never,
      channelDirectory: {
        get: (channelId: Uint8Array) => {
          const remoteNodeId = channels.get(toHex(channelId))
          return remoteNodeId === undefined ? undefined : { remoteNodeId }
        },
        countOfPeer: (nodeId: Uint8Array) => [...channels.values()].filter((id) => toHex(id) === toHex(nodeId)).length,
      } as unknown as ChannelDirectory,
      onUnreadable: () => {},
    })
  return { clock, channels, rows, open, relays: await open() }
}

test('what is relayed counts for the peer that it came from, and for the one that it went to', async (t) => {
  const { clock, relays } = await setUp()
  await clock.advance(2_000)
  relays.report({ type: 'relayed', record, feeMsat: 10n })
  await clock.advance(3_000)
  relays.report({ ...failed, record, source: 'downstream' })
  relays.report(failed)
  const [from, to] = relays.all()
  const held = { failed: 1, heldMs: 7_000, heldMostMs: 5_000 }
  const nothing = { settled: 0, amountMsat: 0n, feesMsat: 0n, failed: 0, heldMs: 0, heldMostMs: 0 }
  t.like(from, { nodeId: toHex(alice), refused: 1, out: nothing })
  t.deepEqual(from?.in, { settled: 1, amountMsat: 1_010n, feesMsat: 10n, ...held })
  t.like(to, { nodeId: toHex(bob), refused: 0, in: nothing })
  t.deepEqual(to?.out, { settled: 1, amountMsat: 1_000n, feesMsat: 10n, ...held })
})

test('what is under way counts once for its peer, until it has ended, also if its channel is gone by then', async (t) => {
  const { channels, relays } = await setUp()
  const htlc = record.incoming[0]
  for (const name of ['a', 'a', 'b']) relays.begun(name, htlc)
  t.deepEqual(relays.underWay(named('in')), { htlcs: 2, amountMsat: 2_020n })
  t.deepEqual(relays.underWay(named('out')), { htlcs: 0, amountMsat: 0n })
  relays.ended('a')
  relays.ended('a')
  t.deepEqual(relays.underWay(named('in')), { htlcs: 1, amountMsat: 1_010n })
  channels.delete(toHex(named('in')))
  relays.ended('b')
  t.deepEqual(relays.all(), [])
})

test('the sums are written now and then, read at the next start, and go with the last channel of their peer', async (t) => {
  const { clock, channels, rows, open, relays } = await setUp()
  relays.report({ type: 'relayed', record, feeMsat: 10n })
  t.is(rows.size, 0)
  await clock.advance(10_000)
  t.is(rows.size, 2)
  t.deepEqual((await open()).all(), relays.all())
  channels.delete(toHex(named('in')))
  relays.report({ type: 'relayed', record, feeMsat: 10n })
  relays.stop()
  t.is(rows.size, 1)
  t.deepEqual(
    (await open()).all().map(({ nodeId }) => nodeId),
    [toHex(bob)],
  )
})
