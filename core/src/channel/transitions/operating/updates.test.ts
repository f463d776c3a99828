import test from 'ava'
import { secp256k1 } from '../../../crypto/secp256k1.ts'
import type { CommitmentSigned, RevokeAndAck, UpdateAddHtlc } from '../../../wire/messages/channel-operation.ts'
import { latest } from '../../commitments/commitments.ts'
import { at, commitmentOf, errors, outcomes } from '../fixtures/closing.ts'
import { answers, highS, take, withHighS } from '../fixtures/messages.ts'
import { agree } from '../fixtures/simulation.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { hashOf, preimageOf, TwoParties } from '../fixtures/two-parties.ts'

const ready = (): TwoParties => new TwoParties().ready({ pushMsat: 300_000_000n })

const refusal = (effects: readonly { readonly type: string }[]): string | undefined => {
  const reply = effects.at(-1) as ReturnType<TwoParties['add']>[number] | undefined
  return reply?.type === 'reply' && !reply.result.ok ? reply.result.error.code : undefined
}

const forwards = ({ effects }: TestParty): readonly bigint[] =>
  effects.flatMap((effect) => (effect.type === 'forward' ? [effect.htlc.id] : []))

test('BOLT 2, update_add_htlc — ids count up from 0 by 1, and go on over removals and reconnections', (t) => {
  const two = ready()
  const ids: bigint[] = []
  const add = (n: number): void => {
    two.add(two.alice, n)
    ids.push((two.sentBy(two.alice).findLast(({ type }) => type === 'update_add_htlc') as UpdateAddHtlc).id)
  }
  add(1)
  add(2)
  two.settle()
  for (const id of [0n, 1n]) two.fail(two.bob, id)
  two.settle()
  t.is(two.alice.funded.htlcs.offered.length, 0)
  add(3)
  two.settle()
  two.disconnect()
  two.connect()
  two.settle()
  add(4)
  two.settle()
  t.deepEqual(ids, [0n, 1n, 2n, 3n])
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('BOLT 2, update_add_htlc — an expiry is offered only below 500000000', (t) => {
  const two = ready()
  for (const party of [two.alice, two.bob]) party.env = { ...party.env, height: 499_999_000 }
  t.is(refusal(two.add(two.alice, 1, 10_000_000n, 500_000_000)), 'expiry-too-far')
  t.is(refusal(two.add(two.alice, 1, 10_000_000n, 499_999_999)), undefined)
  two.settle()
  t.is(two.bob.funded.htlcs.received.length, 1)
})

test('BOLT 2, update_add_htlc — one that its sender has not seen acknowledged may come again after a reconnection, and is ignored', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  const [again] = two.sentBy(two.alice)
  two.deliver(two.alice)
  two.deliver(two.alice)
  // Bob has it in his commitment; his revocation is lost.
  two.disconnect()
  two.connect()
  two.deliver(two.alice)
  two.deliver(two.bob)
  const before = two.bob.state.durable
  two.bob.recv(again as UpdateAddHtlc)
  t.is(two.bob.state.durable, before)
  t.deepEqual(errors(two.bob), [])
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
  t.is(two.bob.funded.htlcs.received.length, 1)
  // Once it is acknowledged, it is a violation.
  two.bob.recv(again as UpdateAddHtlc)
  t.deepEqual(errors(two.bob), ['htlc-id-out-of-order'])
})

test('BOLT 2, update_add_htlc — an id that leaves one out, or is beyond any, fails the channel', (t) => {
  for (const id of [1n, 2n ** 64n - 1n]) {
    const two = ready()
    two.add(two.alice, 1)
    const [add] = two.lose(two.alice)
    two.bob.recv({ ...(add as UpdateAddHtlc), id })
    t.deepEqual(errors(two.bob), ['htlc-id-out-of-order'])
  }
})

test('BOLT 2, update_add_htlc — htlc_minimum_msat 0 takes one millisatoshi, and the 483rd HTLC is taken where 483 are accepted', (t) => {
  const bob = { htlcMinimumMsat: 0n, maxAcceptedHtlcs: 483, maxDustHtlcExposureMsat: 10_000_000n }
  const two = new TwoParties({ alice: { maxDustHtlcExposureMsat: 10_000_000n }, bob }).ready({ pushMsat: 300_000_000n })
  for (let n = 0; n < 483; n++) t.is(refusal(two.add(two.alice, n, 1n)), undefined)
  t.is(refusal(two.add(two.alice, 483, 1n)), 'too-many-htlcs')
  two.settle()
  t.is(two.bob.funded.htlcs.received.length, 483)
  t.true(agree(two.alice.funded, two.bob.funded))
  const add = { ...(two.bob.funded.htlcs.received[0]?.add as UpdateAddHtlc), id: 483n }
  two.bob.recv(add)
  t.deepEqual(errors(two.bob), ['too-many-htlcs'])
})

test('BOLT 2, forwarding HTLCs — nothing is passed on before the incoming HTLC is irrevocably committed', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  const steps: readonly (() => unknown)[] = [
    () => two.deliver(two.alice),
    () => two.deliver(two.alice),
    () => two.deliver(two.bob),
    () => two.sign(two.bob),
    () => two.deliver(two.bob),
  ]
  for (const step of steps) {
    step()
    t.deepEqual(forwards(two.bob), [])
  }
  two.deliver(two.alice)
  t.deepEqual(forwards(two.bob), [0n])
})

test('BOLT 2, forwarding HTLCs — a failure goes to the origin when the removal is irrevocably committed, and a preimage at once', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.add(two.alice, 2)
  two.settle()
  two.fail(two.bob, 0n)
  two.fulfil(two.bob, 1n, 2)
  two.sign(two.bob)
  two.deliver(two.bob)
  t.deepEqual(outcomes(two.alice.effects), [])
  two.deliver(two.bob)
  t.deepEqual(outcomes(two.alice.effects), ['1 fulfilled'])
  two.deliver(two.bob)
  two.sign(two.alice)
  two.deliver(two.alice)
  two.deliver(two.alice)
  t.deepEqual(outcomes(two.alice.effects), ['1 fulfilled'])
  two.settle()
  t.deepEqual(outcomes(two.alice.effects), ['1 fulfilled', '0 failed'])
})

test('BOLT 2, removing an HTLC — we remove none that is not irrevocably committed in both commitments', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  const fulfil = () => two.bob.run({ type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1), requestId: 'f' })
  for (let left = 2; left > 0; left--) {
    two.deliver(two.alice)
    t.is(refusal(fulfil()), 'unknown-htlc')
  }
  two.sign(two.bob)
  two.deliver(two.bob)
  two.deliver(two.bob)
  t.is(refusal(fulfil()), 'unknown-htlc')
  two.deliver(two.alice)
  t.is(refusal(fulfil()), undefined)
})

test('BOLT 2, cltv_expiry_delta selection — an HTLC that we offered fails the channel two blocks after its expiry, not before, and the peer is told', (t) => {
  for (const isOursAlone of [false, true]) {
    const two = ready()
    two.add(two.alice, 1)
    // In the peer's commitment alone, or in both.
    if (isOursAlone) two.sign(two.alice)
    else two.settle()
    at(two.alice, 1145)
    t.is(two.alice.phase, 'normal')
    const effects = at(two.alice, 1146)
    t.is(two.alice.phase, 'closing')
    t.true(effects.some((effect) => effect.type === 'send' && effect.message.type === 'error'))
    t.true(effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
  }
})

test('BOLT 2, cltv_expiry_delta selection — an HTLC that we have fulfilled fails the channel 18 blocks before its expiry, not before, and the peer is told', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  two.disconnect()
  two.fulfil(two.bob, 0n, 1)
  at(two.bob, 1125)
  t.is(two.bob.phase, 'normal')
  two.connect()
  two.lose(two.bob)
  const effects = at(two.bob, 1126)
  t.is(two.bob.phase, 'closing')
  t.true(effects.some((effect) => effect.type === 'send' && effect.message.type === 'error'))
  t.true(effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

/** Bob's next commitment, with two HTLCs of different amounts, signed by alice and on its way. */
const signed = (): { readonly two: TwoParties; readonly message: CommitmentSigned } => {
  const two = ready()
  two.add(two.alice, 1, 20_000_000n)
  two.add(two.alice, 2, 10_000_000n)
  two.sign(two.alice)
  const message = take(two, two.alice, 'commitment_signed')
  two.deliver(two.alice)
  two.deliver(two.alice)
  return { two, message }
}

test('BOLT 2, commitment_signed — HTLC signatures come in the order of the outputs, and another order fails the channel', (t) => {
  const { two, message } = signed()
  t.is(message.htlcSignatures.length, 2)
  two.bob.recv(message)
  t.is(two.bob.phase, 'normal')
  const other = signed()
  t.deepEqual(answers(other.two.bob, { ...message, htlcSignatures: message.htlcSignatures.toReversed() }), ['error'])
  t.deepEqual(errors(other.two.bob), ['invalid-htlc-signature'])
})

test('BOLT 2, commitment_signed — a signature with a high S fails the channel, of the commitment or of an HTLC', (t) => {
  for (const alter of [
    (message: CommitmentSigned) => ({ ...message, signature: highS(message.signature) }),
    (message: CommitmentSigned) => ({ ...message, htlcSignatures: message.htlcSignatures.map(withHighS) }),
  ]) {
    const { two, message } = signed()
    t.deepEqual(answers(two.bob, alter(message)), ['error'])
    t.is(two.bob.phase, 'closing')
  }
})

test('BOLT 2, commitment_signed — it names the funding that the commitment spends, also when it is sent again', (t) => {
  const { two, message } = signed()
  const { txid } = latest(two.alice.funded).localParams.fundingOutpoint
  t.deepEqual(message.fundingTxid, txid)
  two.disconnect()
  two.connect()
  two.deliver(two.bob)
  t.deepEqual(take(two, two.alice, 'commitment_signed').fundingTxid, txid)
})

test('BOLT 2, commitment_signed — a good one is answered by one revoke_and_ack, with the secret of the commitment before and the point of the next', (t) => {
  const { two, message } = signed()
  two.run(two.bob, { type: 'peer-message', epoch: 1, message })
  const [revocation, ...more] = two.lose(two.bob) as RevokeAndAck[]
  t.deepEqual(more, [])
  if (revocation?.type !== 'revoke_and_ack') return t.fail()
  t.deepEqual(secp256k1.publicKey(revocation.perCommitmentSecret), two.bob.env.commitmentPoint(0))
  t.deepEqual(revocation.nextPerCommitmentPoint, two.bob.env.commitmentPoint(2))
})

test('BOLT 2, revoke_and_ack — a secret that is no key fails the channel, and so does a point that is none', (t) => {
  for (const [code, patch] of [
    ['invalid-revocation-secret', { perCommitmentSecret: new Uint8Array(32) }],
    ['invalid-revocation-secret', { perCommitmentSecret: new Uint8Array(32).fill(0xff) }],
    ['invalid-public-key', { nextPerCommitmentPoint: new Uint8Array(33) }],
  ] as const) {
    const { two, message } = signed()
    two.run(two.bob, { type: 'peer-message', epoch: 1, message })
    const [revocation] = two.lose(two.bob)
    t.deepEqual(answers(two.alice, { ...(revocation as RevokeAndAck), ...patch }), ['error'])
    t.deepEqual(errors(two.alice), [code])
  }
})

test('BOLT 2, revoke_and_ack — a secret that does not follow from those before it fails the channel', (t) => {
  const two = ready()
  const secret = new Uint8Array(32).fill(7)
  two.add(two.alice, 1)
  two.settle()
  // A peer whose points come from secrets that it has drawn one by one.
  const { durable } = two.alice.state
  if (durable.phase !== 'normal') return t.fail()
  two.add(two.alice, 3)
  two.sign(two.alice)
  const [commitment] = two.alice.funded.active
  if (commitment === undefined) return t.fail()
  const remote = { ...commitment.remote, point: secp256k1.publicKey(secret) }
  two.alice.state = {
    ...two.alice.state,
    durable: { ...two.alice.funded, active: [{ ...commitment, remote }] },
  } as TestParty['state']
  two.alice.recv({
    type: 'revoke_and_ack',
    channelId: durable.params.channelId,
    perCommitmentSecret: secret,
    nextPerCommitmentPoint: two.bob.env.commitmentPoint(9),
  })
  t.deepEqual(errors(two.alice), ['invalid-revocation-secret'])
})

test('BOLT 2, revoke_and_ack — what has been revoked is never published: after any step it is the latest commitment that is', (t) => {
  const two = ready()
  const steps: readonly (() => unknown)[] = [
    () => two.add(two.alice, 1),
    () => two.sign(two.alice),
    () => two.deliver(two.alice),
    () => two.deliver(two.alice),
    () => two.deliver(two.bob),
    () => two.sign(two.bob),
    () => two.deliver(two.bob),
    () => two.deliver(two.alice),
  ]
  for (const step of steps) {
    step()
    for (const party of [two.alice, two.bob]) {
      const { state } = party
      const { txid, index } = latest(party.funded).local
      party.run({ type: 'force-close' })
      const tx = commitmentOf(party)
      t.deepEqual(tx.inputs[0]?.outpoint, latest(party.funded).localParams.fundingOutpoint)
      const closing = party.effects.findLast((effect) => effect.type === 'emit' && effect.event.type === 'closing')
      t.like(closing, { event: { txid } }, `${party.name} ${index}`)
      party.state = state
    }
  }
})

test('BOLT 2, update_fee — the last of several counts, and the bounds are taken at their last value', (t) => {
  const two = ready()
  for (const feeratePerKw of [5000, 253]) two.run(two.alice, { type: 'update-fee', feeratePerKw })
  two.settle()
  t.is(latest(two.bob.funded).local.spec.feeratePerKw, 253)
  t.deepEqual(
    answers(two.bob, { type: 'update_fee', channelId: two.bob.funded.params.channelId, feeratePerKw: 25_000 }),
    [],
  )
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('a message where it does not belong — fails the channel with an error, in every phase, and nothing else happens', (t) => {
  const make = (): readonly (readonly [string, TestParty])[] => {
    const waiting = new TwoParties()
    waiting.open()
    const used = ready()
    return [
      ['wait-for-funding-confirmed', waiting.bob],
      ['normal', used.bob],
    ]
  }
  const of = ({ funded }: TestParty): readonly UpdateAddHtlc[] | readonly object[] => {
    const { channelId } = funded.params
    const key = funded.params.localKeys.fundingKey
    return [
      { type: 'funding_signed', channelId, signature: latest(funded).local.remoteSignature },
      {
        type: 'funding_created',
        temporaryChannelId: channelId,
        fundingTxid: channelId,
        fundingOutputIndex: 0,
        signature: latest(funded).local.remoteSignature,
      },
      ...(funded.phase === 'normal'
        ? []
        : [
            { type: 'update_fee', channelId, feeratePerKw: 2500 },
            { type: 'update_fail_htlc', channelId, id: 0n, reason: new Uint8Array(292) },
            { type: 'revoke_and_ack', channelId, perCommitmentSecret: hashOf(1), nextPerCommitmentPoint: key },
            {
              type: 'commitment_signed',
              channelId,
              signature: latest(funded).local.remoteSignature,
              htlcSignatures: [],
            },
            {
              type: 'update_add_htlc',
              channelId,
              id: 0n,
              amountMsat: 10_000_000n,
              paymentHash: hashOf(1),
              cltvExpiry: 1144,
              onionRoutingPacket: new Uint8Array(1366),
            },
          ]),
    ]
  }
  for (const [phase, { funded }] of make()) {
    for (const at of of(make().find(([name]) => name === phase)?.[1] as TestParty).keys()) {
      const party = make().find(([name]) => name === phase)?.[1] as TestParty
      t.is(party.phase, phase)
      const message = of(party)[at] as Parameters<TestParty['recv']>[0]
      t.deepEqual(answers(party, message), ['error'], `${phase}, ${message.type}`)
      t.true(errors(party).includes('unexpected-message'), `${phase}, ${message.type}`)
    }
    t.truthy(funded)
  }
})
