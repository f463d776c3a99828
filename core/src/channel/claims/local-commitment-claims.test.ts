import test from 'ava'
import { p2tr } from '../../bitcoin/script.ts'
import { segwitV0Sighash } from '../../bitcoin/sighash.ts'
import { encodeTx, type Tx, txidOf, txWeight, withWitness } from '../../bitcoin/transaction.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { Signature } from '../../lib/ids.ts'
import { type CommitmentSpec, commitmentWeight } from '../commitment/commitment-spec.ts'
import { buildCommitment, type CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import { BOLT3, BOLT3_HTLCS, bolt3Keys, bolt3Params, bolt3Preimage } from '../commitment/fixtures/bolt3.ts'
import vectors from '../commitment/fixtures/bolt3-anchors.json' with { type: 'json' }
import { anchorClaim } from './anchor-claim.ts'
import { type Claim, claimTask, claimWitness } from './claim.ts'
import { type LocalCommitmentClose, localCommitmentClaims } from './local-commitment-claims.ts'
import { type ConfirmedSpend, revealedPreimages } from './on-chain-outcome.ts'

const params = bolt3Params()
const keys = bolt3Keys(params)
const spec: CommitmentSpec = {
  htlcs: [
    ...BOLT3_HTLCS.slice(0, 5),
    { ...BOLT3_HTLCS[0], id: 9n, amountMsat: 545_999n } as CommitmentSpec['htlcs'][0],
  ],
  feeratePerKw: 644,
  toLocalMsat: 6_987_454_001n,
  toRemoteMsat: 3_000_000_000n,
}
const commitment: CommitmentTransaction = buildCommitment({ params, keys, index: 42, spec })
const destination = p2tr(params.localFundingKey.slice(1))

const close = (over: Partial<LocalCommitmentClose> = {}): LocalCommitmentClose => ({
  params,
  keys,
  commitment,
  htlcs: spec.htlcs,
  remoteHtlcSignatures: commitment.htlcTransactions.map(({ task }) =>
    secp256k1.sign(task.digest, BOLT3.remoteHtlcSecret),
  ),
  confirmedAt: 400,
  blockHeight: 400,
  spends: [],
  preimageOf: () => undefined,
  destination,
  feeratePerKw: 1000,
  ...over,
})

/** Knows the preimages of HTLCs 1 and 4, both received. */
const preimageOf: LocalCommitmentClose['preimageOf'] = ({ id }) =>
  id === 1n || id === 4n ? bolt3Preimage(Number(id)) : undefined

const SECRETS = {
  funding: BOLT3.localFundingSecret,
  htlc: BOLT3.localHtlcSecret,
  'delayed-payment': BOLT3.localDelayedSecret,
} as const

const sign = (claim: Claim): Signature => {
  if (claim.key.type === 'payment' || claim.key.type === 'revocation')
    throw new Error('nothing of ours is paid to that key')
  return secp256k1.sign(claimTask(claim).digest, SECRETS[claim.key.type])
}
const signed = (claim: Claim): Tx => withWitness(claim.tx, 0, claimWitness(claim, sign(claim)))
const confirmed = (tx: Tx, height: number): ConfirmedSpend => ({ txid: txidOf(tx), tx, height })
const claimOf = (claims: readonly Claim[], type: Claim['kind']['type'], htlcId?: bigint): Claim => {
  const found = claims.find(({ kind }) => kind.type === type && (!('htlc' in kind) || kind.htlc.id === htlcId))
  if (found === undefined) throw new Error(`no ${type} claim`)
  return found
}
const summary = (claims: readonly Claim[]) =>
  claims.map(({ kind, publishableFrom }) => [kind.type, 'htlc' in kind ? kind.htlc.id : undefined, publishableFrom])

test('BOLT 5, unilateral close, local commitment — HTLCs of both directions are handled, each from the height at which it can be', (t) => {
  const { claims, outcomes, resolvedAt } = localCommitmentClaims(close({ preimageOf }))
  t.deepEqual(summary(claims), [
    ['to-local', undefined, 543],
    ['htlc-timeout', 2n, 502],
    ['htlc-success', 1n, 400],
    ['htlc-timeout', 3n, 503],
    ['htlc-success', 4n, 400],
  ])
  t.deepEqual(
    outcomes.map(({ htlc, outcome }) => [htlc.id, outcome.type]),
    [
      [0n, 'pending'],
      [1n, 'pending'],
      [2n, 'pending'],
      [3n, 'pending'],
      [4n, 'pending'],
      [9n, 'no-output'],
    ],
  )
  t.is(resolvedAt, undefined)
})

test('our commitment — the same claims are made again from the same inputs', (t) => {
  t.deepEqual(localCommitmentClaims(close({ preimageOf })), localCommitmentClaims(close({ preimageOf })))
})

test('BOLT 3, HTLC-timeout and HTLC-success transactions — HTLC transactions are those of appendix F, once signed', (t) => {
  const vector = vectors.cases[2]
  const { claims } = localCommitmentClaims(close({ preimageOf }))
  const bolt = buildCommitment({
    params,
    keys,
    index: 42,
    spec: { ...spec, htlcs: spec.htlcs.slice(0, 5), toLocalMsat: 6_988_000_000n },
  })
  t.is(vector?.name, 'commitment tx with seven outputs untrimmed')
  const again = localCommitmentClaims(
    close({
      preimageOf,
      commitment: bolt,
      remoteHtlcSignatures: bolt.htlcTransactions.map(({ task }) =>
        secp256k1.sign(task.digest, BOLT3.remoteHtlcSecret),
      ),
    }),
  )
  t.is(again.claims.length, claims.length)
  for (const claim of again.claims) {
    if (claim.kind.type !== 'htlc-success' && claim.kind.type !== 'htlc-timeout') continue
    const position = bolt.htlcTransactions.findIndex(({ outputIndex }) => outputIndex === claim.outpoint.index)
    const expected = vector?.htlcTransactions[position]?.tx
    t.is(Buffer.from(encodeTx(signed(claim))).toString('hex'), expected ?? '')
  }
})

test('BOLT 5, generation of HTLC transactions — an HTLC transaction without a fee gets inputs that pay for it', (t) => {
  const { claims } = localCommitmentClaims(close({ preimageOf, feeratePerKw: 2000 }))
  for (const [type, id, weight] of [
    ['htlc-success', 4n, 706],
    ['htlc-timeout', 3n, 666],
  ] as const) {
    const claim = claimOf(claims, type, id)
    t.deepEqual(claim.fee, { type: 'wallet', baseFee: BigInt(weight * 2), feeratePerKw: 2000 })
    t.true(txWeight(signed(claim)) <= weight)
  }
})

test('BOLT 5, generation of HTLC transactions — the peer’s signature lets inputs and outputs be added', (t) => {
  const claim = claimOf(localCommitmentClaims(close({ preimageOf })).claims, 'htlc-success', 4n)
  const funded: Tx = {
    ...claim.tx,
    inputs: [
      ...claim.tx.inputs,
      { outpoint: { txid: new Uint8Array(32).fill(7), index: 1 }, sequence: 0, scriptSig: EMPTY, witness: [] },
    ],
    outputs: [...claim.tx.outputs, { amount: 5000n, script: destination }],
  }
  const remote = segwitV0Sighash({
    tx: funded,
    inputIndex: 0,
    scriptCode: claim.lock.witnessScript,
    amount: claim.amount,
    sighashType: 0x83,
  })
  if (claim.path.type !== 'htlc-transaction') return t.fail()
  t.true(secp256k1.verify(claim.path.remoteSignature, remote, keys.remoteHtlcKey))
  t.notDeepEqual(claimTask(claim, funded), claimTask(claim))
})

test('BOLT 5, generation of HTLC transactions — our own signature covers every input and output', (t) => {
  for (const [type, id] of [
    ['htlc-success', 4n],
    ['htlc-timeout', 3n],
  ] as const) {
    const claim = claimOf(localCommitmentClaims(close({ preimageOf })).claims, type, id)
    const witness = claimWitness(claim, sign(claim))
    // BOLT 3: the peer's first, then ours, each with its sighash type.
    t.deepEqual([witness[1]?.at(-1), witness[2]?.at(-1)], [0x83, 0x01])
    const { amount, lock } = claim
    const all = { tx: claim.tx, inputIndex: 0, scriptCode: lock.witnessScript, amount, sighashType: 0x01 }
    t.true(secp256k1.verify(sign(claim), segwitV0Sighash(all), keys.localHtlcKey))
    const [output] = claim.tx.outputs
    if (output === undefined) return t.fail()
    const more: Tx = { ...claim.tx, outputs: [output, { amount: 1n, script: destination }] }
    t.false(secp256k1.verify(sign(claim), segwitV0Sighash({ ...all, tx: more }), keys.localHtlcKey))
  }
})

test('a to_local claim — pays the destination all but its fee, and is signed by the delayed key', (t) => {
  const claim = claimOf(localCommitmentClaims(close()).claims, 'to-local')
  const tx = signed(claim)
  if (claim.fee.type !== 'included') return t.fail()
  const { fee } = claim.fee
  t.is(fee, BigInt(txWeight(tx)) + 73n - BigInt(tx.inputs[0]?.witness[0]?.length ?? 0))
  t.deepEqual(tx.outputs, [{ amount: claim.amount - fee, script: destination }])
  t.is(tx.inputs[0]?.sequence, params.toSelfDelay)
  t.true(secp256k1.verify(sign(claim), claimTask(claim).digest, keys.localDelayedKey))
})

test('a delayed output — pays half of itself at a rate that would eat it up, and is open at any rate', (t) => {
  const claim = claimOf(localCommitmentClaims(close({ feeratePerKw: 20_000_000 })).claims, 'to-local')
  const half = claim.amount / 2n
  t.deepEqual(claim.tx.outputs, [{ amount: claim.amount - half, script: destination }])
  t.deepEqual(claim.fee, { type: 'included', fee: half })
})

test('a delayed output — is nobody’s from its block on if it is not worth the lowest fee that relays', (t) => {
  const worth = (toLocalMsat: bigint) => {
    const only = { ...spec, htlcs: [], toLocalMsat, feeratePerKw: 253 }
    const small = { ...params, localIsOpener: false, dustLimit: 354n }
    const built = buildCommitment({ params: small, keys, index: 42, spec: only })
    return localCommitmentClaims(
      close({ params: small, commitment: built, htlcs: [], feeratePerKw: 253, blockHeight: 600 }),
    )
  }
  // The least output that relays, and 134 sat for its transaction.
  const { claims, outputs, resolvedAt } = worth(463_000n)
  t.deepEqual([claims, outputs.length, resolvedAt], [[], 1, 400])
  t.is(worth(464_000n).claims.length, 1)
})

test('BOLT 5, local commitment, local offers — the output of an HTLC-timeout transaction is resolved after its delay', (t) => {
  const first = localCommitmentClaims(close({ preimageOf, blockHeight: 510 }))
  const success = confirmed(signed(claimOf(first.claims, 'htlc-success', 4n)), 420)
  const timeout = confirmed(signed(claimOf(first.claims, 'htlc-timeout', 3n)), 505)
  const next = localCommitmentClaims(close({ preimageOf, blockHeight: 510, spends: [success, timeout] }))
  t.deepEqual(summary(next.claims), [
    ['to-local', undefined, 543],
    ['htlc-timeout', 2n, 502],
    ['htlc-success', 1n, 400],
    ['htlc-output', 3n, 648],
    ['htlc-output', 4n, 563],
  ])
  const output = claimOf(next.claims, 'htlc-output', 4n)
  t.deepEqual(output.outpoint, { txid: success.txid, index: 0 })
  t.is(output.amount, 4000n)
  t.true(secp256k1.verify(sign(output), claimTask(output).digest, keys.localDelayedKey))
  t.deepEqual(
    next.outcomes.map(({ outcome }) => outcome),
    [
      { type: 'pending' },
      { type: 'pending' },
      { type: 'pending' },
      { type: 'timed-out-by-us', height: 505 },
      { type: 'fulfilled-by-us', height: 420 },
      { type: 'no-output' },
    ],
  )
})

/** The transaction by which the peer takes the output of an HTLC of our commitment. */
const peerSpend = (htlcId: bigint, item: Uint8Array): Tx => {
  const transaction = commitment.htlcTransactions.find(({ htlc }) => htlc.id === htlcId)
  if (transaction === undefined) throw new Error('no such output')
  return {
    version: 2,
    inputs: [
      { outpoint: { txid: new Uint8Array(32), index: 0 }, sequence: 0, scriptSig: EMPTY, witness: [] },
      {
        outpoint: { txid: commitment.txid, index: transaction.outputIndex },
        sequence: 1,
        scriptSig: EMPTY,
        witness: [new Uint8Array(71).fill(0x30), item, transaction.lock.witnessScript],
      },
    ],
    outputs: [{ amount: 1000n, script: destination }],
    lockTime: 0,
  }
}

test('BOLT 5, local commitment, local offers — the preimage is read from the witness of the peer’s spend, in the mempool and in a block', (t) => {
  const tx = peerSpend(3n, bolt3Preimage(3))
  const { outputs } = localCommitmentClaims(close())
  t.deepEqual(revealedPreimages(outputs, tx), [{ htlc: spec.htlcs[3] as never, preimage: bolt3Preimage(3) }])
  t.deepEqual(revealedPreimages(outputs, peerSpend(3n, bolt3Preimage(2))), [])
  const { claims, outcomes } = localCommitmentClaims(close({ blockHeight: 450, spends: [confirmed(tx, 450)] }))
  t.deepEqual(outcomes[3]?.outcome, { type: 'fulfilled-by-peer', preimage: bolt3Preimage(3), height: 450 })
  t.deepEqual(summary(claims), [
    ['to-local', undefined, 543],
    ['htlc-timeout', 2n, 502],
  ])
})

test('our commitment — is resolved once every output that concerns us is', (t) => {
  const first = localCommitmentClaims(close({ preimageOf, blockHeight: 510 }))
  const second = first.claims.map((claim) => confirmed(signed(claim), 520))
  const later = localCommitmentClaims(close({ preimageOf, blockHeight: 530, spends: second }))
  t.is(later.resolvedAt, undefined)
  t.is(later.claims.length, 4)
  const third = later.claims.map((claim) => confirmed(signed(claim), 700))
  const done = localCommitmentClaims(close({ preimageOf, blockHeight: 700, spends: [...second, ...third] }))
  t.deepEqual(done.claims, [])
  t.is(done.resolvedAt, 700)
})

test('BOLT 5, local commitment, remote offers — a received HTLC without preimage is not spent, and is the peer’s once it has expired', (t) => {
  const only = { ...spec, htlcs: BOLT3_HTLCS.slice(0, 1), toLocalMsat: 0n }
  const without = {
    commitment: buildCommitment({ params, keys, index: 42, spec: only }),
    htlcs: only.htlcs,
    remoteHtlcSignatures: [EMPTY],
  }
  t.is(localCommitmentClaims(close({ ...without, blockHeight: 499 })).resolvedAt, undefined)
  t.is(localCommitmentClaims(close({ ...without, blockHeight: 500 })).resolvedAt, 500)
})

test('BOLT 5, failing a channel — our anchor is spent with the fee that the commitment lacks', (t) => {
  const claim = anchorClaim({ params, keys, commitment, feeratePerKw: 5000, blockHeight: 400, preimageOf })
  if (claim === undefined) return t.fail()
  const parent = commitmentWeight(params.format, 5)
  t.true(secp256k1.verify(sign(claim), claimTask(claim).digest, params.localFundingKey))
  const child = txWeight({ ...signed(claim), outputs: [] })
  const { fee } = claim
  if (fee.type !== 'wallet') return t.fail()
  const whole = (BigInt(parent + child) * 5000n) / 1000n - commitment.fee
  t.true(fee.baseFee >= whole && fee.baseFee <= whole + 15n, `${fee.baseFee} ${whole}`)
})

test('HTLCs of our commitment whose transactions cost more than they may — are not waited for: those that we offered are given up at their expiry', (t) => {
  const small = bolt3Params(354n)
  const htlcs = [
    { ...BOLT3_HTLCS[2], amountMsat: 372_825n },
    { ...BOLT3_HTLCS[1], amountMsat: 372_825n },
  ] as CommitmentSpec['htlcs']
  const ours = buildCommitment({ params: small, keys, index: 42, spec: { ...spec, feeratePerKw: 253, htlcs } })
  t.is(ours.htlcTransactions.length, 2)
  const at = (blockHeight: number) =>
    localCommitmentClaims(
      close({
        params: small,
        commitment: ours,
        htlcs,
        remoteHtlcSignatures: ours.htlcTransactions.map(() => new Uint8Array(64)),
        blockHeight,
        preimageOf,
        spends: [confirmed({ ...ours.tx, inputs: [{ ...input(ours), sequence: 144 }] }, 410)],
      }),
    )
  const [offered] = htlcs
  const before = at((offered?.cltvExpiry ?? 0) - 1)
  t.deepEqual(before.claims, [])
  t.is(before.resolvedAt, undefined)
  t.deepEqual(
    before.outcomes.map(({ outcome }) => outcome.type),
    ['pending', 'pending'],
  )
  const after = at(offered?.cltvExpiry ?? 0)
  t.is(after.resolvedAt, offered?.cltvExpiry)
  t.deepEqual(
    after.outcomes.map(({ outcome }) => outcome.type),
    ['given-up', 'pending'],
  )
})

/** Spends its main output of ours. */
const input = ({ txid, outputs }: CommitmentTransaction): Tx['inputs'][0] => ({
  outpoint: { txid, index: outputs.toLocal ?? 0 },
  sequence: 0,
  scriptSig: EMPTY,
  witness: [],
})
