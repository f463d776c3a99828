import test from 'ava'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { decodeChannel, encodeChannel } from '../persistence/channel-codec.ts'
import {
  recoveredChannel,
  type StaticChannel,
  staticChannelCodec,
  staticChannelOf,
} from '../persistence/static-channel.ts'
import { resume } from '../resume.ts'
import type { Effect } from '../state/effects.ts'
import { at } from './fixtures/closing.ts'
import type { TestParty } from './fixtures/test-party.ts'
import { TwoParties } from './fixtures/two-parties.ts'

/** Alice has lost all but her keys and what never changes in her channel. */
const lost = () => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.disconnect()
  const backup = staticChannelOf(two.alice.funded)
  two.alice.state = { durable: recover(two.alice, backup) }
  return { two, backup }
}

const recover = ({ funded }: TestParty, backup: StaticChannel) =>
  recoveredChannel(backup, {
    localNodeId: funded.params.localNodeId,
    localKeys: funded.params.localKeys,
    localShutdownScript: new Uint8Array(22).fill(7),
    height: 1000,
  })

const leaves = (effects: readonly Effect[]): readonly Effect[] => effects.filter(({ type }) => type === 'publish')

test('a channel from its static backup — is stored and read back as it is, and the backup of it is the same', (t) => {
  const { two, backup } = lost()
  const { funded } = two.alice
  const { channelRow, htlcRows } = encodeChannel(undefined, funded)
  t.deepEqual(htlcRows, [])
  t.deepEqual(decodeChannel(channelRow, []), { ok: true, value: funded })
  t.deepEqual(staticChannelOf(funded), backup)
  t.deepEqual(decodeWith(staticChannelCodec, encodeWith(staticChannelCodec, backup)), { ok: true, value: backup })
})

test('a channel from its static backup — publishes nothing, at no start, block or command', (t) => {
  const { two } = lost()
  t.deepEqual(leaves(resume(two.alice.state, two.alice.env)), [])
  for (let height = 1001; height < 1400; height++) t.deepEqual(leaves(at(two.alice, height)), [])
  for (const evenIfOld of [false, true]) {
    const refused = two.alice.run({ type: 'force-close', requestId: 'a', evenIfOld })
    t.deepEqual(leaves(refused), [])
    t.like(refused[0], { type: 'reply', result: { ok: false } })
  }
})

// BOLT 2, channel_reestablish: a next_commitment_number of zero makes the peer fail the channel; LND, LDK and eclair know it from each other.
test('a channel from its static backup — tells the peer that speaks of it that all is lost, by the number zero or by an error alone, and the peer publishes', (t) => {
  const said = [1, 2].map((connections) => {
    const { two } = lost()
    for (let more = 1; more < connections; more++) {
      two.connect()
      two.disconnect()
    }
    const before = two.alice.effects.length
    two.connect()
    two.settle()
    t.is(two.bob.phase, 'closing')
    t.true(leaves(two.bob.effects).some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
    return two.alice.effects.slice(before).flatMap((effect) => (effect.type === 'send' ? [effect.message] : []))
  })
  const [numbers, alone] = said.toSorted((a, b) => b.length - a.length)
  t.is(numbers?.length, 2)
  t.like(numbers?.[0], { type: 'channel_reestablish', nextCommitmentNumber: 0n, nextRevocationNumber: 0n })
  t.like(numbers?.[1], { type: 'error' })
  t.is(alone?.length, 1)
  t.like(alone?.[0], { type: 'error' })
})
