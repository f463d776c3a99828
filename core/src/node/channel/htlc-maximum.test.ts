import test from 'ava'
import fc from 'fast-check'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { ChannelDirectory, type ChannelEntry } from './channel-directory.ts'
import { channelIds } from './channel-ids.ts'
import { entryOf } from './fixtures/channel-entry.ts'
import { coarseMaximum, updateHtlcMaximums } from './htlc-maximum.ts'

test('an htlc_maximum holds what the channel can carry, in halves of the capacity, and does not move to and fro', (t) => {
  t.is(coarseMaximum(900n, 1000n, 1000n), 1000n)
  t.is(coarseMaximum(400n, 1000n, 1000n), 1000n)
  t.is(coarseMaximum(370n, 1000n, 1000n), 500n)
  t.is(coarseMaximum(499n, 500n, 1000n), 500n)
  t.is(coarseMaximum(501n, 500n, 1000n), 1000n)
  t.is(coarseMaximum(0n, 500n, 6400n), 100n)
  t.is(coarseMaximum(0n, 100n, 6400n), 100n)
})

test('BOLT 7, channel_update — ours says at least what the channel can carry, in halves of its capacity, and no more than the operator lets it: never less', (t) => {
  const amount = fc.bigInt({ min: 0n, max: 1_000_000_000n })
  fc.assert(
    fc.property(amount, amount, (carries, said) => {
      const capacity = 1_000_000_000n
      const maximum = coarseMaximum(carries, said, capacity)
      t.true(maximum >= carries)
      t.true(
        maximum === said ||
          (capacity % maximum < maximum && [1n, 2n, 4n, 8n, 16n, 32n, 64n].includes(capacity / maximum)),
      )
    }),
    { seed: 8 },
  )
})

test('BOLT 7, channel_update — ours says at least what the channel can carry, in halves of its capacity, and no more than the operator lets it: less with each block, more within a minute', async (t) => {
  const two = new TwoParties().ready()
  const { alice, bob } = two
  const clock = virtualClock()
  const channelDirectory = new ChannelDirectory()
  const told: bigint[] = []
  const ref = {
    tell: (_: string, { htlcMaximumMsat }: { readonly htlcMaximumMsat: bigint }) => {
      told.push(htlcMaximumMsat)
      two.run(alice, { type: 'set-htlc-maximum', requestId: 'one', htlcMaximumMsat })
    },
  } as unknown as ChannelEntry['ref']
  const entry = (): ChannelEntry => entryOf(ref, alice.state)
  channelDirectory.put(channelIds(alice.state.durable), entry())
  let block: (height: BlockHeight) => void = () => {}
  const stop = updateHtlcMaximums({
    watcher: {
      watchHeight: (handler) => {
        block = handler
        return () => {}
      },
    },
    channelDirectory,
    settings: alice.env.settings,
    clock,
  })
  const pay = (from: typeof alice, to: typeof alice, amountMsat: bigint, n: number): void => {
    two.add(from, n, amountMsat)
    two.settle()
    two.fulfil(to, BigInt(from === alice ? n - 1 : 0), n)
    two.settle()
    channelDirectory.publish(entry())
  }
  const saidAtFirst = alice.funded.relay.current.htlcMaximumMsat

  pay(alice, bob, (saidAtFirst * 7n) / 10n, 1)
  await clock.advance(600_000)
  t.deepEqual(told, [])
  block(1_001)
  t.deepEqual(told.splice(0), [saidAtFirst / 2n])

  pay(bob, alice, (saidAtFirst * 6n) / 10n, 2)
  t.deepEqual(told, [])
  await clock.advance(60_000)
  t.deepEqual(told.splice(0), [saidAtFirst])
  stop()
  t.is(clock.nextTimerAt(), undefined)
})
