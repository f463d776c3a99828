import test from 'ava'
import { NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import { buildClosing } from '../../commitment/closing-transaction.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelMessage } from '../../state/inputs.ts'
import { closingInput } from '../common/closing-input.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

const FEE = 500n

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

const publishes = (effects: readonly Effect[], purpose: string): boolean =>
  effects.some((effect) => effect.type === 'publish' && effect.purpose === purpose)

/** An offer of the party, whatever it is waiting for: like a node that looks only at HTLCs before it begins to negotiate. */
const offerOf = (party: TestParty, least = FEE, most = FEE, active = party.funded.active): ChannelMessage => {
  const { localShutdown, remoteShutdown, params } = party.funded
  if (localShutdown === undefined || remoteShutdown === undefined) throw new Error('not shut down')
  const closing = buildClosing(
    closingInput({ ...party.funded, active }, { local: localShutdown, remote: remoteShutdown }, least),
  )
  if (!closing.ok) throw new Error(closing.error.code)
  const answer = party.sign({ type: 'funding-signature', task: closing.value.task })
  if (answer.type !== 'funding-signature') throw new Error('no signature')
  const feeRange = { minFeeSatoshis: least, maxFeeSatoshis: most }
  const { channelId } = params
  return { type: 'closing_signed', channelId, feeSatoshis: least, signature: answer.signature, feeRange }
}

/**
 * Bob's close has crossed a change of the fee rate by alice: the change is in his commitment, he has signed hers, and she has sent her
 * closing_signed before she sees that.
 */
const crossing = ({ signed = true }: { readonly signed?: boolean } = {}): TwoParties => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice, bob } = two
  two.run(alice, { type: 'update-fee', feeratePerKw: 3000 })
  two.sign(alice)
  two.run(bob, { type: 'close' })
  two.deliver(bob)
  two.deliver(alice)
  two.deliver(alice)
  if (signed) two.sign(bob)
  two.deliver(alice)
  // Of his revocation and his signature, she has read only the revocation.
  two.deliver(bob)
  two.lose(alice)
  return two
}

for (const signed of [true, false]) {
  test(`recv closing_signed — while a change of the fee rate is under way, ${signed ? '' : 'not '}signed by us, is taken up: the close is agreed on`, (t) => {
    const two = crossing({ signed })
    const { bob } = two
    t.is(bob.phase, 'shutdown')
    const effects = bob.recv(offerOf(two.alice))
    t.deepEqual(errors(bob), [])
    t.is(bob.phase, 'closing')
    t.true(publishes(effects, 'mutual-close'))
    t.false(publishes(effects, 'local-commitment'))
    t.deepEqual(
      bob.messages(effects).map(({ type }) => type),
      ['closing_signed'],
    )
    // The rest of the change must not be signed any more.
    t.deepEqual(bob.messages(bob.run({ type: 'sign' })), [])
  })
}

test('recv closing_signed — early, and not agreed on: after the reconnection no commitment is sent again', (t) => {
  const two = crossing()
  const { alice, bob } = two
  bob.recv(offerOf(alice, 1n, 1n))
  t.is(bob.phase, 'negotiating')
  t.deepEqual(errors(bob), ['closing-fee-ranges-do-not-overlap'])
  two.disconnect()
  two.connect()
  const [reestablish] = two.sentBy(alice)
  t.like(reestablish, { type: 'channel_reestablish', nextCommitmentNumber: 1n })
  two.lose(bob)
  two.deliver(alice)
  t.deepEqual(two.names(bob), ['shutdown'])
})

test('recv closing_signed — early, and agreed on: a peer that begins again gets its shutdown and no commitment', (t) => {
  const two = crossing()
  const { alice, bob } = two
  bob.recv(offerOf(alice))
  two.disconnect()
  two.connect()
  t.deepEqual(two.names(bob), [])
  two.deliver(alice)
  t.deepEqual(two.names(bob), ['channel_reestablish', 'shutdown'])
  const { channelId, localShutdownScript } = alice.funded.params
  bob.recv({ type: 'shutdown', channelId, scriptpubkey: localShutdownScript })
  const again = bob.messages(bob.recv(offerOf(alice)))
  t.like(again, [{ type: 'closing_signed', feeSatoshis: FEE }])
})

test('recv closing_signed — a peer that goes on with its commitments all the same does no harm', (t) => {
  const two = crossing()
  const { alice, bob } = two
  bob.recv(offerOf(alice, 1n, 1n))
  two.lose(bob)
  // She reads his signature after all, and revokes.
  const revocation = alice.messages(alice.recv({ type: 'commitment_signed', ...signatureFor(two) } as ChannelMessage))
  t.deepEqual(
    revocation.map(({ type }) => type),
    ['revoke_and_ack', 'closing_signed'],
  )
  bob.recv(revocation[0] as ChannelMessage)
  t.is(bob.phase, 'negotiating')
  t.deepEqual(errors(bob), ['closing-fee-ranges-do-not-overlap'])
})

/** Bob's signature of alice's next commitment, as he has sent it. */
const signatureFor = ({ bob }: TwoParties): object => {
  const sent = bob.effects.findLast((effect) => effect.type === 'send' && effect.message.type === 'commitment_signed')
  if (sent?.type !== 'send') throw new Error('not signed')
  return bob.complete(sent)
}

test('recv closing_signed — while HTLCs remain it waits until none does', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice, bob } = two
  const { active } = alice.funded
  two.add(alice, 1)
  two.settle()
  two.run(bob, { type: 'close' })
  two.settle()
  two.fail(bob, 0n)
  // As if the HTLC had been given back already.
  bob.recv(offerOf(alice, FEE, FEE, active))
  t.is(bob.phase, 'shutdown')
  t.deepEqual(errors(bob), [])
  for (let round = 0; round < 4; round++) {
    for (const party of [alice, bob]) {
      two.sign(party)
      // The offer was made: it is not sent again.
      const queue = two.sentBy(party)
      queue.splice(0, queue.length, ...queue.filter(({ type }) => type !== 'closing_signed'))
      while (two.deliver(party) !== undefined);
    }
  }
  t.true(publishes(bob.effects, 'mutual-close'))
  t.deepEqual(errors(bob), [])
})

test('recv closing_signed — before shutdown is answered by a warning, and nothing else', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { channelId } = two.bob.funded.params
  const { state } = two.bob
  const effects = two.bob.recv({ type: 'closing_signed', channelId, feeSatoshis: FEE, signature: NO_FUNDING_SIGNATURE })
  t.deepEqual(
    effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type)),
    ['warning', 'emit'],
  )
  t.deepEqual(two.bob.state, state)
})

test('close — a fundee that never signs our last change of the fee rate is offered the close all the same, in time', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice, bob } = two
  two.run(bob, { type: 'close' })
  two.run(alice, { type: 'update-fee', feeratePerKw: 3000 })
  two.sign(alice)
  two.deliver(bob)
  // He revokes, and signs no more.
  two.settle({ sign: false })
  t.deepEqual([alice.phase, bob.phase], ['shutdown', 'shutdown'])
  const timer = { type: 'timer', timer: 'closing-answer' } as const
  t.is(alice.effects.filter((effect) => effect.type === 'schedule' && effect.timer === timer.timer).length, 1)
  t.deepEqual(
    two.run(bob, timer).filter(({ type }) => type !== 'schedule'),
    [],
  )
  two.run(alice, timer)
  t.deepEqual(two.names(alice), ['closing_signed'])
  two.settle({ sign: false })
  t.deepEqual([alice.phase, bob.phase], ['closing', 'closing'])
  t.deepEqual([errors(alice), errors(bob)], [[], []])
})
