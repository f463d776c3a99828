import test from 'ava'
import { p2tr } from '../../bitcoin/script.ts'
import { type Tx, txidOf, txWeight, withWitness } from '../../bitcoin/transaction.ts'
import { deriveRevocationPrivateKey } from '../../crypto/commitment-keys.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { deriveCommitmentKeys } from '../commitment/commitment-keys.ts'
import type { CommitmentSpec, SpecHtlc } from '../commitment/commitment-spec.ts'
import { buildCommitment } from '../commitment/commitment-transaction.ts'
import { BOLT3, BOLT3_HTLCS, bolt3Params } from '../commitment/fixtures/bolt3.ts'
import { type Claim, claimTask, claimWitness } from './claim.ts'
import { CONFIRMED_AT, ofRevokedCommitment } from './fixtures/many-htlcs.ts'
import { type RevokedCommitmentClose, revokedCommitmentClaims } from './revoked-commitment-claims.ts'

// BOLT 3, appendix E: the basepoint's secret and the per-commitment secret of its vectors, of which the second is appendix C's, too.
const REVOCATION_SECRET = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
const vector = bolt3Params()
const params = {
  ...vector,
  remoteBasepoints: { ...vector.remoteBasepoints, revocation: secp256k1.publicKey(REVOCATION_SECRET) },
}
const { perCommitmentSecret } = BOLT3
const keys = deriveCommitmentKeys(params, secp256k1.publicKey(perCommitmentSecret))
const spec: CommitmentSpec = {
  htlcs: BOLT3_HTLCS.slice(0, 5),
  feeratePerKw: 644,
  toLocalMsat: 6_988_000_000n,
  toRemoteMsat: 3_000_000_000n,
}
const { tx } = buildCommitment({ params, keys, index: 42, spec })
const seenByUs = (htlc: SpecHtlc): SpecHtlc => ({
  ...htlc,
  direction: htlc.direction === 'offered' ? 'received' : 'offered',
})

const close = (over: Partial<RevokedCommitmentClose> = {}): RevokedCommitmentClose => ({
  params,
  keys,
  perCommitmentSecret,
  tx,
  confirmedAt: 400,
  blockHeight: 400,
  spends: [],
  htlcs: spec.htlcs.map(seenByUs),
  destination: p2tr(params.localFundingKey.slice(1)),
  feeratePerKw: 253,
  ...over,
})

const key = deriveRevocationPrivateKey(REVOCATION_SECRET, perCommitmentSecret)
const signed = (claim: Claim): Tx => {
  const secret = claim.key.type === 'payment' ? BOLT3.remotePaymentSecret : key
  return withWitness(claim.tx, 0, claimWitness(claim, secp256k1.sign(claimTask(claim).digest, secret)))
}
const summary = (claims: readonly Claim[]) =>
  claims
    .map(({ kind, publishableFrom }) => `${kind.type} ${'htlc' in kind ? kind.htlc.id : '-'} from ${publishableFrom}`)
    .toSorted()

test('BOLT 3, appendix E — the key of a penalty is the revocation key published', (t) => {
  t.is(toHex(key), 'd09ffff62ddb2297ab000cc85bcb4283fdeb6aa052affbc9dddcf33b61078110')
  t.deepEqual(secp256k1.publicKey(key), keys.revocationKey)
})

test('BOLT 5, revoked transaction close — each output of a revoked commitment has a penalty of its own', (t) => {
  const { claims, resolvedAt } = revokedCommitmentClaims(close())
  t.deepEqual(summary(claims), [
    'htlc-penalty 0 from 400',
    'htlc-penalty 1 from 400',
    'htlc-penalty 2 from 400',
    'htlc-penalty 3 from 400',
    'htlc-penalty 4 from 400',
    'penalty - from 400',
    'to-remote - from 400',
  ])
  t.is(resolvedAt, undefined)
  const spends = claims.map((claim) => ({ tx: signed(claim), txid: txidOf(signed(claim)), height: 402 }))
  const done = revokedCommitmentClaims(close({ spends, blockHeight: 402 }))
  t.deepEqual([done.claims, done.resolvedAt], [[], 402])
})

test('BOLT 5, penalty transactions weight calculation — penalties weigh what appendix A reckons, and three more for the delay that anchors put into HTLC scripts', (t) => {
  const { claims } = revokedCommitmentClaims(close({ feeratePerKw: 1000 }))
  for (const claim of claims) {
    const weight = params.format.spendWitnessWeight(claim.lock, claim.path)
    if (claim.fee.type !== 'included') return t.fail()
    const difference = Number(claim.fee.fee) - txWeight(signed(claim))
    t.true(difference >= 0 && difference <= 3, `${claim.kind.type}: ${difference}`)
    // It reckons with a delay of 8 bytes, of which ours has 2, and with an expiry of 3, of which ours has 2; and it counts the length of the
    // 1 that chooses the condition, and not the 1 itself.
    if (claim.kind.type === 'penalty') t.is(weight, 160 - 6 + 1)
    else if (claim.kind.type === 'htlc-penalty') {
      t.is(weight, claim.kind.htlc.direction === 'received' ? 243 + 3 : 249 + 3 - 1)
    }
  }
})

test('a penalty — is to be in a block before the first that can hold the spend of the peer, after its delay', (t) => {
  const deadlines = (claims: readonly Claim[]) =>
    new Set(
      claims.flatMap(({ kind, stakes }) =>
        kind.type === 'penalty' || kind.type === 'htlc-penalty' ? [`${kind.type} ${stakes.deadline}`] : [],
      ),
    )
  // BIP 68: an output of block 400 that has a delay of 144 can be spent in block 544.
  t.is(CONFIRMED_AT, 400)
  t.is(params.toSelfDelay, 144)
  t.deepEqual(deadlines(ofRevokedCommitment()), new Set(['htlc-penalty 543', 'penalty 543']))
  // The delay of what the peer has taken by an HTLC transaction starts with that.
  t.deepEqual(deadlines(ofRevokedCommitment(410)), new Set(['penalty 543', 'penalty 553']))
})

test('HTLCs that have ended since — are not known by their hashes, and keep the channel until the peer takes them', (t) => {
  const { claims, outputs, resolvedAt, outcomes, others } = revokedCommitmentClaims(close({ htlcs: [] }))
  t.deepEqual(summary(claims), ['penalty - from 400', 'to-remote - from 400'])
  // All but the anchors are watched.
  t.is(outputs.length, tx.outputs.length - 2)
  t.deepEqual([resolvedAt, outcomes, others], [undefined, [], 'no-output'])
})
