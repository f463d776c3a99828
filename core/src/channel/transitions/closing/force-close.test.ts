import test from 'ava'
import type { Tx } from '../../../bitcoin/transaction.ts'
import { txidOf } from '../../../bitcoin/transaction.ts'
import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { EMPTY, equalBytes, utf8Encode } from '../../../lib/bytes.ts'
import type { Claim } from '../../claims/claim.ts'
import { latest } from '../../commitments/commitments.ts'
import { resume } from '../../resume.ts'
import type { Effect } from '../../state/effects.ts'
import { at, claims, commitmentOf, confirmed, endOf, errors, fundingOutpoint, outcomes } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

/** Alice's commitment is published, and in a block at height 1000. */
const closeByAlice = (two: TwoParties): Tx => {
  two.run(two.alice, { type: 'force-close', requestId: 'force' })
  const tx = commitmentOf(two.alice)
  two.alice.run({ type: 'spent', outpoint: fundingOutpoint(two.alice), tx })
  confirmed(two.alice, tx, 1000)
  return tx
}

test('BOLT 5, failing a channel — our last commitment is published, with good signatures of both', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  const effects = two.run(two.alice, { type: 'force-close', requestId: 'force' })
  const effect = effects.find((each) => each.type === 'publish' && each.purpose === 'local-commitment')
  if (effect?.type !== 'publish' || effect.publication.type !== 'funding-spend') return t.fail()
  const { task, remoteSignature, funding } = effect.publication
  t.true(secp256k1.verify(remoteSignature.signature, task.digest, funding.remoteFundingKey))
  t.deepEqual(two.names(two.alice), ['error'])
  two.deliver(two.alice)
  // BOLT 1: the peer fails the channel, too.
  t.is(two.bob.phase, 'closing')
  t.deepEqual(errors(two.bob), ['peer-error'])
})

test('force-close — an HTLC that was never signed goes back to its origin', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  const effects = two.run(two.alice, { type: 'force-close' })
  t.deepEqual(outcomes(effects), ['0 not-sent'])
})

test('BOLT 5, unilateral close, local commitment — to_local is spent to the wallet when its delay is over, and not before', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  closeByAlice(two)
  t.deepEqual(claims(at(two.alice, 1142)), [])
  const [claim, ...others] = claims(at(two.alice, 1143))
  t.is(claim?.kind.type, 'to-local')
  t.deepEqual(others, [])
  if (claim === undefined) return t.fail()
  two.alice.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
  confirmed(two.alice, claim.tx, 1145)
  at(two.alice, 1149)
  t.is(two.alice.phase, 'closing')
  at(two.alice, 1150)
  t.is(endOf(two.alice), 'done')
  at(two.alice, 1243)
  t.is(endOf(two.alice), 'done')
  at(two.alice, 1244)
  t.is(endOf(two.alice), 'closed')
})

test('BOLT 5, local commitment, local offers — an HTLC that has expired is resolved by HTLC-timeout, and the incoming one failed once that is deep enough', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  closeByAlice(two)
  at(two.alice, 1100)
  const claim = claims(at(two.alice, 1144)).find(({ kind }) => kind.type === 'htlc-timeout')
  if (claim === undefined) return t.fail('no timeout claim')
  two.alice.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
  t.deepEqual(outcomes(confirmed(two.alice, claim.tx, 1146)), [])
  t.deepEqual(outcomes(at(two.alice, 1150)), [])
  t.deepEqual(outcomes(at(two.alice, 1151)), ['0 timed-out-on-chain'])
  t.deepEqual(outcomes(at(two.alice, 1152)), [])
  t.true(claims(at(two.alice, 1146 + 143)).some(({ kind }) => kind.type === 'htlc-output'))
})

test('BOLT 5, local commitment, local offers — a preimage that the peer shows on the chain fulfils the incoming HTLC at once', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  closeByAlice(two)
  const claim = claims(at(two.alice, 1144)).find(({ kind }) => kind.type === 'htlc-timeout')
  if (claim === undefined) return t.fail('no output')
  const [input] = claim.tx.inputs
  if (input === undefined) return t.fail('no input')
  const theirs: Tx = {
    ...claim.tx,
    inputs: [{ ...input, witness: [new Uint8Array(72), preimageOf(1), claim.lock.witnessScript] }],
  }
  const effects = two.alice.run({ type: 'spent', outpoint: claim.outpoint, tx: theirs })
  t.deepEqual(outcomes(effects), ['0 fulfilled'])
  confirmed(two.alice, theirs, 1145)
  t.deepEqual(outcomes(at(two.alice, 1200)), [])
})

test('BOLT 5, local commitment, local offers — an HTLC without an output is failed upstream once the commitment is deep enough', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 300_000n)
  two.settle()
  const tx = closeByAlice(two)
  t.is(tx.outputs.length, 4)
  t.deepEqual(outcomes(at(two.alice, 1004)), [])
  t.deepEqual(outcomes(at(two.alice, 1005)), ['0 timed-out-on-chain'])
})

test('BOLT 5, local commitment, remote offers — a received HTLC is resolved by HTLC-success as soon as its preimage is known', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 50_000_000n)
  two.settle()
  closeByAlice(two)
  t.deepEqual(claims(at(two.alice, 1010)), [])
  const [claim] = claims(two.run(two.alice, { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1) }))
  t.is(claim?.kind.type, 'htlc-success')
})

test('deadlines — an offered HTLC past its expiry and the grace force-closes', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1, 50_000_000n, 1144)
  two.settle()
  at(two.alice, 1145)
  t.is(two.alice.phase, 'normal')
  at(two.alice, 1146)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['htlc-deadline-passed'])
})

test('deadlines — an offered HTLC that only the peer’s next commitment has force-closes as well', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1, 50_000_000n, 1144)
  // Whether bob has the signature is not known: he may publish the commitment that it is for.
  two.sign(two.alice)
  two.lose(two.alice)
  const { local, remote, remoteNext } = latest(two.alice.funded)
  t.deepEqual(
    [local, remote, remoteNext].map((commitment) => commitment?.spec.htlcs.length),
    [0, 0, 1],
  )
  at(two.alice, 1145)
  t.is(two.alice.phase, 'normal')
  at(two.alice, 1146)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['htlc-deadline-passed'])
})

test('deadlines — a received HTLC force-closes before its expiry only if we have its preimage', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1, 50_000_000n, 1144)
  two.settle()
  at(two.bob, 1130)
  t.is(two.bob.phase, 'normal')
  two.fulfil(two.bob, 0n, 1)
  two.lose(two.bob)
  at(two.bob, 1131)
  t.is(two.bob.phase, 'closing')
})

test('deadlines — a fundee forgets a channel whose funding never comes, a funder does not', (t) => {
  const two = new TwoParties()
  two.open()
  at(two.bob, 1000 + 2015)
  t.is(two.bob.phase, 'wait-for-funding-confirmed')
  at(two.bob, 1000 + 2016)
  t.is(two.bob.phase, 'closed')
  at(two.alice, 1000 + 2016)
  t.is(two.alice.phase, 'wait-for-funding-confirmed')
})

/** Alice's commitment is published, and bob sees it in a block at height 1000. */
const closeByPeer = (two: TwoParties): Tx => {
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  const tx = commitmentOf(two.alice)
  two.bob.run({ type: 'spent', outpoint: fundingOutpoint(two.bob), tx })
  confirmed(two.bob, tx, 1000)
  return tx
}

const published = (party: TestParty): readonly Claim[] => claims(party.effects)

test('BOLT 5, unilateral close, remote commitment — our main output is spent to the wallet, and the channel ends when that is deep', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const tx = closeByPeer(two)
  t.is(two.bob.phase, 'closing')
  t.deepEqual(errors(two.bob), [])
  const [claim, ...others] = published(two.bob)
  t.is(claim?.kind.type, 'to-remote')
  t.deepEqual(others, [])
  if (claim === undefined) return t.fail()
  t.is(tx.outputs[claim.outpoint.index]?.amount, 200_000n)
  two.bob.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
  confirmed(two.bob, claim.tx, 1001)
  at(two.bob, 1005)
  t.is(two.bob.phase, 'closing')
  at(two.bob, 1006)
  t.is(endOf(two.bob), 'done')
})

test('BOLT 5, remote commitment, remote offers — a received HTLC is claimed with a preimage that was known, and with one learnt later', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.add(two.alice, 2, 60_000_000n)
  two.settle()
  // The fulfilment never reaches alice.
  two.fulfil(two.bob, 0n, 1)
  two.lose(two.bob)
  closeByPeer(two)
  const taken = () => published(two.bob).flatMap(({ kind }) => (kind.type === 'received-htlc' ? [kind.htlc.id] : []))
  t.deepEqual(taken(), [0n])
  two.fulfil(two.bob, 1n, 2)
  t.deepEqual(taken(), [0n, 1n])
})

test('BOLT 5, remote commitment, local offers — an HTLC that has expired is taken back, and the incoming one failed when that is deep', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 50_000_000n)
  // Too small for an output.
  two.add(two.bob, 2, 300_000n)
  two.settle()
  closeByPeer(two)
  t.deepEqual(outcomes(at(two.bob, 1004)), [])
  t.deepEqual(outcomes(at(two.bob, 1005)), ['1 timed-out-on-chain'])
  t.false(claims(at(two.bob, 1143)).some(({ kind }) => kind.type === 'offered-htlc'))
  const claim = claims(at(two.bob, 1144)).find(({ kind }) => kind.type === 'offered-htlc')
  if (claim === undefined) return t.fail('not claimed')
  two.bob.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
  t.deepEqual(outcomes(confirmed(two.bob, claim.tx, 1145)), [])
  t.deepEqual(outcomes(at(two.bob, 1149)), [])
  t.deepEqual(outcomes(at(two.bob, 1150)), ['0 timed-out-on-chain'])
})

test('BOLT 5, remote commitment, local offers — a preimage that the peer shows on its own commitment fulfils the incoming HTLC at once, and it never fails after that', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 50_000_000n)
  two.settle()
  closeByPeer(two)
  const claim = claims(at(two.bob, 1144)).find(({ kind }) => kind.type === 'offered-htlc')
  const [input] = claim?.tx.inputs ?? []
  if (claim === undefined || input === undefined) return t.fail('not claimed')
  // The peer's HTLC-success.
  const witness = [EMPTY, new Uint8Array(71), new Uint8Array(71), preimageOf(1), claim.lock.witnessScript]
  const theirs: Tx = { ...claim.tx, inputs: [{ ...input, witness }] }
  t.deepEqual(outcomes(two.bob.run({ type: 'spent', outpoint: claim.outpoint, tx: theirs })), ['0 fulfilled'])
  confirmed(two.bob, theirs, 1145)
  t.deepEqual(outcomes(at(two.bob, 1200)), [])
})

test('BOLT 5, unilateral close, remote commitment — the commitment that the peer has not acknowledged yet is handled as the current one is', (t) => {
  for (const acknowledged of [false, true]) {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    two.add(two.bob, 1, 50_000_000n)
    two.sign(two.bob)
    // Alice has her next commitment, and bob does not know whether she revoked the one before.
    if (acknowledged) while (two.sentBy(two.bob).length > 0) two.deliver(two.bob)
    two.lose(two.bob)
    two.lose(two.alice)
    closeByPeer(two)
    const { durable } = two.bob.state
    t.is(durable.phase === 'closing' && durable.closing.spends[0]?.kind, acknowledged ? 'remote-next' : 'remote')
    t.true(published(two.bob).some(({ kind }) => kind.type === 'to-remote'))
    t.deepEqual(outcomes(at(two.bob, 1005)), acknowledged ? [] : ['0 timed-out-on-chain'])
    t.is(
      claims(at(two.bob, 1144)).some(({ kind }) => kind.type === 'offered-htlc'),
      acknowledged,
    )
  }
})

test('BOLT 5, unilateral close, remote commitment — after our loss of data our main output is claimed from a commitment that we do not know', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const old = two.bob.state
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  two.bob.state = old
  closeByPeer(two)
  t.deepEqual(errors(two.bob), ['unknown-funding-spend'])
  const [claim, ...others] = published(two.bob)
  t.deepEqual(others, [])
  t.is(claim?.kind.type, 'to-remote')
  t.is(claim?.amount, 250_000n)
  // What else was in it is not known: nothing is dropped.
  at(two.bob, 3000)
  t.is(two.bob.phase, 'closing')
})

/** Bob's old state beside alice's commitment, which he does not know: 0 was offered by him, and 1 is not worth an output. */
const closeByStranger = () => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 50_000_000n)
  two.add(two.bob, 2, 300_000n)
  two.settle()
  const old = two.bob.state
  two.add(two.alice, 3, 30_000_000n)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  const tx = commitmentOf(two.alice)
  two.bob.state = old
  two.bob.run({ type: 'spent', outpoint: fundingOutpoint(two.bob), tx })
  const seen = confirmed(two.bob, tx, 1000)
  // The peer's HTLC-success.
  const index = tx.outputs.findIndex(({ amount }) => amount === 50_000n)
  const outpoint = { txid: txidOf(tx), index }
  const [input] = tx.inputs
  if (input === undefined) throw new Error('no input')
  const witness = [EMPTY, new Uint8Array(71), new Uint8Array(71), preimageOf(1), new Uint8Array(139)]
  const success: Tx = { ...tx, inputs: [{ ...input, outpoint, witness }], outputs: tx.outputs.slice(0, 1) }
  return { bob: two.bob, tx, seen, outpoint, success }
}

const watchedOutputs = (effects: readonly Effect[], tx: Tx) =>
  effects.flatMap((effect) =>
    effect.type === 'watch-spent' && equalBytes(effect.outpoint.txid, txidOf(tx)) ? [effect] : [],
  )

test('BOLT 5, remote commitment, local offers — a preimage that the peer shows on a commitment that we do not know is passed upstream too', (t) => {
  const { bob, tx, seen, outpoint, success } = closeByStranger()
  t.deepEqual(errors(bob), ['unknown-funding-spend'])
  t.true(watchedOutputs(seen, tx).some((watched) => watched.outpoint.index === outpoint.index))
  t.deepEqual(outcomes(bob.run({ type: 'spent', outpoint, tx: success })), ['0 fulfilled'])
  confirmed(bob, success, 1001)
  // What has no output there stays open: nobody knows what has become of it.
  t.deepEqual(outcomes(at(bob, 1200)), [])
  t.is(endOf(bob), 'open')
})

test('a commitment that we do not know — its outputs are watched after a restart, from its own block on if an earlier version did not watch them', (t) => {
  const { bob, tx, outpoint, success } = closeByStranger()
  const { durable } = bob.state
  if (durable.phase !== 'closing') return t.fail()
  const { followedUntold, ...earlier } = durable.closing
  t.true(followedUntold)
  const since = (closing: typeof earlier) =>
    watchedOutputs(resume({ durable: { ...durable, closing } }, bob.env), tx).map((watched) => watched.since)
  t.deepEqual(since(durable.closing), [undefined, undefined, undefined, undefined])
  t.deepEqual(since(earlier), [1000, 1000, 1000, 1000])
  bob.state = { durable: { ...durable, closing: earlier } }
  at(bob, 1001)
  t.is(bob.state.durable.phase === 'closing' && bob.state.durable.closing.followedUntold, true)
  // A block tells both at once: that the output is spent, and by what.
  bob.run({ type: 'spent', outpoint, tx: success })
  t.deepEqual(outcomes(resume(bob.state, bob.env)), ['0 fulfilled'])
})

test('on chain — a commitment of the peer that is not mined does not keep ours from the chain for ever', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 50_000_000n, 1144)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  const tx = commitmentOf(two.alice)
  two.bob.run({ type: 'spent', outpoint: fundingOutpoint(two.bob), tx })
  const publications = () =>
    two.bob.effects.filter((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment').length
  at(two.bob, 1145)
  t.is(publications(), 0)
  at(two.bob, 1146)
  t.true(publications() > 0)
})

test('on chain — a commitment that the peer has revoked is recognised', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const old = two.alice.state
  two.add(two.alice, 1)
  two.settle()
  two.alice.state = old
  two.alice.run({ type: 'force-close' })
  two.bob.run({ type: 'spent', outpoint: fundingOutpoint(two.bob), tx: commitmentOf(two.alice) })
  const { durable } = two.bob.state
  t.is(durable.phase === 'closing' && durable.closing.spends[0]?.kind, 'revoked')
})

test('BOLT 5, revoked transaction close — everything in a revoked commitment is taken at once, HTLCs that are still alive included', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.add(two.bob, 2, 40_000_000n)
  two.settle()
  const old = two.alice.state
  // One more update, so that what she has is revoked.
  two.add(two.alice, 3, 30_000_000n)
  two.settle()
  two.alice.state = old
  const tx = closeByPeer(two)
  const { durable } = two.bob.state
  t.is(durable.phase === 'closing' && durable.closing.spends[0]?.kind, 'revoked')
  t.deepEqual(errors(two.bob), ['revoked-commitment-published'])
  const taken = published(two.bob)
  t.deepEqual(taken.map(({ kind }) => kind.type + ('htlc' in kind ? ` ${kind.htlc.direction}` : '')).toSorted(), [
    'htlc-penalty offered',
    'htlc-penalty received',
    'penalty',
    'to-remote',
  ])
  // Everything but the anchors and the fee.
  const anchors = tx.outputs.filter(({ amount }) => amount === 330n)
  t.is(taken.length + anchors.length, tx.outputs.length)
  for (const claim of taken) {
    two.bob.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
    confirmed(two.bob, claim.tx, 1001)
  }
  t.deepEqual(outcomes(at(two.bob, 1005)), [])
  // BOLT 5: what we offered in it has failed once the penalty is deep.
  t.deepEqual(outcomes(at(two.bob, 1006)), ['0 timed-out-on-chain'])
  t.is(endOf(two.bob), 'done')
})

test('BOLT 5, revoked transaction close — the output of the peer’s HTLC transaction is taken before its delay is over', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.bob, 1, 40_000_000n)
  two.settle()
  const old = two.alice.state
  // The HTLC is given back: nothing of it is left with bob.
  two.fail(two.alice, 0n)
  two.settle()
  two.add(two.alice, 2, 30_000_000n)
  two.settle()
  two.alice.state = old
  const tx = closeByPeer(two)
  t.false(published(two.bob).some(({ kind }) => kind.type === 'htlc-penalty'))
  // Alice takes it: she is at her own commitment, and knows the preimage.
  const alice = two.alice
  alice.run({ type: 'spent', outpoint: fundingOutpoint(alice), tx })
  confirmed(alice, tx, 1000)
  const own = claims(two.fulfil(alice, 0n, 1)).find(({ kind }) => kind.type === 'htlc-success')
  if (own === undefined) return t.fail('not taken')
  two.bob.run({ type: 'spent', outpoint: own.outpoint, tx: own.tx })
  confirmed(two.bob, own.tx, 1001)
  const penalty = claims(at(two.bob, 1001)).find(({ outpoint }) => equalBytes(outpoint.txid, txidOf(own.tx)))
  t.is(penalty?.kind.type, 'penalty')
  t.deepEqual(penalty?.outpoint, { txid: txidOf(own.tx), index: 0 })
  t.is(penalty?.amount, 40_000n)
  // Its spend is watched, also after a restart.
  const watched = resume({ durable: two.bob.state.durable }, two.bob.env)
  t.true(
    watched.some(
      (effect) =>
        effect.type === 'watch-spent' && penalty !== undefined && effect.outpoint.index === penalty.outpoint.index,
    ),
  )
})

test('recv error — publishes our commitment and does not answer', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.bob.funded.params
  const effects = two.bob.recv({
    type: 'error',
    channelId,
    data: utf8Encode('unable to resume channel, recovery required'),
  })
  t.false(effects.some(({ type }) => type === 'send'))
  t.true(effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

test('recv warning — is told and changes nothing', (t) => {
  const two = new TwoParties().ready()
  const before = two.bob.state
  const { channelId } = two.bob.funded.params
  const effects = two.bob.recv({ type: 'warning', channelId, data: Uint8Array.of(7) })
  t.is(two.bob.state, before)
  t.like(effects[0], { event: { type: 'error', error: { code: 'peer-warning', text: '(not printable)' } } })
})

test('a funding that the peer only speaks of — our commitment waits for it, and in the end the channel is forgotten', (t) => {
  const failed = () => {
    const two = new TwoParties()
    two.open({ pushMsat: 300_000_000n })
    const { channelId } = two.bob.funded.params
    two.bob.recv({ type: 'error', channelId, data: utf8Encode('changed my mind') })
    t.is(two.bob.phase, 'closing')
    t.false(two.bob.effects.some(({ type }) => type === 'publish'))
    return two
  }
  const real = failed()
  real.confirm(real.bob)
  t.deepEqual(
    real.bob.effects.flatMap((effect) => (effect.type === 'publish' ? [effect.purpose] : [])),
    ['local-commitment', 'anchor'],
  )
  const { bob } = failed()
  at(bob, 1000 + 2015)
  t.is(bob.phase, 'closing')
  at(bob, 1000 + 2016)
  t.is(bob.phase, 'closed')
  t.false(bob.effects.some(({ type }) => type === 'publish'))
})
