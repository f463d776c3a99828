import test from 'ava'
import fc from 'fast-check'
import { formatOutPoint } from '../../../bitcoin/transaction.ts'
import type { Claim } from '../../claims/claim.ts'
import type { Effect } from '../../state/effects.ts'
import {
  at,
  claims,
  commitmentOf,
  confirmed,
  endOf,
  errors,
  mine,
  outcomes,
  seeClose,
  setFeerate,
  summaryOf,
  takenBy,
} from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

/** An output above the dust limit of 354 sat, and below that limit and the least fee for taking it. */
const NOT_WORTH_IT = 400_000n
const DEAR = 50_000

const watches = (effects: readonly Effect[]): ReadonlySet<string> =>
  new Set(effects.flatMap((effect) => (effect.type === 'watch-spent' ? [formatOutPoint(effect.outpoint)] : [])))

const ready = () => new TwoParties().ready({ pushMsat: 200_000_000n })

/** Alice's commitment of this moment. Her peer does not see it yet. */
const closeOf = ({ alice }: TwoParties, state = alice.state) => {
  alice.state = state
  alice.run({ type: 'force-close' })
  return commitmentOf(alice)
}

/** Our commitment on the chain with one HTLC of ours, and its main output taken. */
const closedWith = (amountMsat: bigint) => {
  const two = ready()
  const { alice } = two
  two.add(alice, 1, amountMsat, 1200)
  two.settle()
  seeClose(alice, closeOf(two))
  for (const claim of claims(at(alice, 1143))) mine(alice, claim, 1144)
  return alice
}

/** And then the timeout of its HTLC in a block. */
const timeOut = (amountMsat: bigint, feerate: number) => {
  const alice = closedWith(amountMsat)
  const claim = claims(at(alice, 1200)).find(({ kind }) => kind.type === 'htlc-timeout')
  if (claim === undefined) throw new Error('not claimed')
  setFeerate(alice, feerate)
  return { alice, effects: mine(alice, claim, 1201) }
}

test('our commitment — an HTLC of ours that is not worth its timeout fails when its expiry is deep, and the channel ends', (t) => {
  const alice = closedWith(NOT_WORTH_IT)
  for (const height of [1200, 1204]) {
    const effects = at(alice, height)
    t.deepEqual(claims(effects), [])
    t.deepEqual(outcomes(effects), [])
  }
  t.is(alice.phase, 'closing')
  t.deepEqual(outcomes(at(alice, 1205)), ['0 timed-out-on-chain'])
  t.is(endOf(alice), 'done')
})

test('BOLT 5, general nomenclature — an output that is not resolved is watched from the block that holds it, and claimed at its height, however dear blocks are', (t) => {
  const { alice, effects } = timeOut(20_000_000n, DEAR)
  t.deepEqual(claims(at(alice, 1343)).length, 0)
  const claim = claims(at(alice, 1344)).find(({ kind }) => kind.type === 'htlc-output')
  if (claim === undefined) return t.fail('not claimed')
  t.true(watches(effects).has(formatOutPoint(claim.outpoint)))
  t.is(claim.amount, 20_000n)
  // It is nobody else's: half of it is the most that is paid for having it sooner.
  t.is(claim.tx.outputs[0]?.amount, 10_000n)
})

test('BOLT 5, revoked transaction close — an HTLC of ours that is not worth its fee has its outcome before the channel ends, and not before it expires', (t) => {
  const two = ready()
  const { alice, bob } = two
  two.add(bob, 1, NOT_WORTH_IT)
  two.settle()
  const old = alice.state
  two.add(alice, 2, 50_000_000n)
  two.settle()
  seeClose(bob, closeOf(two, old))
  const taken = claims(bob.effects)
  t.false(taken.some(({ kind }) => kind.type === 'htlc-penalty'))
  for (const claim of taken) mine(bob, claim, 1001)
  for (const height of [1006, 1100, 1148]) t.deepEqual(outcomes(at(bob, height)), [])
  t.is(bob.phase, 'closing')
  t.deepEqual(outcomes(at(bob, 1149)), ['0 timed-out-on-chain'])
  t.is(endOf(bob), 'done')
})

test('the peer’s commitment — a dear block does not end a channel whose main output is not taken yet', (t) => {
  const two = new TwoParties().ready({ pushMsat: 20_000_000n })
  const { bob } = two
  seeClose(bob, closeOf(two))
  const [claim] = claims(bob.effects)
  if (claim === undefined) return t.fail('not claimed')
  setFeerate(bob, DEAR)
  for (const height of [1010, 1100]) at(bob, height)
  t.is(bob.phase, 'closing')
  mine(bob, claim, 1101)
  at(bob, 1106)
  t.is(endOf(bob), 'done')
})

/** Alice's commitment on the chain, and the claim by which bob takes back an HTLC that has expired in it. */
const takeBack = () => {
  const two = ready()
  const { bob } = two
  two.add(bob, 1, 20_000_000n)
  two.settle()
  seeClose(bob, closeOf(two))
  const claim = claims(at(bob, 1144)).find(({ kind }) => kind.type === 'offered-htlc')
  if (claim === undefined) throw new Error('not claimed')
  return { bob, claim }
}

test('the peer’s commitment — a dear block does not fail an HTLC that the peer can still take, and its preimage goes to the origin', (t) => {
  const { bob, claim } = takeBack()
  setFeerate(bob, DEAR)
  for (const height of [1145, 1156]) t.deepEqual(outcomes(at(bob, height)), [])
  t.deepEqual(outcomes(mine(bob, claim, 1157, takenBy(preimageOf(1), claim))), ['0 fulfilled'])
})

test('the peer’s commitment — an HTLC of ours that is not worth its fee fails when its expiry is deep, in cheap blocks and dear ones', (t) => {
  for (const feerate of [253, DEAR]) {
    const two = ready()
    const { bob } = two
    two.add(bob, 1, NOT_WORTH_IT)
    two.settle()
    setFeerate(bob, feerate)
    seeClose(bob, closeOf(two))
    for (const height of [1144, 1148]) t.deepEqual(outcomes(at(bob, height)), [])
    t.deepEqual(outcomes(at(bob, 1149)), ['0 timed-out-on-chain'])
  }
})

test('a preimage that is first seen in a block goes to the origin', (t) => {
  const { bob, claim } = takeBack()
  t.deepEqual(outcomes(confirmed(bob, takenBy(preimageOf(1), claim), 1145)), ['0 fulfilled'])
})

/** Alice's old commitment, with the first of her two HTLCs, is on the chain, and she sees it with her newest state, bob with his. */
const publishOld = () => {
  const two = ready()
  const { alice, bob } = two
  two.add(alice, 1, 30_000_000n)
  two.settle()
  const old = alice.state
  two.add(alice, 2, 50_000_000n)
  two.settle()
  const now = alice.state
  const tx = closeOf(two, old)
  alice.state = now
  // They were the copy's.
  alice.effects.length = 0
  seeClose(alice, tx)
  seeClose(bob, tx)
  return { alice, bob }
}

test('our own old commitment — is told as what it is, and what the peer leaves of it is ours after the delay', (t) => {
  const { alice, bob } = publishOld()
  t.deepEqual(errors(alice), ['own-revoked-commitment-published'])
  t.deepEqual(errors(bob), ['revoked-commitment-published'])
  const { durable } = alice.state
  if (durable.phase !== 'closing') return t.fail()
  t.deepEqual([durable.closing.cause, durable.closing.spends[0]?.kind], ['revoked-local-commitment', 'revoked-local'])
  // The second HTLC is not in it.
  t.deepEqual(outcomes(at(alice, 1005)), ['1 timed-out-on-chain'])
  t.deepEqual(claims(at(alice, 1142)), [])
  const [claim, ...others] = claims(at(alice, 1143))
  t.deepEqual([claim?.kind.type, others], ['to-local', []])
  // Nobody has taken the first one yet.
  if (claim !== undefined) mine(alice, claim, 1144)
  at(alice, 1300)
  t.is(alice.phase, 'closing')
})

test('our own old commitment — that the peer punishes ends the channel with nothing, and with the outcome of each HTLC', (t) => {
  const { alice, bob } = publishOld()
  for (const claim of claims(bob.effects)) mine(alice, claim, 1001)
  t.deepEqual(outcomes(at(alice, 1006)).toSorted(), ['0 timed-out-on-chain', '1 timed-out-on-chain'])
  t.like(summaryOf(alice), { kind: 'revoked-local', paidToUs: 0n })
})

test('a channel that has ended says what came to the wallet, and not what its last balance was', (t) => {
  const { bob } = publishOld()
  let taken = 0n
  for (const claim of claims(bob.effects)) {
    taken += claim.tx.outputs[0]?.amount ?? 0n
    mine(bob, claim, 1001)
  }
  at(bob, 1006)
  t.is(summaryOf(bob)?.paidToUs, taken)
  t.true(taken > 900_000n, 'all of the channel but the fees')

  const { alice } = timeOut(20_000_000n, 2500)
  for (const claim of claims(at(alice, 1344))) mine(alice, claim, 1345)
  at(alice, 1444)
  const { durable } = alice.state
  if (durable.phase !== 'closed') return t.fail()
  const balance = (durable.finalBalanceMsat ?? 0n) / 1000n
  const { paidToUs } = durable.summary
  // The HTLC came back, and both claims, and the commitment, paid a fee.
  t.true(paidToUs > balance + 10_000n && paidToUs < balance + 20_000n, `${paidToUs} ${balance}`)
})

const COMMITMENTS = ['local', 'remote', 'revoked'] as const

/** What happens to a claim in a block: nothing, it is mined, or the peer takes an HTLC that we offered instead. */
const ACTS = ['wait', 'wait', 'mine', 'peer'] as const

const arbitraryRun = fc.record({
  whose: fc.constantFrom(...COMMITMENTS),
  amounts: fc.array(fc.oneof(fc.integer({ min: 340, max: 480 }), fc.integer({ min: 300, max: 30_000 })), {
    minLength: 1,
    maxLength: 4,
  }),
  blocks: fc.array(
    fc.record({
      feerate: fc.oneof(fc.constantFrom(253, 2500, DEAR), fc.integer({ min: 253, max: 400_000 })),
      acts: fc.array(fc.constantFrom(...ACTS), { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 20, maxLength: 90 },
  ),
})
type Run = typeof arbitraryRun extends fc.Arbitrary<infer T> ? T : never

/** A channel with HTLCs that one side offered, and its commitment on the chain. */
const closedOnChain = ({ whose, amounts }: Run): TestParty => {
  const two = ready()
  const { alice, bob } = two
  const us = whose === 'local' ? alice : bob
  for (const [n, amount] of amounts.entries()) two.add(us, n, BigInt(amount) * 1000n, 1010 + 10 * n)
  two.settle()
  const old = alice.state
  if (whose === 'revoked') {
    two.add(alice, 9, 40_000_000n)
    two.settle()
  }
  seeClose(us, closeOf(two, old))
  return us
}

test('BOLT 5, general nomenclature — a channel ends when every output is resolved, and each offered HTLC has one outcome by then', (t) => {
  fc.assert(
    fc.property(arbitraryRun, (run) => {
      const us = closedOnChain(run)
      const open = new Map<string, Claim>()
      const told = new Map<string, string>()
      const note = (effects: readonly Effect[]): void => {
        for (const claim of claims(effects)) open.set(formatOutPoint(claim.outpoint), claim)
        for (const each of outcomes(effects)) {
          const [id = '', type = ''] = each.split(' ')
          t.false(told.has(id), `told twice: ${each}`)
          told.set(id, type)
        }
      }
      const act = (height: number, feerate: number, acts: readonly (typeof ACTS)[number][]): void => {
        setFeerate(us, feerate)
        note(at(us, height))
        for (const [position, [name, claim]] of [...open].entries()) {
          const done = acts[position % acts.length]
          const { kind } = claim
          if (done === 'wait' || us.phase === 'closed') continue
          open.delete(name)
          const htlc = done === 'peer' && 'htlc' in kind && kind.type !== 'htlc-output' ? kind.htlc : undefined
          note(mine(us, claim, height, htlc === undefined ? claim.tx : takenBy(preimageOf(Number(htlc.id)), claim)))
        }
      }
      note(us.effects.slice())
      let height = 1000
      for (const { feerate, acts } of run.blocks) act(++height, feerate, acts)
      // In the end everything that was published is mined.
      while (us.phase !== 'closed' && height < 1700) act(++height, DEAR, ['mine'])
      t.is(us.phase, 'closed')
      t.deepEqual([...told.keys()].toSorted(), run.amounts.map((_, id) => `${id}`).toSorted())
    }),
    { seed: 30, numRuns: 60 },
  )
})
