import test from 'ava'
import { fromHex } from '../../../lib/bytes.ts'
import { vectorOfBits } from '../../../wire/features.ts'
import type { AcceptChannel, OpenChannel } from '../../../wire/messages/channel-open.ts'
import { buildLocal } from '../../commitments/build-commitment.ts'
import { latest } from '../../commitments/commitments.ts'
import { answers, highS, take } from '../fixtures/messages.ts'
import { fundingTransaction, type TestParty } from '../fixtures/test-party.ts'
import { type TestOpening, TwoParties } from '../fixtures/two-parties.ts'

const open = (two: TwoParties, options: TestOpening = {}): OpenChannel => {
  two.propose(options)
  return take(two, two.alice, 'open_channel')
}

const accept = (two: TwoParties, message: OpenChannel, upfrontShutdown = false): AcceptChannel => {
  two.bob.recv(message)
  two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown })
  return take(two, two.bob, 'accept_channel')
}

/** Up to `funding_created`, which is on its way. */
const fund = (two: TwoParties): void => {
  two.alice.recv(accept(two, open(two)))
  const effect = two.alice.effects.find(({ type }) => type === 'fund')
  if (effect?.type !== 'fund') throw new Error('nothing to fund')
  const tx = fundingTransaction(effect.script, effect.amount)
  two.run(two.alice, { type: 'funding-created', tx, outputIndex: 1 })
}

/** The outputs of the party's own commitment that have an anchor's amount. */
const anchorsOf = ({ funded, env }: TestParty): number => {
  const { local, localParams } = latest(funded)
  const { tx } = buildLocal(localParams, local.index, local.spec, env).transaction
  return tx.outputs.filter(({ amount }) => amount === 330n).length
}

const aborted = ({ effects }: TestParty): string | undefined => {
  const effect = effects.find((each) => each.type === 'emit' && each.event.type === 'aborted')
  return effect?.type === 'emit' && effect.event.type === 'aborted' ? effect.event.error.code : undefined
}

test('BOLT 2, open_channel — it names our chain, valid keys, the point of commitment 0 and the smallest form of a defined type, and sets no flag that is not defined', (t) => {
  const two = new TwoParties()
  const message = open(two)
  t.deepEqual(message.chainHash, two.alice.env.settings.chainHash)
  const { fundingKey, basepoints } = two.alice.keys.localKeys
  t.deepEqual(
    [message.fundingPubkey, message.revocationBasepoint, message.paymentBasepoint],
    [fundingKey, basepoints.revocation, basepoints.payment],
  )
  t.deepEqual([message.delayedPaymentBasepoint, message.htlcBasepoint], [basepoints.delayedPayment, basepoints.htlc])
  t.deepEqual(message.firstPerCommitmentPoint, two.alice.env.commitmentPoint(0))
  t.deepEqual(message.channelType, vectorOfBits([12, 22]))
  t.is(message.channelFlags, 0)
})

test('BOLT 2, open_channel — an upfront script is always in it and in accept_channel: the one that we promise, or an empty one', (t) => {
  for (const upfrontShutdown of [false, true]) {
    const two = new TwoParties()
    const message = open(two, { upfrontShutdown })
    const answer = accept(two, message, upfrontShutdown)
    const script = ({ keys }: TestParty) => (upfrontShutdown ? keys.localShutdownScript : new Uint8Array(0))
    t.deepEqual(message.upfrontShutdownScript, script(two.alice))
    t.deepEqual(answer.upfrontShutdownScript, script(two.bob))
  }
})

test('BOLT 2, open_channel — flags that are not defined are ignored', (t) => {
  const two = new TwoParties()
  const [ask] = two.bob.recv({ ...open(two), channelFlags: 0xfe })
  t.like(ask, { type: 'ask-accept', question: { announce: false } })
})

test('BOLT 2, open_channel — a hidden id is not asked for in a channel that is to be announced', (t) => {
  const two = new TwoParties()
  const effects = two.alice.run({
    type: 'open',
    requestId: 'open',
    keys: two.alice.keys,
    funding: 1_000_000n,
    pushMsat: 0n,
    announce: true,
    channelType: { scidAlias: true, zeroConf: false },
    fundingFeeratePerKw: 1000,
    upfrontShutdown: false,
  })
  t.is(effects.length, 1)
  t.like(effects[0], { type: 'reply', result: { ok: false, error: { code: 'announcement-not-supported' } } })
})

test('BOLT 2, accept_channel — it has the temporary id and the type of open_channel', (t) => {
  const two = new TwoParties()
  const message = { ...open(two), channelType: vectorOfBits([12, 22, 46]) }
  const answer = accept(two, message)
  t.deepEqual(answer.temporaryChannelId, message.temporaryChannelId)
  t.deepEqual(answer.channelType, message.channelType)
})

test('BOLT 2, accept_channel — one without a type, or whose dust limit is above the reserve that it was asked for, is refused', (t) => {
  for (const [code, patch] of [
    ['channel-type-missing', { channelType: undefined }],
    ['reserve-below-dust-limit', { dustLimitSatoshis: 1000n, channelReserveSatoshis: 50_000n }],
  ] as const) {
    const two = new TwoParties({ alice: { minReserve: 600n, reserve: 1 } })
    const { channelType, ...answer } = { ...accept(two, open(two)), ...patch }
    t.true(answers(two.alice, channelType === undefined ? answer : { ...answer, channelType }).includes('error'))
    t.is(aborted(two.alice), code)
  }
})

test('BOLT 2, funding_created — it has the temporary id, the funding’s outpoint and a good signature, and nothing is broadcast with it', (t) => {
  const two = new TwoParties()
  fund(two)
  const message = take(two, two.alice, 'funding_created')
  const { durable } = two.alice.state
  if (durable.phase !== 'wait-for-funding-signed') return t.fail()
  t.deepEqual(message.temporaryChannelId, durable.unsigned.params.temporaryChannelId)
  const tx = durable.unsigned.fundingTx
  t.is(message.fundingOutputIndex, 1)
  t.is(tx.outputs[message.fundingOutputIndex]?.amount, 1_000_000n)
  t.deepEqual(message.fundingTxid, durable.unsigned.active[0]?.localParams.fundingOutpoint.txid)
  t.false(two.alice.effects.some(({ type }) => type === 'publish'))
  two.bob.recv(message)
  t.is(two.bob.phase, 'wait-for-funding-confirmed')
})

test('BOLT 2, funding_created — a signature with a high S is refused with an error', (t) => {
  const two = new TwoParties()
  fund(two)
  const message = take(two, two.alice, 'funding_created')
  t.true(answers(two.bob, { ...message, signature: highS(message.signature) }).includes('error'))
  t.is(aborted(two.bob), 'invalid-signature')
})

test('BOLT 2, funding_signed — the channel’s id is the funding’s txid with the output’s number in its last two bytes', (t) => {
  const two = new TwoParties()
  fund(two)
  two.deliver(two.alice)
  const message = take(two, two.bob, 'funding_signed')
  const { txid } = two.bob.funded.active[0]?.localParams.fundingOutpoint ?? { txid: new Uint8Array(32) }
  const id = Uint8Array.from(txid)
  id[31] = (id[31] as number) ^ 1
  t.deepEqual(message.channelId, id)
  two.alice.recv(message)
  t.is(two.alice.phase, 'wait-for-funding-confirmed')
  t.deepEqual(two.alice.funded.params.channelId, id)
})

test('BOLT 2, funding_signed — another id, and a signature with a high S, are refused with an error, and nothing is published', (t) => {
  for (const alter of ['id', 'signature'] as const) {
    const two = new TwoParties()
    fund(two)
    two.deliver(two.alice)
    const message = take(two, two.bob, 'funding_signed')
    const altered =
      alter === 'id'
        ? { ...message, channelId: two.alice.env.settings.chainHash }
        : { ...message, signature: highS(message.signature) }
    t.true(answers(two.alice, altered).includes('error'))
    t.is(aborted(two.alice), 'invalid-signature')
    t.false(two.alice.effects.some(({ type }) => type === 'publish'))
  }
})

test('BOLT 2, funding_signed — every commitment has the format of the channel’s type: both have their anchors from the first on', (t) => {
  for (const channelType of [undefined, { scidAlias: true, zeroConf: false }]) {
    const two = new TwoParties().ready({
      pushMsat: 300_000_000n,
      ...(channelType === undefined ? {} : { channelType }),
    })
    t.is(anchorsOf(two.alice), 2)
    two.add(two.alice, 1)
    two.settle()
    t.is(anchorsOf(two.alice), 2)
    t.is(anchorsOf(two.bob), 2)
  }
})

test('BOLT 2, channel_ready — it has the point of commitment 1 and an alias that is not the real id', (t) => {
  const two = new TwoParties()
  two.open()
  two.confirm(two.alice)
  const message = take(two, two.alice, 'channel_ready')
  t.deepEqual(message.secondPerCommitmentPoint, two.alice.env.commitmentPoint(1))
  t.is(message.alias, two.alice.keys.alias)
  t.not(message.alias, two.alice.funded.shortIds.real)
})

test('BOLT 2, channel_ready — before the funding is as deep as was agreed it is not sent, by either side, and the channel is not used', (t) => {
  const two = new TwoParties()
  two.open()
  for (const party of [two.alice, two.bob]) t.deepEqual(two.names(party), [])
  const watched = two.bob.effects.flatMap((effect) => (effect.type === 'watch-confirmed' ? [effect.depth] : []))
  t.deepEqual(watched, [3])
  two.confirm(two.alice)
  two.settle()
  t.deepEqual(two.names(two.bob), [])
  t.like(two.add(two.alice, 1).at(-1), { result: { ok: false, error: { code: 'channel-not-usable' } } })
})

test('BOLT 2, channel_ready — a redundant one is ignored, but for a new alias', (t) => {
  const two = new TwoParties()
  two.open()
  for (const party of [two.alice, two.bob]) two.confirm(party)
  const message = two.sentBy(two.bob).find(({ type }) => type === 'channel_ready')
  two.settle()
  if (message?.type !== 'channel_ready') return t.fail()
  const { durable } = two.alice.state
  t.deepEqual(two.alice.recv(message), [{ type: 'ignored', message: 'channel_ready', why: 'repeated' }])
  t.is(two.alice.state.durable, durable)
  t.deepEqual(two.alice.recv({ ...message, secondPerCommitmentPoint: two.bob.env.commitmentPoint(9), alias: 77n }), [])
  t.is(two.alice.funded.shortIds.remoteAlias, 77n)
  two.add(two.alice, 1)
  two.settle()
  t.is(two.bob.funded.htlcs.received.length, 1)
})

test('BOLT 2, shutdown — none is asked for before the commitments are signed, and one that comes then ends the opening with an error', (t) => {
  const scriptpubkey = fromHex(`0014${'11'.repeat(20)}`)
  const opening: readonly [string, (two: TwoParties) => unknown, 'alice' | 'bob'][] = [
    ['wait-for-open-answer', open, 'alice'],
    ['wait-for-funding-created', (two) => accept(two, open(two)), 'bob'],
    ['wait-for-funding-signed', fund, 'alice'],
  ]
  for (const [phase, begin, name] of opening) {
    const two = new TwoParties()
    begin(two)
    const party = two[name]
    t.is(party.phase, phase)
    t.like(party.run({ type: 'close', requestId: 'close' }), [
      { result: { ok: false, error: { code: 'wrong-phase' } } },
    ])
    const { channelId } =
      party.state.durable.phase === 'wait-for-funding-signed'
        ? party.state.durable.ids
        : { channelId: new Uint8Array(32) }
    t.deepEqual(answers(party, { type: 'shutdown', channelId, scriptpubkey }), ['error'], phase)
    t.is(aborted(party), 'unexpected-message')
  }
})

test('BOLT 2, open_channel — in the first commitment one side is above the reserve, to the satoshi', (t) => {
  // Of a million, 3,470 sat are for the fee and the anchors: 1124 · 2500 / 1000 + 660.
  for (const [pushMsat, channelReserveSatoshis, isAccepted] of [
    [498_265_000n, 498_265n, false],
    [498_265_000n, 498_264n, true],
    [498_264_001n, 498_265n, false],
    [498_264_000n, 498_265n, true],
  ] as const) {
    const two = new TwoParties({ bob: { maxReserve: 500_000 } })
    two.bob.recv({ ...open(two), pushMsat, channelReserveSatoshis })
    t.is(two.bob.phase, isAccepted ? 'wait-for-decision' : 'aborted', `${pushMsat}, ${channelReserveSatoshis}`)
    t.is(aborted(two.bob), isAccepted ? undefined : 'both-sides-below-reserve')
  }
})
