import test from 'ava'
import { utf8Decode } from '../../../lib/bytes.ts'
import { hasFeature, vectorOfBits } from '../../../wire/features.ts'
import { ecdsa } from '../../../wire/funding-signature.ts'
import type { AcceptChannel, OpenChannel } from '../../../wire/messages/channel-open.ts'
import type { ChannelSettings } from '../../state/environment.ts'
import { newSession } from '../../state/session.ts'
import { FEATURES, type TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

const openMessage = (two: TwoParties, funding = 1_000_000n, pushMsat = 0n): OpenChannel => {
  two.propose({ funding, pushMsat })
  const message = two.lose(two.alice).find(({ type }) => type === 'open_channel')
  if (message?.type !== 'open_channel') throw new Error('not opened')
  return message
}

const aborted = (party: TestParty): string | undefined => {
  const effect = party.effects.find((each) => each.type === 'emit' && each.event.type === 'aborted')
  return effect?.type === 'emit' && effect.event.type === 'aborted' ? effect.event.error.code : undefined
}

const point = new Uint8Array(33).fill(2, 0, 1)
const badPoint = new Uint8Array(33).fill(0xff).fill(2, 0, 1)

const refusedOpens: readonly [code: string, patch: Partial<OpenChannel>][] = [
  ['unknown-chain', { chainHash: new Uint8Array(32) }],
  ['channel-type-not-supported', { channelType: vectorOfBits([12]) }],
  ['channel-type-not-supported', { channelType: vectorOfBits([12, 22, 24]) }],
  ['channel-type-not-supported', { channelType: vectorOfBits([12, 22, 46, 50, 80]) }],
  ['channel-type-not-supported', { channelType: vectorOfBits([12, 23]) }],
  ['channel-type-not-supported', { channelType: vectorOfBits([12, 22, 46]), channelFlags: 1 }],
  ['announcement-not-supported', { channelFlags: 1 }],
  ['funding-too-small', { fundingSatoshis: 49_999n }],
  ['push-exceeds-funding', { pushMsat: 1_000_000_001n }],
  ['funder-cannot-pay-fee', { pushMsat: 1_000_000_000n }],
  ['dust-limit-too-small', { dustLimitSatoshis: 353n }],
  ['dust-limit-too-large', { dustLimitSatoshis: 1001n }],
  ['reserve-below-dust-limit', { dustLimitSatoshis: 600n, channelReserveSatoshis: 599n }],
  ['reserve-too-high', { channelReserveSatoshis: 50_001n }],
  ['too-many-accepted-htlcs', { maxAcceptedHtlcs: 484 }],
  ['too-few-accepted-htlcs', { maxAcceptedHtlcs: 0 }],
  ['max-htlc-value-in-flight-too-low', { maxHtlcValueInFlightMsat: 999n }],
  ['to-self-delay-too-long', { toSelfDelay: 2017 }],
  ['htlc-minimum-too-high', { htlcMinimumMsat: 1_000_001n }],
  ['feerate-too-low', { feeratePerKw: 252 }],
  ['feerate-too-high', { feeratePerKw: 25_001 }],
  ['invalid-public-key', { fundingPubkey: badPoint }],
  ['invalid-public-key', { firstPerCommitmentPoint: badPoint }],
  ['invalid-public-key', { htlcBasepoint: point }],
  ['invalid-upfront-shutdown-script', { upfrontShutdownScript: Uint8Array.of(0x51) }],
]

for (const [at, [code, patch]] of refusedOpens.entries()) {
  test(`BOLT 2, open_channel — one that its receiver must or may refuse is refused with an error: ${code} (${at}: ${Object.keys(patch).join(', ')})`, (t) => {
    const two = new TwoParties()
    const effects = two.bob.recv({ ...openMessage(two), ...patch })
    t.is(two.bob.phase, 'aborted')
    t.is(aborted(two.bob), code)
    t.like(effects[0], { type: 'send', message: { type: 'error' } })
  })
}

test('BOLT 2, open_channel — one without a channel_type is refused', (t) => {
  const two = new TwoParties()
  const { channelType: _, ...open } = openMessage(two)
  two.bob.recv(open)
  t.is(aborted(two.bob), 'channel-type-missing')
})

test('BOLT 2, open_channel — one in which neither side is above the reserve is refused', (t) => {
  const two = new TwoParties({ bob: { maxReserve: 900_000 } })
  two.bob.recv({ ...openMessage(two), channelReserveSatoshis: 600_000n, pushMsat: 500_000_000n })
  t.is(aborted(two.bob), 'both-sides-below-reserve')
})

test('BOLT 2, open_channel — option_scid_alias is for channels that are not announced', (t) => {
  const two = new TwoParties()
  const [ask] = two.bob.recv({ ...openMessage(two), channelType: vectorOfBits([12, 22, 46]) })
  t.is(ask?.type, 'ask-accept')
})

test('recv open_channel — a peer that wants an announcement is told that there is none, or gets a channel without', (t) => {
  const two = new TwoParties()
  const open = { ...openMessage(two), channelFlags: 1 }
  const [sent] = two.bob.messages(two.bob.recv(open))
  t.is(sent?.type === 'error' && utf8Decode(sent.data), 'this node does not announce channels: open it unannounced')
  const willing = new TwoParties({ bob: { announcedOpenings: 'unannounced' } })
  t.is(willing.bob.recv(open)[0]?.type, 'ask-accept')
})

test('BOLT 2, accept_channel — both reserves are at least both dust limits, however small the channel', (t) => {
  for (const funding of [20_000n, 35_400n, 54_599n, 54_600n]) {
    for (const dustLimit of [354n, 546n]) {
      const minFunding = 20_000n
      const two = new TwoParties({ alice: { minFunding }, bob: { minFunding, dustLimit } }).ready({ funding })
      t.is(two.alice.phase, 'normal', `${funding} sat, dust limit ${dustLimit}`)
      t.is(two.alice.funded.active[0]?.localLimits.channelReserve, 1000n)
      t.is(two.bob.funded.active[0]?.localLimits.channelReserve, 1000n)
    }
  }
})

test('BOLT 2, open_channel — 2^24 satoshis and more need option_support_large_channel', (t) => {
  t.true(hasFeature(FEATURES, 'option_support_large_channel'))
  const small = vectorOfBits([12, 23])
  const open = openMessage(new TwoParties(), 1n << 24n)
  const without = new TwoParties({ bob: { features: small } })
  without.bob.recv(open)
  t.is(aborted(without.bob), 'funding-too-large')
  const withSupport = new TwoParties()
  t.is(withSupport.bob.recv(open)[0]?.type, 'ask-accept')
})

test('recv open_channel — a refusal by the node is told to the peer', (t) => {
  const two = new TwoParties()
  two.bob.recv(openMessage(two))
  const effects = two.bob.run({ type: 'reject', reason: 'no room' })
  t.is(two.bob.phase, 'aborted')
  t.is(aborted(two.bob), 'rejected')
  t.like(effects[0], { type: 'send', message: { type: 'error' } })
})

const refusedAccepts: readonly [code: string, patch: Partial<AcceptChannel>][] = [
  ['channel-type-mismatch', { channelType: vectorOfBits([12, 22, 46]) }],
  ['reserve-below-dust-limit', { channelReserveSatoshis: 353n }],
  ['minimum-depth-too-high', { minimumDepth: 21 }],
  ['dust-limit-too-small', { dustLimitSatoshis: 353n }],
  ['dust-limit-too-large', { dustLimitSatoshis: 1001n, channelReserveSatoshis: 2000n }],
  ['reserve-too-high', { channelReserveSatoshis: 50_001n }],
  ['too-many-accepted-htlcs', { maxAcceptedHtlcs: 484 }],
  ['to-self-delay-too-long', { toSelfDelay: 2017 }],
  ['htlc-minimum-too-high', { htlcMinimumMsat: 1_000_001n }],
  ['invalid-public-key', { fundingPubkey: badPoint }],
]

for (const [code, patch] of refusedAccepts) {
  test(`BOLT 2, accept_channel — one that its receiver must or may refuse is refused with an error: ${code} (${Object.keys(patch).join(', ')})`, (t) => {
    const two = new TwoParties()
    two.bob.recv(openMessage(two))
    two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown: false })
    const [accept] = two.lose(two.bob)
    if (accept?.type !== 'accept_channel') return t.fail()
    const effects = two.alice.recv({ ...accept, ...patch })
    t.is(two.alice.phase, 'aborted')
    t.true(effects.some(({ type }) => type === 'send'))
    t.like(
      effects.find(({ type }) => type === 'reply'),
      { requestId: 'open', result: { ok: false, error: { code } } },
    )
  })
}

// Core Lightning has a dust limit of 546; of the funder of a small channel it asks for a reserve that fits the funder's dust limit.
test('BOLT 2, accept_channel — the reserve that is asked of us is held against our dust limit, not the peer’s', (t) => {
  const minFunding = 20_000n
  const two = new TwoParties({ alice: { minFunding }, bob: { minFunding, dustLimit: 546n } })
  two.bob.recv(openMessage(two, 20_000n))
  two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown: false })
  const [accept] = two.lose(two.bob)
  if (accept?.type !== 'accept_channel') return t.fail()
  two.alice.recv({ ...accept, dustLimitSatoshis: 546n, channelReserveSatoshis: 354n })
  t.is(two.alice.phase, 'wait-for-funding')
})

const refusedCommands: readonly [
  code: string,
  funding: bigint,
  pushMsat: bigint,
  settings: Partial<ChannelSettings>,
][] = [
  ['funding-too-small', 49_999n, 0n, {}],
  ['funding-too-large', 1n << 24n, 0n, { features: vectorOfBits([12, 23]) }],
  ['funding-too-large', 2_000_000n, 0n, { maxFunding: 1_999_999n }],
  ['push-exceeds-funding', 1_000_000n, 1_000_000_001n, {}],
  ['funder-cannot-pay-fee', 1_000_000n, 1_000_000_000n, {}],
]

for (const [code, funding, pushMsat, settings] of refusedCommands) {
  test(`BOLT 2, open_channel — what its sender must not send is not sent: ${funding} sat, ${code}`, (t) => {
    const two = new TwoParties({ alice: settings })
    const effects = two.alice.run({
      type: 'open',
      requestId: 'open',
      keys: two.alice.keys,
      funding,
      pushMsat,
      announce: false,
      fundingFeeratePerKw: 1000,
      upfrontShutdown: false,
    })
    t.is(effects.length, 1)
    t.like(effects[0], { type: 'reply', requestId: 'open', result: { ok: false, error: { code } } })
  })
}

test('open — refuses a peer without anchors', (t) => {
  const two = new TwoParties()
  two.alice.state = { ...two.alice.state, session: newSession(1, vectorOfBits([12]), true) }
  t.throws(() => openMessage(two), { message: 'not opened' })
  t.like(two.alice.effects[0], { result: { ok: false, error: { code: 'anchors-not-supported-by-peer' } } })
})

test('BOLT 2, message retransmission — an opening that is not signed is forgotten with its connection, and the wallet gets its inputs back', (t) => {
  const two = new TwoParties()
  two.bob.recv(openMessage(two))
  two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown: false })
  two.deliver(two.bob)
  t.is(two.alice.phase, 'wait-for-funding')
  two.disconnect()
  t.is(two.alice.phase, 'aborted')
  t.is(two.bob.phase, 'aborted')
  const tx = { version: 2, inputs: [], outputs: [], lockTime: 0 }
  t.deepEqual(two.alice.run({ type: 'funding-created', tx, outputIndex: 0 }), [{ type: 'abandon-funding', tx }])
})

test('opening — an error of the peer ends it', (t) => {
  const two = new TwoParties()
  const { temporaryChannelId } = openMessage(two)
  two.alice.recv({ type: 'error', channelId: temporaryChannelId, data: new TextEncoder().encode('go away') })
  t.is(two.alice.phase, 'aborted')
  t.like(
    two.alice.effects.find(({ type }) => type === 'reply'),
    { result: { ok: false, error: { code: 'peer-error', text: 'go away' } } },
  )
})

test('BOLT 2, funding_signed — a bad signature ends the opening, and nothing is published before a good one', (t) => {
  const again = new TwoParties()
  again.bob.recv(openMessage(again))
  again.run(again.bob, { type: 'accept', keys: again.bob.keys, upfrontShutdown: false })
  again.deliver(again.bob)
  const fund = again.alice.effects.find(({ type }) => type === 'fund')
  if (fund?.type !== 'fund') return t.fail()
  const tx = { version: 2, inputs: [], outputs: [{ amount: fund.amount, script: fund.script }], lockTime: 0 }
  again.alice.run({ type: 'funding-created', tx, outputIndex: 0 })
  const channelId = new Uint8Array(32)
  again.alice.recv({ type: 'funding_signed', channelId, signature: ecdsa(new Uint8Array(64).fill(1)) })
  t.is(again.alice.phase, 'aborted')
  t.true(again.alice.effects.some(({ type }) => type === 'abandon-funding'))
  t.false(again.alice.effects.some(({ type }) => type === 'publish'))
})

test('BOLT 2, funding_created — a bad signature ends the opening', (t) => {
  const two = new TwoParties()
  const open = openMessage(two)
  two.bob.recv(open)
  two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown: false })
  two.bob.recv({
    type: 'funding_created',
    temporaryChannelId: open.temporaryChannelId,
    fundingTxid: new Uint8Array(32).fill(3),
    fundingOutputIndex: 0,
    signature: ecdsa(new Uint8Array(64).fill(1)),
  })
  t.is(aborted(two.bob), 'invalid-signature')
})

test('BOLT 2, channel_ready — only when the funding output is the one that was agreed on', (t) => {
  const two = new TwoParties()
  two.open()
  const { txid } = two.bob.funded.active[0]?.localParams.fundingOutpoint ?? { txid: new Uint8Array(32) }
  const tx = { version: 2, inputs: [], outputs: [], lockTime: 0 }
  two.bob.run({ type: 'confirmed', txid, tx, blockHeight: 990, txIndex: 5 })
  // Nothing of it was ours.
  t.is(two.bob.phase, 'closed')
})

const acceptedOpens: readonly Partial<OpenChannel>[] = [
  { dustLimitSatoshis: 354n },
  { dustLimitSatoshis: 1000n },
  { dustLimitSatoshis: 600n, channelReserveSatoshis: 600n },
  { channelReserveSatoshis: 50_000n },
  { maxAcceptedHtlcs: 483 },
  { maxAcceptedHtlcs: 1 },
  { maxHtlcValueInFlightMsat: 1000n },
  { toSelfDelay: 2016 },
  { htlcMinimumMsat: 1_000_000n },
  { feeratePerKw: 253 },
  { feeratePerKw: 25_000 },
  { fundingSatoshis: 50_000n, channelReserveSatoshis: 1000n },
  { fundingSatoshis: (1n << 24n) - 1n },
  // BOLT 2: bits that are not defined are ignored.
  { channelFlags: 0xfe },
]

for (const [at, patch] of acceptedOpens.entries()) {
  test(`BOLT 2, open_channel — the last value that is allowed is accepted: ${at}, ${Object.keys(patch).join(', ')}`, (t) => {
    const two = new TwoParties()
    const effects = two.bob.recv({ ...openMessage(two), ...patch })
    t.is(aborted(two.bob), undefined)
    t.is(effects[0]?.type, 'ask-accept')
  })
}
