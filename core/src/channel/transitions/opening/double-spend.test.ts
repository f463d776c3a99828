import test from 'ava'
import { type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { utf8Encode } from '../../../lib/bytes.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import type { Effect } from '../../state/effects.ts'
import { at, confirmed, errors, outcomes } from '../fixtures/closing.ts'
import { fundingTransaction, type TestParty } from '../fixtures/test-party.ts'
import { type TestOpening, TwoParties } from '../fixtures/two-parties.ts'
import { isClaimable } from '../operating/claimable-htlc.ts'

const fundingOf = ({ alice }: TwoParties): Tx => {
  const publish = alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'funding')
  if (publish?.type !== 'publish' || publish.publication.type !== 'signed') throw new Error('not published')
  return publish.publication.tx
}

/** Spends the coin that the funding spends. */
const rivalOf = (two: TwoParties): Tx => ({
  ...fundingTransaction(new Uint8Array(34), 5n),
  inputs: fundingOf(two).inputs.slice(0, 1),
})

const coinOf = (two: TwoParties) => {
  const [input] = fundingOf(two).inputs
  if (input === undefined) throw new Error('no coin')
  return input.outpoint
}

/** The party sees the double spend in a block. */
const doubleSpend = (two: TwoParties, party: TestParty, height = 1000): readonly Effect[] => {
  const tx = rivalOf(two)
  const seen = party.run({ type: 'spent', outpoint: coinOf(two), tx })
  if (!seen.some((effect) => effect.type === 'watch-confirmed')) throw new Error('not watched')
  return confirmed(party, tx, height)
}

const publishes = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'publish' ? [effect.purpose] : []))

const spentWatches = (effects: readonly Effect[]): number => effects.filter(({ type }) => type === 'watch-spent').length

const ZERO_CONF: TestOpening = { channelType: { scidAlias: false, zeroConf: true }, minimumDepth: 0 }

/** Used before its funding confirms, with an HTLC of alice's in it, and of bob's. */
const inUse = (): TwoParties => {
  const two = new TwoParties()
  two.open({ ...ZERO_CONF, pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.add(two.bob, 2)
  two.settle()
  return two
}

test('a funding whose coin is spent otherwise — is told six deep, fails the channel, gives its HTLCs back, and is forgotten 100 deep with its coins free again', (t) => {
  const two = inUse()
  doubleSpend(two, two.alice)
  at(two.alice, 1004)
  t.is(two.alice.phase, 'normal')
  two.alice.effects.length = 0
  at(two.alice, 1005)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['funding-double-spent'])
  t.deepEqual(outcomes(two.alice.effects), ['0 timed-out-on-chain'])
  t.deepEqual(publishes(two.alice.effects), [])
  t.true(two.alice.effects.some((effect) => effect.type === 'send' && effect.message.type === 'error'))
  two.alice.effects.length = 0
  at(two.alice, 1098)
  t.is(two.alice.phase, 'closing')
  const end = at(two.alice, 1099)
  t.like(two.alice.state.durable, { phase: 'closed', summary: { kind: 'never-funded' } })
  t.deepEqual(outcomes(two.alice.effects), [], 'told once')
  const [abandoned] = end.filter(({ type }) => type === 'abandon-funding')
  t.deepEqual(abandoned, { type: 'abandon-funding', tx: fundingOf(inUse()) })
})

test('a double spend — from its first block on nothing in the channel counts as ours, nothing is offered in it, and what comes by it goes back', (t) => {
  const two = inUse()
  const { alice } = two
  const usable = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === 'emit' && effect.event.type === 'usable' ? [effect.event.usable] : []))
  t.true(isClaimable(alice.funded, 0n, alice.env))
  two.add(two.bob, 3)
  t.deepEqual(usable(doubleSpend(two, alice)), [false])
  t.false(isClaimable(alice.funded, 0n, alice.env))
  t.like(two.add(alice, 4).at(-1), { result: { ok: false, error: { code: 'channel-not-usable' } } })
  two.settle()
  const [, refused] = alice.effects.flatMap((effect) => (effect.type === 'forward' ? [effect.refusal] : []))
  t.is(refused, 'funding-undone')
  two.disconnect()
  two.connect()
  alice.effects.length = 0
  two.settle()
  t.deepEqual(usable(alice.effects), [])
  t.deepEqual(usable(alice.run({ type: 'unconfirmed', txid: txidOf(rivalOf(inUse())) })), [true])
  t.true(isClaimable(alice.funded, 0n, alice.env))
})

test('a double spend that is undone before it is buried — was nothing: the funding is published again, and the channel goes on', (t) => {
  const two = inUse()
  doubleSpend(two, two.alice)
  at(two.alice, 1004)
  t.deepEqual(publishes(resume(two.alice.state, two.alice.env)), [])
  const undone = two.alice.run({ type: 'unconfirmed', txid: txidOf(rivalOf(two)) })
  t.deepEqual(publishes(undone), ['funding'])
  at(two.alice, 1020)
  two.confirm(two.alice)
  two.confirm(two.bob)
  t.is(two.alice.phase, 'normal')
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  t.deepEqual(errors(two.alice), [])
})

test('a double spend that is undone after the channel has failed — brings our commitment to the chain, with the funding', (t) => {
  const two = inUse()
  doubleSpend(two, two.alice)
  at(two.alice, 1005)
  t.deepEqual(publishes(two.alice.run({ type: 'block', height: 1006 })), [])
  const undone = two.alice.run({ type: 'unconfirmed', txid: txidOf(rivalOf(two)) })
  t.true(publishes(undone).includes('funding'))
  t.true(publishes(undone).includes('local-commitment'))
  const before = two.alice.effects.length
  two.confirm(two.alice)
  t.true(publishes(two.alice.effects.slice(before)).includes('local-commitment'))
})

test('a double spend — of a channel that is closing already: nothing of ours is published any more, and it ends in time', (t) => {
  const two = inUse()
  two.run(two.alice, { type: 'force-close' })
  t.true(publishes(two.alice.effects).includes('local-commitment'))
  doubleSpend(two, two.alice)
  two.alice.effects.length = 0
  at(two.alice, 1003)
  t.deepEqual(publishes(two.alice.effects), [])
  at(two.alice, 1005)
  t.deepEqual(outcomes(two.alice.effects), ['0 timed-out-on-chain'])
  at(two.alice, 1006)
  t.deepEqual(outcomes(two.alice.effects), ['0 timed-out-on-chain'])
  at(two.alice, 1099)
  t.is(two.alice.phase, 'closed')
})

/** What the wallet says of the funding's coins. */
const coins = (party: TestParty, areCoinsGone: boolean): void => {
  party.env = { ...party.env, areCoinsGone }
}

test('a funding whose coin is none any more — is as if it were double-spent, from the first block after', (t) => {
  const two = inUse()
  const { alice } = two
  coins(alice, true)
  at(alice, 1001)
  t.is(alice.funded.coinsGoneSince, 1001)
  t.false(isClaimable(alice.funded, 0n, alice.env))
  t.deepEqual(publishes(resume(alice.state, alice.env)), [])
  at(alice, 1005)
  t.is(alice.phase, 'normal')
  alice.effects.length = 0
  at(alice, 1006)
  t.is(alice.phase, 'closing')
  t.deepEqual(errors(alice), ['funding-coin-gone'])
  t.deepEqual(outcomes(alice.effects), ['0 timed-out-on-chain'])
  t.deepEqual(publishes(alice.effects), [])
  at(alice, 1099)
  t.is(alice.phase, 'closing')
  t.true(at(alice, 1100).some(({ type }) => type === 'abandon-funding'))
  t.is(alice.phase, 'closed')
})

test('a coin that is there again — the funding is published again, and the channel goes on, or its commitment goes to the chain', (t) => {
  for (const isClosing of [false, true]) {
    const two = inUse()
    const { alice } = two
    coins(alice, true)
    at(alice, 1001)
    if (isClosing) at(alice, 1006)
    coins(alice, false)
    const back = publishes(at(alice, 1007))
    t.is(alice.funded.coinsGoneSince, undefined)
    t.deepEqual([...new Set(back)].includes('local-commitment'), isClosing)
    t.true(back.includes('funding'))
    two.confirm(alice)
    t.is(alice.phase, isClosing ? 'closing' : 'normal')
  }
})

test('a coin that is gone — of a funding that is in a block all the same: nothing, and what was thought of it is forgotten', (t) => {
  const two = inUse()
  const { alice } = two
  coins(alice, true)
  at(alice, 1001)
  two.confirm(alice)
  t.is(alice.funded.coinsGoneSince, undefined)
  at(alice, 1050)
  t.is(alice.phase, 'normal')
})

test('a fundee — knows what the funding spends once it is in a block, and so when a reorganisation lets its opener spend it otherwise', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.bob, 2)
  two.settle()
  const { txid } = two.bob.funded.active[0]?.localParams.fundingOutpoint ?? { txid: new Uint8Array(32) }
  const undone = two.bob.run({ type: 'unconfirmed', txid })
  t.is(spentWatches(undone), 1)
  doubleSpend(two, two.bob)
  two.bob.effects.length = 0
  at(two.bob, 1005)
  t.is(two.bob.phase, 'closing')
  t.deepEqual(outcomes(two.bob.effects), ['0 timed-out-on-chain'])
  t.deepEqual(publishes(two.bob.effects), [])
  at(two.bob, 1099)
  t.is(two.bob.phase, 'closed')
})

test('a fundee — whose funding was handled by a version that did not keep its coins learns them at a start', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  const { bob, alice } = two
  const again = (party: TestParty) =>
    resume(party.state, party.env).filter((effect) => effect.type === 'watch-confirmed' && effect.tellAgain)
  t.deepEqual([...again(alice), ...again(bob)], [])
  const { fundingCoins, ...earlier } = bob.funded
  bob.state = { ...bob.state, durable: earlier }
  t.like(again(bob), [{ known: 990 }])
  two.confirm(bob)
  t.deepEqual(bob.funded.fundingCoins, fundingCoins)
  t.deepEqual(again(bob), [])
  const learnt = bob.state.durable
  two.confirm(bob)
  t.is(bob.state.durable, learnt)
})

test('a fundee — keeps no more than a few of the coins that its peer spends', (t) => {
  const two = new TwoParties()
  two.open()
  const funding = fundingOf(two)
  const [input] = funding.inputs
  if (input === undefined) return t.fail()
  const inputs = Array.from({ length: 500 }, (_, index) => ({ ...input, outpoint: { ...input.outpoint, index } }))
  const { txid } = two.bob.funded.active[0]?.localParams.fundingOutpoint ?? { txid: new Uint8Array(32) }
  two.bob.run({ type: 'confirmed', txid, tx: { ...funding, inputs }, blockHeight: 990, txIndex: 5 })
  t.is(two.bob.funded.fundingCoins?.outpoints.length, 16)
})

test('a fundee — to whom nothing belongs in the channel forgets it as soon as the double spend is buried', (t) => {
  const two = new TwoParties().ready()
  const { txid } = two.bob.funded.active[0]?.localParams.fundingOutpoint ?? { txid: new Uint8Array(32) }
  two.bob.run({ type: 'unconfirmed', txid })
  doubleSpend(two, two.bob)
  at(two.bob, 1005)
  t.is(two.bob.phase, 'closed')
  t.true(errors(two.bob).includes('funding-double-spent'))
})

test('a double spend that is only in the mempool — leaves no watch, however often it is replaced', (t) => {
  const two = inUse()
  for (let lockTime = 1; lockTime <= 3; lockTime++) {
    const tx = { ...rivalOf(two), lockTime }
    t.deepEqual(two.alice.run({ type: 'spent', outpoint: coinOf(two), tx, inMempool: true }), [])
  }
  doubleSpend(two, two.alice)
  t.is(two.alice.funded.fundingCoins?.rival?.height, 1000)
})

test('a restart — watches the coins of a funding that is in no block, and what has spent them for its undoing; after the funding is deep, nothing', (t) => {
  const two = inUse()
  const before = resume(two.alice.state, two.alice.env)
  t.is(spentWatches(before), 2)
  doubleSpend(two, two.alice)
  const { channelRow, htlcRows } = encodeChannel(undefined, two.alice.stored)
  const read = decodeChannel(channelRow, htlcRows)
  if (!read.ok || read.value.phase === 'closed') return t.fail()
  t.deepEqual(read.value.fundingCoins, two.alice.funded.fundingCoins)
  const owed = resume({ durable: read.value }, two.alice.env)
  const [known] = owed.filter((effect) => effect.type === 'watch-confirmed' && effect.known !== undefined)
  t.like(known, { txid: txidOf(rivalOf(two)), known: 1000 })
  const deep = new TwoParties().ready()
  for (const party of [deep.alice, deep.bob]) {
    at(party, 1089)
    t.is(party.funded.fundingCoins, undefined)
    t.is(spentWatches(resume(party.state, party.env)), 1)
  }
})

test('a double spend — of a funding that was never ready for us: no channel_ready is sent, also after a reconnection', (t) => {
  const two = new TwoParties()
  two.open()
  doubleSpend(two, two.alice)
  two.disconnect()
  two.connect()
  two.deliver(two.bob)
  t.deepEqual(two.names(two.alice), ['channel_reestablish'])
})

test('a coin that the funding itself spends, and a spend of another output — change nothing', (t) => {
  const two = inUse()
  const before = two.alice.state
  two.alice.run({ type: 'spent', outpoint: coinOf(two), tx: fundingOf(two) })
  two.alice.run({ type: 'spent', outpoint: { txid: utf8Encode('x'.repeat(32)), index: 0 }, tx: rivalOf(two) })
  t.is(two.alice.state.durable, before.durable)
})
