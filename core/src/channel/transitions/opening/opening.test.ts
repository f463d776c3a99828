import test from 'ava'
import { toHex } from '../../../lib/bytes.ts'
import { idsOf } from '../../state/channel-state.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

test('opening — ends with both sides usable and each other’s commitments known', (t) => {
  const two = new TwoParties()
  two.open({ pushMsat: 5_000_000n })
  t.is(two.alice.phase, 'wait-for-funding-confirmed')
  t.is(two.bob.phase, 'wait-for-funding-confirmed')
  two.confirm(two.alice)
  t.is(two.alice.phase, 'wait-for-channel-ready')
  two.settle()
  t.is(two.bob.phase, 'wait-for-funding-confirmed')
  two.confirm(two.bob)
  two.settle()
  t.is(two.alice.phase, 'normal')
  t.is(two.bob.phase, 'normal')
  const [a] = two.alice.funded.active
  const [b] = two.bob.funded.active
  t.deepEqual(a?.local.txid, b?.remote.txid)
  t.deepEqual(b?.local.txid, a?.remote.txid)
  t.is(a?.local.spec.toRemoteMsat, 5_000_000n)
})

test('htlc — is added, fulfilled and gone on both sides', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1, 200_000_000n)
  two.settle()
  t.truthy(two.bob.effects.find(({ type }) => type === 'forward'))
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  const settle = two.alice.effects.find((effect) => effect.type === 'settle')
  t.is(settle?.type === 'settle' && settle.outcome.type, 'fulfilled')
  const [a] = two.alice.funded.active
  const [b] = two.bob.funded.active
  t.is(a?.local.spec.toLocalMsat, 800_000_000n)
  t.is(b?.local.spec.toLocalMsat, 200_000_000n)
  t.is(a?.local.spec.htlcs.length, 0)
  t.is(b?.remote.spec.htlcs.length, 0)
  t.is(two.alice.funded.htlcs.offered.length, 0)
  t.is(two.bob.funded.htlcs.received.length, 0)
})

test('close — both publish the same transaction', (t) => {
  const two = new TwoParties().ready({ pushMsat: 100_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.is(two.bob.phase, 'closing')
})

test('ids — name the channel in every phase: by the temporary id until the outpoint is known, with the keys once it has got them', (t) => {
  const two = new TwoParties()
  const seen = new Map<string, string>()
  const note = () => {
    for (const { name, state } of [two.alice, two.bob]) {
      const { channelId, keyIndex } = idsOf(state.durable)
      seen.set(`${name} ${state.durable.phase}`, `${toHex(channelId)} ${keyIndex}`)
    }
  }
  const { run } = two
  two.run = (party, input) => {
    const effects = run.call(two, party, input)
    note()
    return effects
  }
  note()
  const temporary = toHex(idsOf(two.alice.state.durable).channelId)
  two.ready()
  const { channelId } = two.alice.funded.params
  two.run(two.bob, { type: 'force-close' })
  const [early, opened, final] = [`${temporary} undefined`, `${temporary} 7`, `${toHex(channelId)} 7`]
  t.deepEqual(Object.fromEntries(seen), {
    'alice idle': early,
    'bob idle': early,
    'alice wait-for-open-answer': opened,
    'bob wait-for-decision': early,
    'bob wait-for-funding-created': opened,
    'alice wait-for-funding': opened,
    'alice wait-for-funding-signed': final,
    'bob wait-for-funding-confirmed': final,
    'bob wait-for-channel-ready': final,
    'alice wait-for-funding-confirmed': final,
    'alice wait-for-channel-ready': final,
    'alice normal': final,
    'bob normal': final,
    'bob closing': final,
  })
})
