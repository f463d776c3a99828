import test from 'ava'
import { p2tr } from '../../bitcoin/script.ts'
import { type Tx, txidOf, txWeight, withWitness } from '../../bitcoin/transaction.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { CommitmentSpec, SpecHtlc } from '../commitment/commitment-spec.ts'
import { buildCommitment } from '../commitment/commitment-transaction.ts'
import { BOLT3, BOLT3_HTLCS, bolt3Keys, bolt3Params, bolt3Preimage } from '../commitment/fixtures/bolt3.ts'
import { type Claim, claimTask, claimWitness } from './claim.ts'
import { type ConfirmedSpend, revealedPreimages } from './on-chain-outcome.ts'
import { remoteCommitmentClaims } from './remote-commitment-claims.ts'
import type { CommitmentClose } from './resolution.ts'
import { unknownCommitmentClaims } from './unknown-commitment-claims.ts'

// The commitment of BOLT 3, appendix C, with the HTLCs of its vectors, is the peer's here: we are its "remote". So 0, 1 and 4 are HTLCs
// that we offered, 2 and 3 are ours to take.
const params = bolt3Params()
const keys = bolt3Keys(params)
const dust: SpecHtlc = { ...(BOLT3_HTLCS[0] as SpecHtlc), id: 9n, amountMsat: 545_999n }
const spec: CommitmentSpec = {
  htlcs: [...BOLT3_HTLCS.slice(0, 5), dust],
  feeratePerKw: 644,
  toLocalMsat: 6_987_454_001n,
  toRemoteMsat: 3_000_000_000n,
}
const commitment = buildCommitment({ params, keys, index: 42, spec })
const destination = p2tr(params.localFundingKey.slice(1))

const close = (over: Partial<CommitmentClose> = {}): CommitmentClose => ({
  params,
  keys,
  commitment,
  htlcs: spec.htlcs,
  confirmedAt: 400,
  blockHeight: 400,
  spends: [],
  preimageOf: ({ id }) => (id === 3n ? bolt3Preimage(3) : undefined),
  destination,
  feeratePerKw: 253,
  ...over,
})

const signed = (claim: Claim): Tx => {
  const secret = claim.key.type === 'payment' ? BOLT3.remotePaymentSecret : BOLT3.remoteHtlcSecret
  return withWitness(claim.tx, 0, claimWitness(claim, secp256k1.sign(claimTask(claim).digest, secret)))
}
const confirmed = (tx: Tx, height: number): ConfirmedSpend => ({ txid: txidOf(tx), tx, height })
const summary = (claims: readonly Claim[]) =>
  claims.map(({ kind, publishableFrom }) => [kind.type, 'htlc' in kind ? kind.htlc.id : undefined, publishableFrom])
const outcomesOf = (over: Partial<CommitmentClose> = {}) =>
  remoteCommitmentClaims(close(over)).outcomes.map(({ htlc, outcome }) => [htlc.id, htlc.direction, outcome.type])
const claimOf = (id: bigint, over: Partial<CommitmentClose> = {}): Claim => {
  const found = remoteCommitmentClaims(close(over)).claims.find(({ kind }) => 'htlc' in kind && kind.htlc.id === id)
  if (found === undefined) throw new Error(`no claim of HTLC ${id}`)
  return found
}

test('BOLT 5, unilateral close, remote commitment — each output is handled: our main output, HTLCs with a preimage, and those that we offered', (t) => {
  const { claims, resolvedAt, outputs, others } = remoteCommitmentClaims(close())
  t.deepEqual(summary(claims), [
    ['to-remote', undefined, 400],
    ['offered-htlc', 0n, 500],
    ['offered-htlc', 1n, 501],
    ['received-htlc', 3n, 400],
    ['offered-htlc', 4n, 504],
  ])
  t.is(resolvedAt, undefined)
  t.is(others, 'no-output')
  // Our main output, and every HTLC: whoever takes it, it concerns us.
  t.is(outputs.length, 6)
  t.deepEqual(outcomesOf(), [
    [0n, 'offered', 'pending'],
    [1n, 'offered', 'pending'],
    [2n, 'received', 'pending'],
    [3n, 'received', 'pending'],
    [4n, 'offered', 'pending'],
    [9n, 'offered', 'no-output'],
  ])
})

test('claims in the peer’s commitment — are signed by our payment and HTLC keys, and pay for what they weigh', (t) => {
  for (const claim of remoteCommitmentClaims(close({ feeratePerKw: 1000 })).claims) {
    const key = claim.key.type === 'payment' ? params.remoteBasepoints.payment : keys.remoteHtlcKey
    const secret = claim.key.type === 'payment' ? BOLT3.remotePaymentSecret : BOLT3.remoteHtlcSecret
    t.true(secp256k1.verify(secp256k1.sign(claimTask(claim).digest, secret), claimTask(claim).digest, key))
    if (claim.fee.type !== 'included') return t.fail()
    const tx = signed(claim)
    // The longest signature has 73 bytes; a signature may be a few bytes shorter.
    const difference = Number(claim.fee.fee) - txWeight(tx)
    t.true(difference >= 0 && difference <= 4, `${claim.kind.type}: ${difference}`)
    t.deepEqual(tx.outputs, [{ amount: claim.amount - claim.fee.fee, script: destination }])
    // BOLT 3, with anchors every output but the anchors waits for one block.
    t.is(tx.inputs[0]?.sequence, 1)
  }
})

test('BOLT 5, remote commitment, remote offers — of two HTLCs of one hash only the one that we have decided to fulfil is taken', (t) => {
  // The fifth and sixth of appendix C share a preimage.
  const twins = { ...spec, htlcs: BOLT3_HTLCS.slice(5, 7), toLocalMsat: 6_987_999_999n }
  const built = buildCommitment({ params, keys, index: 42, spec: twins })
  const { claims } = remoteCommitmentClaims(
    close({
      commitment: built,
      htlcs: twins.htlcs,
      preimageOf: ({ id }) => (id === 6n ? bolt3Preimage(6) : undefined),
    }),
  )
  t.deepEqual(summary(claims), [
    ['to-remote', undefined, 400],
    ['received-htlc', 6n, 400],
  ])
})

test('BOLT 5, remote commitment, local offers — the preimage is read from the witness of the peer’s HTLC-success, in the mempool and in a block', (t) => {
  const transaction = commitment.htlcTransactions.find(({ htlc }) => htlc.id === 4n)
  if (transaction === undefined) return t.fail()
  const { tx, lock } = transaction
  const theirs = withWitness(tx, 0, [
    EMPTY,
    new Uint8Array(71),
    new Uint8Array(71),
    bolt3Preimage(4),
    lock.witnessScript,
  ])
  const { outputs } = remoteCommitmentClaims(close())
  t.deepEqual(
    revealedPreimages(outputs, theirs).map(({ htlc, preimage }) => [htlc.id, preimage]),
    [[4n, bolt3Preimage(4)]],
  )
  const after = remoteCommitmentClaims(close({ blockHeight: 450, spends: [confirmed(theirs, 450)] }))
  t.deepEqual(after.outcomes[4]?.outcome, { type: 'fulfilled-by-peer', preimage: bolt3Preimage(4), height: 450 })
  t.false(after.claims.some(({ kind }) => 'htlc' in kind && kind.htlc.id === 4n))
})

test('the peer’s commitment — is resolved once each output is taken, or is the peer’s alone', (t) => {
  const { claims } = remoteCommitmentClaims(close({ blockHeight: 510 }))
  const spends = claims.map((claim, position) => confirmed(signed(claim), 505 + position))
  const done = remoteCommitmentClaims(close({ blockHeight: 600, spends }))
  t.deepEqual(done.claims, [])
  t.is(done.resolvedAt, 509)
  t.deepEqual(outcomesOf({ blockHeight: 600, spends }), [
    [0n, 'offered', 'timed-out-by-us'],
    [1n, 'offered', 'timed-out-by-us'],
    // Without a preimage it was never ours.
    [2n, 'received', 'pending'],
    [3n, 'received', 'fulfilled-by-us'],
    [4n, 'offered', 'timed-out-by-us'],
    [9n, 'offered', 'no-output'],
  ])
  // Before the expiry of the one without a preimage it might still be learnt.
  t.is(remoteCommitmentClaims(close({ blockHeight: 501, spends })).resolvedAt, undefined)
})

test('an HTLC that we offered — is claimed at any rate, for the least amount that relays if need be', (t) => {
  const claim = claimOf(0n, { feeratePerKw: 3000, blockHeight: 500 })
  t.is(claim.publishableFrom, 500)
  t.deepEqual(claim.tx.outputs, [{ amount: 330n, script: destination }])
})

test('an HTLC that we offered and that is not worth the lowest fee that relays — is given up from its expiry, or its block, on', (t) => {
  const small = { ...params, dustLimit: 354n }
  const htlc: SpecHtlc = { ...(BOLT3_HTLCS[0] as SpecHtlc), amountMsat: 400_000n }
  const built = buildCommitment({ params: small, keys, index: 42, spec: { ...spec, htlcs: [htlc], feeratePerKw: 253 } })
  for (const feeratePerKw of [253, 100_000]) {
    const outcome = (over: Partial<CommitmentClose>) =>
      remoteCommitmentClaims(close({ params: small, commitment: built, htlcs: [htlc], feeratePerKw, ...over }))
        .outcomes[0]?.outcome
    t.is(built.htlcTransactions.length, 1)
    // Until then the peer may show the preimage.
    t.deepEqual(outcome({ blockHeight: 499 }), { type: 'pending' })
    for (const blockHeight of [500, 900]) t.deepEqual(outcome({ blockHeight }), { type: 'given-up', height: 500 })
    t.deepEqual(outcome({ confirmedAt: 700, blockHeight: 700 }), { type: 'given-up', height: 700 })
  }
})

test('a commitment that we do not know — pays our main output to a key that never changes, and keeps all HTLCs open', (t) => {
  const unknown = { tx: commitment.tx, confirmedAt: 400, isLost: true, offered: [] }
  const { claims, outcomes, others, resolvedAt } = unknownCommitmentClaims(close(), unknown)
  t.deepEqual(summary(claims), [['to-remote', undefined, 400]])
  t.deepEqual([outcomes, others, resolvedAt], [[], 'pending', undefined])
  const [claim] = claims
  if (claim === undefined) return t.fail()
  t.deepEqual(claim, remoteCommitmentClaims(close()).claims[0])
  const spends = [confirmed(signed(claim), 402)]
  t.deepEqual(unknownCommitmentClaims(close({ spends }), unknown).claims, [])
})
