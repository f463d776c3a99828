import test from 'ava'
import { txWeight } from '../../bitcoin/transaction.ts'
import { atFeerate, type Claim } from './claim.ts'
import {
  CONFIRMED_AT,
  EXPIRY,
  ofOurCommitment,
  ofOurRevokedCommitment,
  ofPeersCommitment,
  ofRevokedCommitment,
  weighed,
} from './fixtures/many-htlcs.ts'
import { groupClaims, joinClaims } from './joint-claim.ts'

const HEIGHT = EXPIRY + 200

/** Of what there is more than one in a group: how many of which. */
const joined = (claims: readonly Claim[], height: number) =>
  groupClaims(claims, height)
    .filter((group) => group.length > 1)
    .map((group) => `${group.length} ${[...new Set(group.map(({ kind }) => kind.type))].join()}`)

test('claims that nobody else can ever make — are made by one transaction', (t) => {
  const claims = ofOurCommitment()
  t.is(claims.length, 21)
  // The balance may pay far more, and would wait for the others.
  t.deepEqual(joined(claims, HEIGHT), ['20 htlc-output'])
  // Two of like worth, in spite of what they are.
  const [balance] = claims
  if (balance === undefined) return t.fail()
  const little = { ...balance, stakes: { budget: 25_000n } }
  t.deepEqual(joined([little, ...claims.slice(1)], HEIGHT), ['21 to-local,htlc-output'])
})

test('claims that the peer may make from a height on — are together until that is near, those of each height for themselves', (t) => {
  const claims = ofPeersCommitment()
  t.deepEqual(joined(claims, CONFIRMED_AT), ['10 received-htlc'])
  t.deepEqual(joined(claims, EXPIRY - 36), ['10 received-htlc'])
  t.deepEqual(joined(claims, EXPIRY - 35), [])
  const received = claims.filter(({ kind }) => kind.type === 'received-htlc')
  const apart = received.map((claim, position) => {
    const deadline = EXPIRY + (position % 2)
    return { ...claim, stakes: { ...claim.stakes, deadline, contestedFrom: deadline } }
  })
  t.deepEqual(joined(apart, CONFIRMED_AT), ['5 received-htlc', '5 received-htlc'])
})

test('what the peer may take at any time — is claimed alone', (t) => {
  const alone = (claims: readonly Claim[], height: number) =>
    groupClaims(claims, height).flatMap((group) => (group.length === 1 ? [group[0].kind.type] : []))
  // HTLCs that we offered, which its preimage takes; and what we have revoked ourselves.
  t.deepEqual(alone(ofPeersCommitment(), EXPIRY).filter((type) => type === 'offered-htlc').length, 10)
  t.is(alone(ofOurRevokedCommitment(), HEIGHT).length, ofOurRevokedCommitment().length)
  t.is(ofOurRevokedCommitment().length, 21)
})

test('BOLT 5, revoked transaction close — the penalty of the main output waits for none that the peer can hold up', (t) => {
  // Whatever it is worth.
  const early = ofRevokedCommitment().map((claim) =>
    claim.kind.type === 'penalty' ? { ...claim, stakes: { ...claim.stakes, budget: 40_000n } } : claim,
  )
  const groups = groupClaims(early, CONFIRMED_AT)
  const ofMain = groups.find((group) => group.some(({ kind }) => kind.type === 'penalty'))
  t.is(ofMain?.length, 1)
  // The HTLCs that the peer offered are its own again only once they have expired.
  t.deepEqual(joined(early, CONFIRMED_AT), ['10 htlc-penalty'])
  t.true(
    groups.every(
      (group) => group.length === 1 || group.every(({ kind }) => 'htlc' in kind && kind.htlc.direction === 'received'),
    ),
  )
  t.deepEqual(joined(early, EXPIRY - 35), [])
  // What it has taken by HTLC transactions is ours until its delay is over.
  t.deepEqual(joined(ofRevokedCommitment(CONFIRMED_AT + 1), CONFIRMED_AT + 1), ['20 penalty'])
})

test('claims of one transaction — cost it all that they may pay together, and weigh what it weighs', (t) => {
  for (const claims of [ofOurCommitment().slice(1), ofRevokedCommitment(CONFIRMED_AT + 1).slice(2)]) {
    const [first, ...others] = claims
    if (first === undefined) return t.fail()
    const joint = atFeerate(joinClaims([first, ...others]), 2_500)
    const sum = (of: (claim: Claim) => bigint): bigint => claims.reduce((all, claim) => all + of(claim), 0n)
    t.is(
      joint.stakes.budget,
      sum(({ stakes }) => stakes.budget),
    )
    t.is(joint.stakes.deadline, first.stakes.deadline)
    // BOLT 3, appendix A reckons with signatures of 73 bytes; those of low S have one less.
    t.is(joint.weight - txWeight(weighed(joint)), claims.length)
    if (joint.fee.type !== 'included') return t.fail()
    t.is(joint.fee.fee, (2_500n * BigInt(joint.weight)) / 1000n)
    t.is(joint.tx.outputs.length, 1)
    t.is(joint.tx.outputs[0]?.amount, sum(({ amount }) => amount) - joint.fee.fee)
    t.deepEqual(
      joint.tx.inputs.map(({ sequence }) => sequence),
      claims.map(({ tx }) => tx.inputs[0]?.sequence),
    )
  }
})

test('twenty HTLCs — what takes all of them together weighs a third less than what takes each; a seventh less where half of them may be together', (t) => {
  const saved = (claims: readonly Claim[], height: number): number => {
    const weight = (each: readonly Claim[]): number => each.reduce((sum, claim) => sum + txWeight(weighed(claim)), 0)
    const single = weight(claims)
    const together = weight(groupClaims(claims, height).map((group) => joinClaims(group)))
    t.log(`${claims.length} claims: ${single} weight units, ${together} in groups`)
    return (single - together) / single
  }
  t.true(saved(ofOurCommitment(), HEIGHT) > 0.34)
  t.true(saved(ofPeersCommitment(), CONFIRMED_AT) > 0.14)
  t.true(saved(ofRevokedCommitment(), CONFIRMED_AT) > 0.14)
  t.true(saved(ofRevokedCommitment(CONFIRMED_AT + 1), CONFIRMED_AT + 1) > 0.34)
})

test('more claims than one transaction should hold — are made by several', (t) => {
  const [, claim] = ofOurCommitment()
  if (claim === undefined) return t.fail()
  const many = Array.from({ length: 250 }, (_, index) => ({ ...claim, outpoint: { ...claim.outpoint, index } }))
  t.deepEqual(
    groupClaims(many, HEIGHT).map(({ length }) => length),
    [100, 100, 50],
  )
})
