import test from 'ava'
import { p2tr } from '../../../bitcoin/script.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { formatFeatures, OUR_FEATURES } from '../../../wire/features.ts'
import type { ChannelMessage } from '../../state/inputs.ts'
import { errors } from '../fixtures/closing.ts'
import { take } from '../fixtures/messages.ts'
import { agree } from '../fixtures/simulation.ts'
import { SIMPLE_CLOSE, type TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

const ready = (): TwoParties => new TwoParties().ready({ pushMsat: 300_000_000n })

const refusal = (effects: readonly { readonly type: string }[]): string | undefined => {
  const reply = effects.at(-1) as ReturnType<TwoParties['add']>[number] | undefined
  return reply?.type === 'reply' && !reply.result.ok ? reply.result.error.code : undefined
}

const sent = (party: TestParty, type: ChannelMessage['type']): number =>
  party.effects.filter((effect) => effect.type === 'send' && effect.message.type === type).length

test('BOLT 2, shutdown — one is sent on each connection, however often a close is asked for, and it is sent again on the next', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  for (let i = 0; i < 3; i++) two.run(two.alice, { type: 'close' })
  two.run(two.bob, { type: 'close' })
  two.settle()
  for (const party of [two.alice, two.bob]) t.is(sent(party, 'shutdown'), 1)
  two.disconnect()
  two.connect()
  two.settle()
  for (const party of [two.alice, two.bob]) t.is(sent(party, 'shutdown'), 2)
  two.fail(two.bob, 0n)
  two.settle()
  for (const party of [two.alice, two.bob]) t.is(party.phase, 'closing')
})

test('BOLT 2, shutdown — the answer comes once our own updates are signed, and not before', (t) => {
  const two = ready()
  two.add(two.bob, 1)
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), ['update_add_htlc'])
  two.sign(two.bob)
  t.deepEqual(two.names(two.bob), ['update_add_htlc', 'commitment_signed', 'shutdown'])
  two.settle()
  t.is(two.alice.phase, 'shutdown')
})

test('BOLT 2, shutdown — once ours is sent or the peer’s has come, we add no HTLC', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  t.is(refusal(two.add(two.alice, 1)), 'channel-closing')
  two.deliver(two.alice)
  t.is(refusal(two.add(two.bob, 1)), 'channel-closing')
})

test('BOLT 2, shutdown — once no HTLC is left and no revocation owed, no update is sent; while there is one, the fee rate may change', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.alice, { type: 'close' })
  two.settle()
  t.is(two.alice.phase, 'shutdown')
  const update = () => two.run(two.alice, { type: 'update-fee', feeratePerKw: 5000, requestId: 'fee' })
  t.is(refusal(update()), undefined)
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
  two.fail(two.bob, 0n)
  two.settle({ sign: false })
  two.sign(two.bob)
  for (let i = 0; i < 4; i++) for (const party of [two.alice, two.bob]) two.deliver(party)
  const empty = ready()
  empty.run(empty.alice, { type: 'close' })
  t.is(refusal(empty.run(empty.alice, { type: 'update-fee', feeratePerKw: 5000, requestId: 'fee' })), 'channel-closing')
})

test('BOLT 2, shutdown — an HTLC that the peer adds after ours is not routed; one that it had added before is', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.deliver(two.alice)
  two.run(two.bob, { type: 'close' })
  // Crosses bob's shutdown.
  two.add(two.alice, 2)
  two.settle()
  const forwarded = two.bob.effects.flatMap((effect) =>
    effect.type === 'forward' ? [`${effect.htlc.id} ${effect.refusal}`] : [],
  )
  t.deepEqual(forwarded, ['0 undefined', '1 added-after-shutdown'])
  t.is(two.bob.phase, 'shutdown')
  t.deepEqual(errors(two.bob), [])
})

test('BOLT 2, shutdown — HTLCs of both directions and dust are settled first, and the close has what they ended with', (t) => {
  for (const features of [undefined, SIMPLE_CLOSE]) {
    const settings = features === undefined ? {} : { alice: { features }, bob: { features } }
    const two = new TwoParties(settings).ready({ pushMsat: 300_000_000n })
    two.add(two.alice, 1, 20_000_000n)
    two.add(two.alice, 2, 200_000n)
    two.add(two.bob, 3, 30_000_000n)
    two.run(two.bob, { type: 'close' })
    two.settle()
    t.is(two.alice.phase, 'shutdown')
    two.fulfil(two.bob, 0n, 1)
    two.fail(two.bob, 1n)
    two.settle()
    t.is(two.alice.phase, 'shutdown')
    two.fulfil(two.alice, 0n, 3)
    two.settle()
    for (const party of [two.alice, two.bob]) t.is(party.phase, 'closing')
    t.is(two.alice.funded.active[0]?.local.spec.toLocalMsat, 710_000_000n)
    const close = two.alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'mutual-close')
    if (close?.type !== 'publish' || close.publication.type !== 'funding-spend') return t.fail()
    const { outputs } = close.publication.tx
    const amountOf = ({ keys }: TestParty) =>
      outputs.find(({ script }) => equalBytes(script, keys.localShutdownScript))?.amount ?? 0n
    t.is(outputs.length, 2)
    t.true(amountOf(two.alice) <= 710_000n && amountOf(two.bob) <= 290_000n)
  }
})

test('BOLT 2, shutdown — a script that was named while the peer was away, and that it does not know, is not sent, and the operator is told once', (t) => {
  const { option_shutdown_anysegwit: _, option_simple_close: __, ...others } = OUR_FEATURES
  const features = formatFeatures(others, 'init')
  const two = new TwoParties({ bob: { features } }).ready({ pushMsat: 300_000_000n })
  two.disconnect()
  const scriptPubkey = p2tr(new Uint8Array(32).fill(1))
  t.is(refusal(two.run(two.alice, { type: 'close', requestId: 'close', scriptPubkey })), undefined)
  two.connect()
  two.settle()
  t.deepEqual(errors(two.alice), ['shutdown-script-unknown-to-peer'])
  t.is(sent(two.alice, 'shutdown'), 0)
  // A peer that knows it is asked at the next connection.
  two.disconnect()
  two.bob.env = { ...two.bob.env, settings: { ...two.bob.env.settings, features: two.alice.env.settings.features } }
  two.connect()
  two.settle()
  t.is(sent(two.alice, 'shutdown'), 1)
  t.is(two.alice.phase, 'closing')
})

test('BOLT 2, shutdown — a script that was promised at the opening is the one that is sent', (t) => {
  const two = new TwoParties().ready({ upfrontShutdown: true })
  two.run(two.bob, { type: 'close' })
  const message = take(two, two.bob, 'shutdown')
  t.deepEqual(message.scriptpubkey, two.bob.keys.localShutdownScript)
  t.deepEqual(two.alice.funded.params.remoteUpfrontShutdown, message.scriptpubkey)
})
