import test from 'ava'
import type { ClosingSigned, FeeRange } from '../../../wire/messages/channel-close.ts'
import { buildClosing, closingFee } from '../../commitment/closing-transaction.ts'
import { ANCHORS_ZERO_FEE_HTLC } from '../../commitment/formats/anchors/anchors-format.ts'
import { closingInput } from '../common/closing-input.ts'
import { errors } from '../fixtures/closing.ts'
import { answers, highS, take } from '../fixtures/messages.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

/** Both have shut down; the opener’s first offer is on its way. */
const shutDown = (feerates: { readonly minFeeratePerKw?: number; readonly feeratePerKw?: number } = {}): TwoParties => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close', ...feerates })
  two.deliver(two.alice)
  two.deliver(two.bob)
  return two
}

/** An offer of this party, whatever it would offer by itself. */
const offer = ({ funded, sign }: TestParty, party: TestParty, fee: bigint, feeRange?: FeeRange): ClosingSigned => {
  const { localShutdown, remoteShutdown, params } = funded
  if (localShutdown === undefined || remoteShutdown === undefined) throw new Error('not shut down')
  const closing = buildClosing(closingInput(funded, { local: localShutdown, remote: remoteShutdown }, fee))
  if (!closing.ok) throw new Error(closing.error.code)
  const answer = sign.call(party, { type: 'funding-signature', task: closing.value.task })
  if (answer.type !== 'funding-signature') throw new Error('no signature')
  const message = { type: 'closing_signed', channelId: params.channelId, feeSatoshis: fee } as const
  return { ...message, signature: answer.signature, ...(feeRange === undefined ? {} : { feeRange }) }
}

const range = (minFeeSatoshis: bigint, maxFeeSatoshis: bigint): FeeRange => ({ minFeeSatoshis, maxFeeSatoshis })

test('BOLT 2, closing_signed — ranges that do not overlap get a warning, and without another one in time the channel fails', (t) => {
  for (const name of ['alice', 'bob'] as const) {
    const two = shutDown()
    const party = two[name]
    const other = two.other(party)
    if (name === 'bob') two.lose(two.alice)
    const far = offer(other, other, 90_000n, name === 'alice' ? range(80_000n, 100_000n) : range(1n, 2n))
    const altered = name === 'alice' ? far : offer(other, other, 2n, range(1n, 2n))
    t.deepEqual(answers(party, altered), ['warning'], name)
    t.deepEqual(errors(party), ['closing-fee-ranges-do-not-overlap'])
    t.is(party.phase, 'negotiating')
    party.run({ type: 'timer', timer: 'closing-answer' })
    t.is(party.phase, 'closing')
    t.true(party.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
  }
})

test('BOLT 2, closing_signed — a fee outside the overlap fails the opener’s channel, and another than its own the fundee’s', (t) => {
  const two = shutDown()
  const first = take(two, two.alice, 'closing_signed')
  const most = first.feeRange?.maxFeeSatoshis ?? 0n
  t.deepEqual(answers(two.alice, offer(two.bob, two.bob, most + 1n, range(0n, 100_000n))), ['error'])
  t.deepEqual(errors(two.alice), ['closing-fee-out-of-range'])
  // The fundee has made its offer, and gets another fee than that.
  const other = shutDown()
  other.bob.env = { ...other.bob.env, feerates: { ...other.bob.env.feerates, minimum: 3000, closing: 3000 } }
  other.deliver(other.alice)
  const answer = take(other, other.bob, 'closing_signed')
  t.not(answer.feeSatoshis, first.feeSatoshis)
  const wrong = offer(other.alice, other.alice, answer.feeSatoshis - 1n, first.feeRange)
  t.deepEqual(answers(other.bob, wrong), ['error'])
  t.deepEqual(errors(other.bob), ['closing-fee-out-of-range'])
})

test('BOLT 2, closing_signed — the fundee’s first offer is in the overlap, and the opener answers it with the same fee', (t) => {
  const two = shutDown()
  two.bob.env = { ...two.bob.env, feerates: { ...two.bob.env.feerates, minimum: 3000, closing: 3000 } }
  const ours = two.sentBy(two.alice).find(({ type }) => type === 'closing_signed')
  two.deliver(two.alice)
  const [answer] = two.sentBy(two.bob)
  if (ours?.type !== 'closing_signed' || answer?.type !== 'closing_signed') return t.fail()
  const { minFeeSatoshis = 0n, maxFeeSatoshis = 0n } = ours.feeRange ?? {}
  t.true(answer.feeSatoshis >= minFeeSatoshis && answer.feeSatoshis <= maxFeeSatoshis)
  two.deliver(two.bob)
  t.is(take(two, two.alice, 'closing_signed').feeSatoshis, answer.feeSatoshis)
  t.is(two.alice.phase, 'closing')
})

test('BOLT 2, closing_signed — a signature with a high S fails the channel', (t) => {
  const two = shutDown()
  const message = take(two, two.alice, 'closing_signed')
  t.deepEqual(answers(two.bob, { ...message, signature: highS(message.signature) }), ['error'])
  t.deepEqual(errors(two.bob), ['invalid-closing-signature'])
})

test('BOLT 2, closing_signed — without ranges an offer that is not strictly between the last two is refused, and ours is', (t) => {
  const two = shutDown()
  const first = take(two, two.alice, 'closing_signed').feeSatoshis
  two.run(two.alice, { type: 'peer-message', epoch: 1, message: offer(two.bob, two.bob, 10_000n) })
  const ours = take(two, two.alice, 'closing_signed').feeSatoshis
  t.true(ours > first && ours < 10_000n)
  t.deepEqual(answers(two.alice, offer(two.bob, two.bob, 10_000n)), ['error'])
  t.deepEqual(errors(two.alice), ['closing-fee-not-between'])
})

test('close — the opener’s range is the operator’s, from the least rate to the most, and today’s rate decides between the two', (t) => {
  const { alice, bob } = shutDown()
  const feeAt = (feerate: number) =>
    closingFee(ANCHORS_ZERO_FEE_HTLC, feerate, alice.keys.localShutdownScript, bob.keys.localShutdownScript)
  for (const [least, most, closing, ideal] of [
    [1000, 6000, 2500, 2500],
    [3000, 6000, 2500, 3000],
    [1000, 2000, 2500, 2000],
    [2000, 2000, 2500, 2000],
  ] as const) {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    two.alice.env = { ...two.alice.env, feerates: { ...two.alice.env.feerates, closing } }
    two.run(two.alice, { type: 'close', minFeeratePerKw: least, feeratePerKw: most })
    two.deliver(two.alice)
    two.deliver(two.bob)
    t.like(take(two, two.alice, 'closing_signed'), {
      feeSatoshis: feeAt(ideal),
      feeRange: range(feeAt(least), feeAt(most)),
    })
  }
})
