import test from 'ava'
import { feeForWeight } from '../../../bitcoin/fees.ts'
import type { Tx } from '../../../bitcoin/transaction.ts'
import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { equalBytes, fromHex } from '../../../lib/bytes.ts'
import { vectorOfBits } from '../../../wire/features.ts'
import { ecdsa } from '../../../wire/funding-signature.ts'
import type { ClosingSigned } from '../../../wire/messages/channel-close.ts'
import { buildClosing, closingFee, closingWeight } from '../../commitment/closing-transaction.ts'
import { ANCHORS_ZERO_FEE_HTLC } from '../../commitment/formats/anchors/anchors-format.ts'
import type { ChannelMessage } from '../../state/inputs.ts'
import { closingInput } from '../common/closing-input.ts'
import { completeSpend } from '../common/publications.ts'
import { endOf } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { hashOf, TwoParties } from '../fixtures/two-parties.ts'

const published = (party: TestParty): readonly Tx[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'publish' && effect.purpose === 'mutual-close' && effect.publication.type === 'funding-spend'
      ? [completeSpend(effect.publication, party.signWithFundingKey)]
      : [],
  )

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

const withFeerate = (party: TestParty, closing: number): void => {
  party.env = { ...party.env, feerates: { ...party.env.feerates, closing } }
}

/** Delivers everything, and keeps the closing_signed messages that went by. */
const negotiate = (two: TwoParties, alter: (message: ClosingSigned) => ClosingSigned = (message) => message) => {
  const fees: bigint[] = []
  for (let round = 0; round < 100; round++) {
    for (const party of [two.alice, two.bob]) {
      const queue = two.sentBy(party)
      const next = queue[0]
      if (next?.type === 'closing_signed') {
        fees.push(next.feeSatoshis)
        queue[0] = alter(next)
      }
      two.deliver(party)
    }
  }
  return fees
}

const withoutRange = ({ feeRange: _, ...message }: ClosingSigned): ClosingSigned => message

const same = (two: TwoParties): boolean => {
  const [a] = published(two.alice)
  const [b] = published(two.bob)
  if (a === undefined || b === undefined) return false
  return a.outputs.every(({ amount, script }, at) => {
    const other = b.outputs[at]
    return other !== undefined && other.amount === amount && equalBytes(other.script, script)
  })
}

test('close — with fee ranges, one answer of the fundee settles the fee', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  withFeerate(two.bob, 10_000)
  two.run(two.alice, { type: 'close' })
  const fees = negotiate(two)
  t.is(fees.length, 2)
  t.is(fees[0], fees[1])
  t.is(two.alice.phase, 'closing')
  t.true(same(two))
  const [tx] = published(two.alice)
  t.is(
    tx?.outputs.reduce((sum, { amount }) => sum + amount, 0n),
    1_000_000n - (fees[0] ?? 0n),
  )
})

test('close — the fundee asks for more when the opener’s fee would not be relayed', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  withFeerate(two.alice, 300)
  two.bob.env = { ...two.bob.env, feerates: { ...two.bob.env.feerates, minimum: 500, closing: 1000 } }
  two.run(two.bob, { type: 'close' })
  const fees = negotiate(two)
  t.is(fees.length, 3)
  t.true((fees[1] ?? 0n) > (fees[0] ?? 0n))
  t.is(fees[1], fees[2])
  t.true(same(two))
})

// An opener at the lowest rate, as Core Lightning, has no more to offer than the transaction without our output needs.
test('close — the fundee who has nothing wants no fee for an output of its own', (t) => {
  for (const pushMsat of [0n, 353_000n, 200_000_000n]) {
    const two = new TwoParties().ready({ pushMsat })
    two.bob.env = { ...two.bob.env, feerates: { ...two.bob.env.feerates, minimum: 253 } }
    const least: bigint[] = []
    two.run(two.alice, { type: 'close' })
    negotiate(two, (message) => {
      least.push(message.feeRange?.minFeeSatoshis as bigint)
      return message
    })
    const [tx] = published(two.bob)
    const scripts = tx?.outputs.map(({ script }) => script) ?? []
    t.is(scripts.length, pushMsat === 200_000_000n ? 2 : 1)
    t.is(least.at(-1), feeForWeight(253, closingWeight(ANCHORS_ZERO_FEE_HTLC, scripts)), `${pushMsat}`)
  }
})

test('BOLT 2, closing_signed — without fee ranges the two meet', (t) => {
  for (const [alice, bob] of [
    [1000, 5000],
    [5000, 1000],
    [2500, 2500],
  ] as const) {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    withFeerate(two.alice, alice)
    withFeerate(two.bob, bob)
    two.run(two.alice, { type: 'close' })
    negotiate(two, withoutRange)
    t.is(two.alice.phase, 'closing')
    t.is(two.bob.phase, 'closing')
    t.true(same(two))
  }
})

/** Bob's offer of this fee, without a range, as soon as both have shut down. */
const offer = ({ bob }: TwoParties, fee: bigint): ClosingSigned => {
  const { localShutdown, remoteShutdown, params } = bob.funded
  if (localShutdown === undefined || remoteShutdown === undefined) throw new Error('not shut down')
  const closing = buildClosing(closingInput(bob.funded, { local: localShutdown, remote: remoteShutdown }, fee))
  if (!closing.ok) throw new Error(closing.error.code)
  const answer = bob.sign({ type: 'funding-signature', task: closing.value.task })
  if (answer.type !== 'funding-signature') throw new Error('no signature')
  return { type: 'closing_signed', channelId: params.channelId, feeSatoshis: fee, signature: answer.signature }
}

/** The fees that a party signs. */
const signedFees = (two: TwoParties, party: TestParty): readonly bigint[] =>
  two.lose(party).flatMap((message) => (message.type === 'closing_signed' ? [message.feeSatoshis] : []))

const shutDown = (two: TwoParties, by: TestParty): void => {
  two.run(by, { type: 'close' })
  two.deliver(by)
  two.deliver(two.other(by))
  if (by === two.bob) two.deliver(two.bob)
}

for (const by of ['alice', 'bob'] as const) {
  test(`recv closing_signed — the opener signs no more than its maximum without a range either, closed by ${by}`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    shutDown(two, two[by])
    const maximum = closingFee(
      ANCHORS_ZERO_FEE_HTLC,
      5000,
      two.alice.keys.localShutdownScript,
      two.bob.keys.localShutdownScript,
    )
    const fees = [...signedFees(two, two.alice)]
    t.is(fees.length, 1)
    // Bob comes down a little each time, and never enough.
    for (let fee = 600_000n; two.alice.funded.phase === 'negotiating' && fee > 500_000n; fee -= 10_000n) {
      two.alice.recv(offer(two, fee))
      fees.push(
        ...two.alice
          .messages(two.alice.effects.splice(0))
          .flatMap((sent) => (sent.type === 'closing_signed' ? [sent.feeSatoshis] : [])),
      )
    }
    t.is(two.alice.phase, 'negotiating')
    t.true(fees.length > 5)
    t.true(fees.every((fee) => fee <= maximum))
  })
}

/** As LND does it: a tenth less each time, and content with whatever is within 30 % of its last offer. */
for (const times of [3n, 10n, 50n]) {
  test(`recv closing_signed — a peer that comes down slowly from ${times} times our maximum has the time to`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    shutDown(two, two.alice)
    const maximum = closingFee(
      ANCHORS_ZERO_FEE_HTLC,
      5000,
      two.alice.keys.localShutdownScript,
      two.bob.keys.localShutdownScript,
    )
    let [ours] = signedFees(two, two.alice)
    let theirs = maximum * times
    while (two.alice.phase === 'negotiating' && ours !== undefined && 10n * ours < 7n * theirs) {
      two.run(two.alice, { type: 'peer-message', epoch: 1, message: offer(two, theirs) })
      theirs -= theirs / 10n
      ours = signedFees(two, two.alice).at(-1)
    }
    t.deepEqual(errors(two.alice), [])
    t.true(ours !== undefined && ours <= maximum)
    if (two.alice.phase === 'negotiating') two.alice.recv(offer(two, ours ?? 0n))
    t.is(two.alice.phase, 'closing')
  })
}

test('recv closing_signed — a fee beyond the opener’s maximum ends in a warning and a wait, until the operator pays more', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  withFeerate(two.alice, 5000)
  two.run(two.alice, { type: 'close', feeratePerKw: 5000 })
  two.deliver(two.alice)
  two.deliver(two.bob)
  two.alice.effects.length = 0
  const sent = two.run(two.alice, { type: 'peer-message', epoch: 1, message: offer(two, 50_000n) })
  t.deepEqual(
    sent.flatMap((effect) => (effect.type === 'send' ? [effect.message.type] : [])),
    ['warning'],
  )
  t.deepEqual(errors(two.alice), ['closing-fee-too-high'])
  // That is an answer: the peer is there, and the channel holds no HTLC.
  two.run(two.alice, { type: 'timer', timer: 'closing-answer' })
  t.is(two.alice.phase, 'negotiating')
  // Without another rate nothing is said again.
  two.lose(two.alice)
  t.like(two.run(two.alice, { type: 'close', requestId: 'again' }), [{ type: 'reply', result: { ok: true } }])
  t.deepEqual(two.names(two.alice), [])
  two.run(two.alice, { type: 'close', requestId: 'more', feeratePerKw: 100_000 })
  const [fee] = signedFees(two, two.alice)
  t.true(fee !== undefined && fee > 5000n && fee < 50_000n)
  two.alice.recv(offer(two, fee ?? 0n))
  t.is(two.alice.phase, 'closing')
  t.is(published(two.alice).length, 1)
})

test('recv closing_signed — a rate that the operator named is the most that is paid, with a range and without', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close', feeratePerKw: 1000 })
  two.deliver(two.alice)
  two.deliver(two.bob)
  const maximum = closingFee(
    ANCHORS_ZERO_FEE_HTLC,
    1000,
    two.alice.keys.localShutdownScript,
    two.bob.keys.localShutdownScript,
  )
  const [first] = two.sentBy(two.alice).filter(({ type }) => type === 'closing_signed')
  t.like(first, { feeSatoshis: maximum, feeRange: { maxFeeSatoshis: maximum } })
  two.lose(two.alice)
  two.run(two.alice, { type: 'peer-message', epoch: 1, message: offer(two, maximum + 1n) })
  t.deepEqual(signedFees(two, two.alice), [])
  t.deepEqual(errors(two.alice), ['closing-fee-too-high'])
})

test('recv closing_signed — after the agreement no other fee is signed', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle({ sign: false })
  t.is(two.alice.phase, 'closing')
  two.run(two.alice, { type: 'peer-message', epoch: 1, message: offer(two, 30_000n) })
  t.deepEqual(signedFees(two, two.alice), [])
})

test('BOLT 2, closing_signed — the signatures of what is published are good', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle()
  const effect = two.alice.effects.find((each) => each.type === 'publish' && each.purpose === 'mutual-close')
  if (effect?.type !== 'publish' || effect.publication.type !== 'funding-spend') return t.fail()
  const { task, remoteSignature, funding } = effect.publication
  t.true(secp256k1.verify(remoteSignature.signature, task.digest, funding.remoteFundingKey))
  t.is(published(two.alice)[0]?.inputs[0]?.witness.length, 4)
})

test('close — waits for HTLCs to be settled, and takes no new ones', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1)
  two.settle()
  two.run(two.bob, { type: 'close' })
  two.settle()
  t.is(two.alice.phase, 'shutdown')
  t.is(two.bob.phase, 'shutdown')
  const [refused] = two.add(two.alice, 2)
  t.like(refused, { type: 'reply', result: { ok: false, error: { code: 'channel-closing' } } })
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.true(same(two))
})

test('BOLT 2, shutdown — it follows the signature of what was proposed before it', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1)
  two.run(two.alice, { type: 'close' })
  t.deepEqual(two.names(two.alice), ['update_add_htlc'])
  two.sign(two.alice)
  t.deepEqual(two.names(two.alice), ['update_add_htlc', 'commitment_signed', 'shutdown'])
})

test('recv shutdown — an HTLC that is not signed fails the channel', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.deliver(two.alice)
  const { channelId } = two.bob.funded.params
  two.bob.recv({ type: 'shutdown', channelId, scriptpubkey: two.alice.keys.localShutdownScript })
  t.deepEqual(errors(two.bob), ['shutdown-with-pending-updates'])
  t.is(two.bob.phase, 'closing')
})

test('BOLT 2, shutdown — a script of another form is answered with a warning, and the connection stays', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.bob.funded.params
  const effects = two.bob.recv({ type: 'shutdown', channelId, scriptpubkey: Uint8Array.of(0x51) })
  t.is(two.bob.phase, 'normal')
  t.deepEqual(
    effects.map(({ type }) => type),
    ['send', 'emit'],
  )
})

// Core Lightning names a script to whoever it opens to, and forgets it where the other side has not offered the feature.
test('BOLT 2, shutdown — a script named at the opening binds the peer, where both offer to be bound', (t) => {
  const both = vectorOfBits([12, 23, 5])
  const recv = (features: Uint8Array, remoteFeatures: Uint8Array) => {
    const two = new TwoParties({ bob: { features } }).ready()
    const { bob, alice } = two
    const { durable, session } = bob.state
    if (durable.phase !== 'normal' || session === undefined) throw new Error(durable.phase)
    const params = { ...durable.params, remoteUpfrontShutdown: bob.keys.localShutdownScript }
    bob.state = { durable: { ...durable, params }, session: { ...session, remoteFeatures } }
    const { channelId } = params
    bob.recv({ type: 'shutdown', channelId, scriptpubkey: alice.keys.localShutdownScript })
    return { phase: bob.phase, errors: errors(bob) }
  }
  const none = vectorOfBits([12, 23])
  t.deepEqual(recv(none, both), { phase: 'negotiating', errors: [] })
  t.deepEqual(recv(both, none), { phase: 'negotiating', errors: [] })
  t.deepEqual(recv(both, both).errors, ['shutdown-script-not-as-promised'])
})

test('recv update_add_htlc — after the peer’s shutdown fails the channel', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.bob.funded.params
  two.bob.recv({ type: 'shutdown', channelId, scriptpubkey: two.alice.keys.localShutdownScript })
  two.bob.recv({
    type: 'update_add_htlc',
    channelId,
    id: 0n,
    amountMsat: 1_000_000n,
    paymentHash: hashOf(1),
    cltvExpiry: 1100,
    onionRoutingPacket: new Uint8Array(1366),
  })
  t.is(two.bob.phase, 'closing')
})

test('close — starts again after a reconnection, also when the last closing_signed was lost', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle({ sign: false })
  const again = new TwoParties().ready({ pushMsat: 200_000_000n })
  again.run(again.alice, { type: 'close' })
  // shutdown both ways, then the opener's closing_signed arrives and the answer is lost.
  again.deliver(again.alice)
  again.deliver(again.bob)
  again.deliver(again.alice)
  t.is(again.bob.phase, 'closing')
  t.is(again.alice.phase, 'negotiating')
  t.deepEqual(again.names(again.bob), ['closing_signed'])
  again.lose(again.bob)
  again.disconnect()
  again.connect()
  again.settle()
  t.is(again.alice.phase, 'closing')
  t.true(same(again))
})

test('BOLT 2, closing_signed — a bad signature fails the channel', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  const queue = two.sentBy(two.alice)
  queue[0] = { ...(queue[0] as ChannelMessage), signature: ecdsa(new Uint8Array(64).fill(1)) } as ChannelMessage
  two.deliver(two.alice)
  t.deepEqual(errors(two.bob), ['invalid-closing-signature'])
})

test('BOLT 2, closing_signed — a peer that does not answer makes us publish our commitment in the end', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.is(two.alice.phase, 'negotiating')
  two.run(two.alice, { type: 'timer', timer: 'closing-answer' })
  t.is(two.alice.phase, 'closing')
  t.true(two.alice.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

test('BOLT 5, mutual close handling — a closing transaction that is deep enough ends the channel', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle()
  const [tx] = published(two.alice)
  if (tx === undefined) return t.fail()
  const { fundingOutpoint } = two.alice.funded.active[0]?.localParams ?? { fundingOutpoint: undefined }
  if (fundingOutpoint === undefined) return t.fail()
  const effects = two.alice.run({ type: 'spent', outpoint: fundingOutpoint, tx })
  const watch = effects.find(({ type }) => type === 'watch-confirmed')
  if (watch?.type !== 'watch-confirmed') return t.fail()
  two.alice.run({ type: 'confirmed', txid: watch.txid, tx, blockHeight: 1000, txIndex: 1 })
  t.is(two.alice.phase, 'closing')
  two.alice.env = { ...two.alice.env, height: 1005 }
  two.alice.run({ type: 'block', height: 1005 })
  t.is(endOf(two.alice), 'done')
  two.alice.env = { ...two.alice.env, height: 1099 }
  two.alice.run({ type: 'block', height: 1099 })
  const { durable } = two.alice.state
  if (durable.phase !== 'closed') return t.fail()
  t.is(durable.summary.kind, 'mutual')
  t.is(durable.summary.closedAt, 1005)
  const script = two.alice.keys.localShutdownScript
  t.is(durable.summary.paidToUs, tx.outputs.find((output) => equalBytes(output.script, script))?.amount ?? 0n)
})

test('close — asked for again with the same, it says nothing to the peer and starts nothing', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  for (const rounds of [0, 1, 2, 9]) {
    for (let round = 0; round < rounds; round++) for (const party of [two.alice, two.bob]) two.deliver(party)
    const before = rounds === 0 ? [] : two.names(two.alice)
    const replies = two.run(two.alice, { type: 'close', requestId: 'close' }).filter(({ type }) => type === 'reply')
    t.like(replies, [{ result: { ok: true } }])
    if (rounds > 0) t.deepEqual(two.names(two.alice), before)
  }
  t.is(two.alice.phase, 'closing')
  t.is(published(two.alice).length, 1)
})

test('BOLT 2, shutdown — to be paid elsewhere than was promised, or to a script of another form than those listed, is refused', (t) => {
  const two = new TwoParties().ready()
  const { durable } = two.alice.state
  if (durable.phase !== 'normal') return t.fail()
  const ask = (scriptPubkey: Uint8Array) => two.alice.run({ type: 'close', requestId: 'r', scriptPubkey })
  const refused = (code: string) => [{ type: 'reply', result: { ok: false, error: { code } } }]
  for (const script of ['51', `76a914${'11'.repeat(20)}88ac`, `6a06${'aa'.repeat(6)}`]) {
    t.like(ask(fromHex(script)), refused('invalid-shutdown-script'), script)
  }
  two.alice.state = {
    ...two.alice.state,
    durable: { ...durable, params: { ...durable.params, localShutdownIsUpfront: true } },
  }
  t.like(ask(two.bob.keys.localShutdownScript), refused('shutdown-script-is-fixed'))
  t.is(two.alice.phase, 'normal')
  t.is(two.alice.funded.localShutdown, undefined)
  ask(two.alice.keys.localShutdownScript)
  t.truthy(two.alice.funded.localShutdown)
})

test('close — a script other than the one that the peer was told is refused where the peer closes by closing_signed', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  const before = two.alice.funded
  const command = { type: 'close', requestId: 'r', scriptPubkey: two.bob.keys.localShutdownScript } as const
  const expected = [{ type: 'reply', result: { ok: false, error: { code: 'shutdown-script-is-fixed' } } }]
  t.like(two.run(two.alice, command), expected)
  two.settle()
  t.like(two.run(two.alice, command), expected)
  t.is(before.localShutdown, two.alice.funded.localShutdown)
})
