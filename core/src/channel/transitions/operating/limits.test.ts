import test from 'ava'
import { ecdsa } from '../../../wire/funding-signature.ts'
import type { UpdateAddHtlc } from '../../../wire/messages/channel-operation.ts'
import type { ChannelSettings } from '../../state/environment.ts'
import { agree } from '../fixtures/simulation.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { hashOf, preimageOf, TwoParties } from '../fixtures/two-parties.ts'

const refusal = (two: TwoParties, party: TestParty, amountMsat: bigint, cltvExpiry = 1144): string | undefined => {
  const effect = two.add(party, 1, amountMsat, cltvExpiry).find(({ type }) => type === 'reply')
  return effect?.type === 'reply' && !effect.result.ok ? effect.result.error.code : undefined
}

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

const ready = (bob: Partial<ChannelSettings> = {}, pushMsat = 200_000_000n) =>
  new TwoParties({ bob }).ready({ pushMsat })

const htlc = (two: TwoParties, patch: Partial<UpdateAddHtlc> = {}): UpdateAddHtlc => ({
  type: 'update_add_htlc',
  channelId: two.bob.funded.params.channelId,
  id: 0n,
  amountMsat: 10_000_000n,
  paymentHash: hashOf(1),
  cltvExpiry: 1144,
  onionRoutingPacket: new Uint8Array(1366),
  ...patch,
})

test('BOLT 2, update_add_htlc — nothing is offered below the peer’s htlc_minimum_msat, nor zero', (t) => {
  const two = ready({ htlcMinimumMsat: 5000n })
  t.is(refusal(two, two.alice, 4999n), 'amount-below-minimum')
  t.is(refusal(two, two.alice, 5000n), undefined)
  const free = ready({ htlcMinimumMsat: 0n })
  t.is(refusal(free, free.alice, 0n), 'amount-below-minimum')
})

test('add — refuses an expiry that is too near or too far', (t) => {
  const two = ready()
  t.is(refusal(two, two.alice, 10_000_000n, 1002), 'expiry-too-soon')
  t.is(refusal(two, two.alice, 10_000_000n, 1003), undefined)
  t.is(refusal(two, two.alice, 10_000_000n, 1000 + 2017), 'expiry-too-far')
})

test('BOLT 2, update_add_htlc — no more HTLCs are offered than the peer accepts', (t) => {
  const two = ready({ maxAcceptedHtlcs: 2 })
  t.is(refusal(two, two.alice, 10_000_000n), undefined)
  t.is(refusal(two, two.alice, 10_000_000n), undefined)
  t.is(refusal(two, two.alice, 10_000_000n), 'too-many-htlcs')
})

test('BOLT 2, update_add_htlc — no more value is offered than the peer lets be in flight', (t) => {
  const two = ready({ maxHtlcValueInFlightMsat: 25_000_000n })
  t.is(refusal(two, two.alice, 20_000_000n), undefined)
  t.is(refusal(two, two.alice, 5_000_001n), 'htlc-value-in-flight-too-high')
  t.is(refusal(two, two.alice, 5_000_000n), undefined)
})

test('BOLT 2, bounding exposure to trimmed HTLCs — no dust is offered beyond the limit', (t) => {
  const two = ready({})
  for (let i = 0; i < 14; i++) t.is(refusal(two, two.alice, 353_000n), undefined)
  t.is(refusal(two, two.alice, 353_000n), 'dust-exposure-too-high')
  t.is(refusal(two, two.alice, 400_000n), undefined)
})

test('BOLT 2, bounding exposure to trimmed HTLCs — no dust is offered beyond the limit: also what is dust in one of the two commitments alone', (t) => {
  for (const [alice, bob] of [
    [{ dustLimit: 800n }, {}],
    [{}, { dustLimit: 800n }],
  ] as const) {
    const two = new TwoParties({ alice, bob }).ready({ pushMsat: 200_000_000n })
    // Above the one side's limit of 354 sat, and below the other's.
    for (let i = 0; i < 7; i++) t.is(refusal(two, two.alice, 700_000n), undefined)
    t.is(refusal(two, two.alice, 700_000n), 'dust-exposure-too-high')
    t.is(refusal(two, two.alice, 800_000n), undefined)
  }
})

test('BOLT 2, bounding exposure to trimmed HTLCs — dust that the peer offers beyond the limit is failed once it is committed, and what is no dust is not', (t) => {
  const two = new TwoParties({ bob: { htlcMinimumMsat: 1n, maxDustHtlcExposureMsat: 500_000n } }).ready({
    pushMsat: 200_000_000n,
  })
  two.add(two.alice, 1, 300_000n)
  two.settle()
  two.add(two.alice, 2, 300_000n)
  two.add(two.alice, 3, 10_000_000n)
  two.settle()
  const forwarded = two.bob.effects.flatMap((effect) => (effect.type === 'forward' ? [effect.refusal] : []))
  t.deepEqual(forwarded, [undefined, 'exceeds-dust-exposure', undefined])
  t.is(two.bob.phase, 'normal')
})

test('BOLT 2, bounding exposure to trimmed HTLCs — with anchors a higher fee rate trims nothing more', (t) => {
  const two = new TwoParties({ bob: { htlcMinimumMsat: 1n, maxDustHtlcExposureMsat: 500_000n } }).ready({
    pushMsat: 200_000_000n,
  })
  for (const n of [1, 2, 3]) two.add(two.alice, n, 400_000n)
  two.settle()
  two.run(two.alice, { type: 'update-fee', feeratePerKw: 20_000 })
  two.settle()
  t.is(two.bob.funded.active[0]?.local.spec.feeratePerKw, 20_000)
  const forwarded = two.bob.effects.flatMap((effect) => (effect.type === 'forward' ? [effect.refusal] : []))
  t.deepEqual(forwarded, [undefined, undefined, undefined])
})

test('BOLT 2, update_add_htlc — the opener keeps its reserve, the fee, the anchors and a buffer for a higher fee', (t) => {
  // One HTLC added, one more allowed for, at twice the rate: (1124 + 2 · 172) · 5000 / 1000; and two anchors, and 1 %.
  const spendable = 800_000_000n - 10_000_000n - (7340n + 660n) * 1000n
  const two = ready()
  t.is(refusal(two, two.alice, spendable + 1n), 'insufficient-balance')
  t.is(refusal(two, two.alice, spendable), undefined)
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('BOLT 2, update_add_htlc — the fundee keeps its reserve', (t) => {
  const two = ready()
  t.is(refusal(two, two.bob, 190_000_001n), 'insufficient-balance')
  t.is(refusal(two, two.bob, 190_000_000n), undefined)
})

test('BOLT 2, update_add_htlc — the fundee does not offer what the opener could not pay the fee for', (t) => {
  // (1124 + 172) · 2500 / 1000 and two anchors are more than the opener has above its reserve.
  const two = ready({}, 1_000_000_000n - 10_000_000n - 3_471_000n)
  t.is(refusal(two, two.bob, 10_000_000n), 'opener-cannot-pay-fee')
  t.is(refusal(two, two.bob, 300_000n), undefined)
})

test('add — is refused while the peer is away, and before the channel is ready', (t) => {
  const two = ready()
  two.disconnect()
  t.is(refusal(two, two.alice, 10_000_000n), 'channel-offline')
  const opening = new TwoParties()
  opening.open()
  t.is(refusal(opening, opening.alice, 10_000_000n), 'channel-not-usable')
})

const received: readonly [
  title: string,
  code: string,
  patch: Partial<UpdateAddHtlc>,
  settings: Partial<ChannelSettings>,
][] = [
  ['an amount of zero', 'htlc-amount-too-small', { amountMsat: 0n }, { htlcMinimumMsat: 0n }],
  ['an amount below htlc_minimum_msat', 'htlc-amount-too-small', { amountMsat: 999n }, {}],
  ['an expiry that is a time', 'htlc-expiry-not-a-height', { cltvExpiry: 500_000_000 }, {}],
  ['an id that is not the next', 'htlc-id-out-of-order', { id: 1n }, {}],
  [
    'more value than max_htlc_value_in_flight_msat',
    'htlc-value-in-flight-too-high',
    {},
    { maxHtlcValueInFlightMsat: 9_999_999n },
  ],
  [
    'what the sender cannot pay above its reserve, the fee and the anchors',
    'insufficient-balance',
    { amountMsat: 786_101_000n },
    {},
  ],
]

for (const [title, code, patch, settings] of received) {
  test(`BOLT 2, update_add_htlc — what its sender must not offer fails the channel: ${title}`, (t) => {
    const two = ready(settings)
    two.bob.recv(htlc(two, patch))
    t.deepEqual(errors(two.bob), [code])
    t.is(two.bob.phase, 'closing')
  })
}

test('BOLT 2, update_add_htlc — the last millisatoshi that the sender can pay is taken', (t) => {
  const two = ready()
  two.bob.recv(htlc(two, { amountMsat: 800_000_000n - 10_000_000n - 3_240_000n - 660_000n }))
  t.is(two.bob.phase, 'normal')
})

test('BOLT 2, update_add_htlc — more HTLCs than max_accepted_htlcs fail the channel', (t) => {
  const two = ready({ maxAcceptedHtlcs: 2 })
  for (let id = 0n; id < 2n; id++) two.bob.recv(htlc(two, { id }))
  t.is(two.bob.phase, 'normal')
  two.bob.recv(htlc(two, { id: 2n }))
  t.deepEqual(errors(two.bob), ['too-many-htlcs'])
})

test('BOLT 2, update_add_htlc — several HTLCs may have the same payment hash', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.add(two.alice, 1)
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  two.fail(two.bob, 1n)
  two.settle()
  t.is(two.alice.funded.active[0]?.local.spec.toLocalMsat, 790_000_000n)
})

test('BOLT 2, removing an HTLC — an unknown id, a second removal and a preimage of another hash fail the channel', (t) => {
  const cases: readonly [string, (two: TwoParties) => unknown][] = [
    ['unknown-htlc', (two) => fulfill(two, 5n, 1)],
    ['preimage-does-not-match', (two) => fulfill(two, 0n, 2)],
    ['htlc-already-removed', (two) => [fulfill(two, 0n, 1), fulfill(two, 0n, 1)]],
  ]
  for (const [code, act] of cases) {
    const two = ready()
    two.add(two.alice, 1)
    two.settle()
    act(two)
    t.deepEqual(errors(two.alice), [code])
  }
})

const fulfill = (two: TwoParties, id: bigint, n: number) =>
  two.alice.recv({
    type: 'update_fulfill_htlc',
    channelId: two.alice.funded.params.channelId,
    id,
    paymentPreimage: preimageOf(n),
  })

test('BOLT 2, removing an HTLC — none is removed that is not irrevocably committed', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  fulfill(two, 0n, 1)
  t.deepEqual(errors(two.alice), ['unknown-htlc'])
})

test('BOLT 2, removing an HTLC — a malformed one without the BADONION bit fails the channel', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  const { channelId } = two.alice.funded.params
  two.alice.recv({
    type: 'update_fail_malformed_htlc',
    channelId,
    id: 0n,
    sha256OfOnion: new Uint8Array(32),
    failureCode: 0x4005,
  })
  t.deepEqual(errors(two.alice), ['badonion-bit-missing'])
})

test('recv update_fail_malformed_htlc — reaches the origin once irrevocable', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.bob, { type: 'fail-malformed-htlc', htlcId: 0n, sha256OfOnion: new Uint8Array(32), failureCode: 0xc005 })
  two.deliver(two.bob)
  t.false(two.alice.effects.some(({ type }) => type === 'settle'))
  two.settle()
  t.like(
    two.alice.effects.find(({ type }) => type === 'settle'),
    { outcome: { type: 'failed', failure: { type: 'malformed', failureCode: 0xc005 } } },
  )
})

test('settling — a decision is final, and asking for it again is harmless', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  const wrong = two.run(two.bob, { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(2), requestId: 'a' })
  t.like(wrong[0], { result: { ok: false, error: { code: 'preimage-does-not-match' } } })
  two.fulfil(two.bob, 0n, 1)
  const { durable } = two.bob.state
  const again = two.run(two.bob, { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1), requestId: 'b' })
  t.like(again[0], { result: { ok: true } })
  t.is(two.bob.state.durable, durable)
  const other = two.run(two.bob, { type: 'fail-htlc', htlcId: 0n, reason: new Uint8Array(1), requestId: 'c' })
  t.like(other[0], { result: { ok: false, error: { code: 'htlc-already-settled' } } })
  const unknown = two.run(two.bob, { type: 'fail-htlc', htlcId: 9n, reason: new Uint8Array(1), requestId: 'd' })
  t.like(unknown[0], { result: { ok: false, error: { code: 'unknown-htlc' } } })
})

test('update_fee — the opener changes the rate of both commitments', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'update-fee', feeratePerKw: 5000 })
  two.settle()
  t.is(two.alice.funded.active[0]?.local.spec.feeratePerKw, 5000)
  t.is(two.bob.funded.active[0]?.local.spec.feeratePerKw, 5000)
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('BOLT 2, update_fee — it is for the opener alone, and for what it can pay', (t) => {
  const two = ready({}, 980_000_000n)
  const byBob = two.run(two.bob, { type: 'update-fee', feeratePerKw: 5000, requestId: 'a' })
  t.like(byBob[0], { result: { ok: false, error: { code: 'not-the-opener' } } })
  const tooMuch = two.run(two.alice, { type: 'update-fee', feeratePerKw: 9000, requestId: 'b' })
  t.like(tooMuch[0], { result: { ok: false, error: { code: 'insufficient-balance' } } })
})

test('BOLT 2, update_fee — a rate that nobody relays, or an absurd one, ends the connection with a warning, and never the channel', (t) => {
  for (const feeratePerKw of [252, 25_001]) {
    const two = ready()
    const { durable } = two.bob.state
    const effects = two.bob.recv({ type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw })
    t.is(two.bob.state.durable, durable)
    t.deepEqual(
      effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type)),
      ['warning', 'emit', 'disconnect'],
    )
  }
})

test('BOLT 2, update_fee — however far the estimate drifts, the opener’s rate is taken, below ours and above', (t) => {
  for (const [estimate, feeratePerKw] of [
    // 1,000 sat/vB, beside what peers cap their commitments at, and beside the least that nodes relay.
    [250_000, 2500],
    [250_000, 253],
    [253, 20_000],
    [2500, 25_000],
  ] as const) {
    const two = ready()
    two.bob.env = { ...two.bob.env, feerates: { ...two.bob.env.feerates, estimate } }
    two.bob.recv({ type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw })
    t.deepEqual(errors(two.bob), [], `${feeratePerKw} beside ${estimate}`)
  }
})

test('recv update_fee — without an estimate, no rate is too high', (t) => {
  const two = ready()
  const { estimate: _, ...feerates } = two.bob.env.feerates
  two.bob.env = { ...two.bob.env, feerates }
  two.bob.recv({ type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw: 25_301 })
  t.deepEqual(errors(two.bob), [])
  t.is(two.bob.phase, 'normal')
  two.bob.recv({ type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw: 252 })
  t.deepEqual(errors(two.bob), ['fee-update-too-low'])
})

test('BOLT 2, update_fee — one by the fundee, out of bounds, or that the opener cannot pay is refused', (t) => {
  const cases: readonly [string, number, 'alice' | 'bob', bigint][] = [
    ['fee-update-by-fundee', 3000, 'alice', 200_000_000n],
    ['fee-update-too-low', 252, 'bob', 200_000_000n],
    ['fee-update-too-high', 25_001, 'bob', 200_000_000n],
    ['insufficient-balance', 9000, 'bob', 980_000_000n],
  ]
  for (const [code, feeratePerKw, receiver, pushMsat] of cases) {
    const two = ready({}, pushMsat)
    two[receiver].recv({ type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw })
    t.deepEqual(errors(two[receiver]), [code])
  }
})

test('BOLT 2, commitment_signed — a bad signature and a wrong number of HTLC signatures fail the channel', (t) => {
  for (const [code, patch] of [
    ['invalid-commitment-signature', { signature: ecdsa(new Uint8Array(64).fill(1)) }],
    ['htlc-signature-count-mismatch', { htlcSignatures: [] }],
  ] as const) {
    const two = ready()
    two.add(two.alice, 1)
    two.sign(two.alice)
    const [, signed] = two.sentBy(two.alice)
    two.deliver(two.alice)
    two.lose(two.alice)
    if (signed?.type !== 'commitment_signed') return t.fail()
    two.bob.recv({ ...signed, ...patch })
    t.deepEqual(errors(two.bob), [code])
  }
})

test('BOLT 2, revoke_and_ack — one that is not owed, and a secret of another commitment, fail the channel', (t) => {
  const two = ready()
  const { channelId } = two.alice.funded.params
  const revocation = {
    type: 'revoke_and_ack',
    channelId,
    perCommitmentSecret: new Uint8Array(32).fill(9),
    nextPerCommitmentPoint: two.bob.env.commitmentPoint(2),
  } as const
  two.alice.recv(revocation)
  t.deepEqual(errors(two.alice), ['revocation-not-expected'])
  const other = ready()
  other.add(other.alice, 1)
  other.sign(other.alice)
  other.alice.recv(revocation)
  t.deepEqual(errors(other.alice), ['invalid-revocation-secret'])
})

test('BOLT 2, commitment_signed — it is sent only with changes, and one at a time', (t) => {
  const two = ready()
  t.is(two.alice.run({ type: 'sign' }).length, 0)
  two.add(two.alice, 1)
  two.sign(two.alice)
  two.add(two.alice, 2)
  two.sign(two.alice)
  t.is(two.names(two.alice).filter((name) => name === 'commitment_signed').length, 1)
})

test('durable — update_ messages of both sides write nothing', (t) => {
  const two = ready()
  two.add(two.bob, 1, 50_000_000n)
  two.settle()
  const [alice, bob] = [two.alice.state.durable, two.bob.state.durable]
  two.add(two.alice, 2)
  two.run(two.alice, { type: 'update-fee', feeratePerKw: 3000 })
  two.deliver(two.alice)
  two.deliver(two.alice)
  t.is(two.alice.state.durable, alice)
  t.is(two.bob.state.durable, bob)
})
