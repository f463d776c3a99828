import test from 'ava'
import { feeForWeight } from '../../bitcoin/fees.ts'
import { p2tr, p2wpkh } from '../../bitcoin/script.ts'
import { type Tx, txidOf, txWeight, withWitness } from '../../bitcoin/transaction.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { satToMsat } from '../../lib/units.ts'
import { walletRig } from '../../wallet/wallet-rig.ts'
import { ecdsa } from '../../wire/funding-signature.ts'
import { anchorClaim } from '../claims/anchor-claim.ts'
import { type Claim, claimWitness } from '../claims/claim.ts'
import { localCommitmentClaims } from '../claims/local-commitment-claims.ts'
import type { ConfirmedSpend } from '../claims/on-chain-outcome.ts'
import { buildClosing, closingFee } from '../commitment/closing-transaction.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { TestParty } from '../transitions/fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../transitions/fixtures/two-parties.ts'
import { buildLocal } from './build-commitment.ts'
import { forceCloseCost, mutualCloseLossMsat } from './closing-costs.ts'
import { latest } from './commitments.ts'

const FEERATE = 1_000
const DUST_MSAT = 354_000n

/** Of the transaction at that rate, with the longest script that the peer may name. */
const FEE_MSAT = 920_000n

test('a cooperative close — costs who asks for it the fee, whoever opened the channel, or what is dust', (t) => {
  const rich = new TwoParties().ready({ pushMsat: 400_000_000n })
  for (const { funded } of [rich.alice, rich.bob]) t.is(mutualCloseLossMsat(funded, FEERATE), FEE_MSAT + 999n)
  const poor = new TwoParties().ready({ pushMsat: 200_000n })
  t.is(mutualCloseLossMsat(poor.bob.funded, FEERATE), 200_000n)
})

test('a cooperative close — costs no more once HTLCs are settled than was reckoned while they were in flight', (t) => {
  for (const amountMsat of [200_000n, 353_999n, 354_000n, 50_000_000n]) {
    const two = new TwoParties().ready()
    two.add(two.alice, 1, amountMsat)
    two.settle()
    const before = mutualCloseLossMsat(two.bob.funded, FEERATE)
    t.is(before, amountMsat < FEE_MSAT + DUST_MSAT ? amountMsat : FEE_MSAT + DUST_MSAT - 1n)
    two.fulfil(two.bob, 0n, 1)
    two.settle()
    const after = mutualCloseLossMsat(two.bob.funded, FEERATE)
    t.true(after <= before, `${after} > ${before}`)
    t.is(after, amountMsat < FEE_MSAT + DUST_MSAT ? amountMsat : FEE_MSAT + 999n)
  }
})

// The longest that a signature of low S becomes.
const SIGNATURE = new Uint8Array(64).fill(0xff).fill(0x7f, 32)
const PREIMAGES = Array.from({ length: 20 }, (_, n) => preimageOf(n))
const destination = p2tr(new Uint8Array(32))

/**
 * Closes with the party's commitment, using the transactions that the node makes: everything that is ours is claimed, including received
 * HTLCs. Returns how much is lost in the end.
 */
const lostBy = (party: TestParty, feeratePerKw: number): bigint => {
  const { localParams: params, local } = latest(party.funded)
  const { keys, transaction: commitment } = buildLocal(params, local.index, local.spec, party.env)
  const { wallet, receive } = walletRig()
  receive(...new Array<bigint>(40).fill(100_000n))
  const isOurs = (script: Uint8Array) => equalBytes(script, destination)
  let leftSat = 0n
  const complete = (claim: Claim): Tx => {
    let { tx } = claim
    if (claim.fee.type === 'wallet') {
      const { baseFee } = claim.fee
      const prevouts = [{ amount: claim.amount, script: claim.lock.outputScript }]
      const bumped = wallet.bump({ tx, prevouts, baseFee, feeratePerKw })
      if (!bumped.ok) throw new Error(bumped.error.code)
      ;({ tx } = bumped.value)
      for (const { amount } of bumped.value.prevouts.slice(1)) leftSat -= amount
      for (const { amount } of tx.outputs.slice(claim.tx.outputs.length)) leftSat += amount
    }
    for (const { amount, script } of tx.outputs) if (isOurs(script)) leftSat += amount
    const signed = withWitness(tx, 0, claimWitness(claim, SIGNATURE))
    if (claim.fee.type === 'included' && claim.fee.fee < feeForWeight(feeratePerKw, txWeight(signed)))
      throw new Error(`${claim.kind.type} pays less than it was to`)
    return signed
  }
  const height = 1_000_000
  const shown = ({ paymentHash }: Pick<SpecHtlc, 'paymentHash'>) =>
    PREIMAGES.find((preimage) => equalBytes(sha256(preimage), paymentHash))
  const anchor = anchorClaim({ params, keys, commitment, feeratePerKw, blockHeight: height, preimageOf: shown })
  const parent = anchor?.parent
  if (anchor !== undefined && parent !== undefined && parent.fee < feeForWeight(feeratePerKw, parent.weight)) {
    complete(anchor)
  }
  const spends: ConfirmedSpend[] = []
  for (;;) {
    const { claims } = localCommitmentClaims({
      params,
      keys,
      commitment,
      htlcs: local.spec.htlcs,
      remoteHtlcSignatures: local.htlcSignatures,
      confirmedAt: height,
      blockHeight: height,
      spends,
      preimageOf: shown,
      destination,
      feeratePerKw,
    })
    if (claims.length === 0) break
    for (const claim of claims) {
      const tx = complete(claim)
      spends.push({ tx, txid: txidOf(tx), height })
    }
  }
  const { toLocalMsat, htlcs } = local.spec
  const hadMsat = htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, toLocalMsat)
  return hadMsat - leftSat * 1_000n
}

const HTLCS: Readonly<Record<string, readonly (readonly [from: 'alice' | 'bob', amountMsat: bigint])[]>> = {
  'no HTLC': [],
  'an HTLC of alice’s': [['alice', 20_000_000n]],
  'an HTLC of bob’s': [['bob', 20_000_000n]],
  'ten of each': Array.from({ length: 20 }, (_, i) => [i % 2 === 0 ? 'alice' : 'bob', 20_000_000n + BigInt(i)]),
  'HTLCs that are dust': [
    ['alice', 200_001n],
    ['bob', 353_999n],
    ['alice', 20_000_000n],
  ],
}

for (const [what, htlcs] of Object.entries(HTLCS)) {
  test(`a forced close with ${what} — costs no more than was reckoned, nor much less`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 400_000_000n })
    for (const [n, [from, amountMsat]] of htlcs.entries()) two.add(two[from], n, amountMsat)
    two.settle()
    for (const party of [two.alice, two.bob]) {
      t.is(latest(party.funded).local.spec.htlcs.length, htlcs.length)
      for (const feerate of [253, 1_000, 2_500, 10_000]) {
        const { feesMsat } = forceCloseCost(party.funded, feerate)
        const lost = lostBy(party, feerate)
        t.true(lost <= feesMsat, `${party.name} at ${feerate}: ${lost} > ${feesMsat}`)
        // Whether the anchor is needed depends on later fee rates.
        const anchor = satToMsat(feeForWeight(feerate, 1_300))
        t.true(feesMsat <= (13n * lost) / 10n + anchor, `${party.name} at ${feerate}: ${lost} of ${feesMsat}`)
      }
    }
  })
}

test('a cooperative close — costs the opener no more than was reckoned, nor much less, whatever script the peer is paid to', (t) => {
  const two = new TwoParties().ready({ pushMsat: 400_000_700n })
  const { localParams, remoteParams, local } = latest(two.alice.funded)
  const localScript = two.alice.keys.localShutdownScript
  for (const remoteScript of [p2wpkh(new Uint8Array(33)), p2tr(new Uint8Array(32)), new Uint8Array(42)]) {
    for (const feerate of [253, 1_000, 10_000]) {
      const closing = buildClosing({
        format: localParams.format,
        funding: localParams,
        localIsOpener: localParams.localIsOpener,
        localScript,
        remoteScript,
        toLocalMsat: local.spec.toLocalMsat,
        toRemoteMsat: local.spec.toRemoteMsat,
        fee: closingFee(localParams.format, feerate, localScript, remoteScript),
        localDustLimit: localParams.dustLimit,
        remoteDustLimit: remoteParams.dustLimit,
      })
      if (!closing.ok) return t.fail(closing.error.code)
      const tx = localParams.format.withFundingSignatures(localParams, closing.value.tx, {
        local: ecdsa(SIGNATURE),
        remote: ecdsa(SIGNATURE),
      })
      const paidSat = localParams.fundingAmount - tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)
      t.true(feeForWeight(feerate, txWeight(tx)) <= paidSat)
      const ours = tx.outputs.find(({ script }) => equalBytes(script, localScript))
      const lost = local.spec.toLocalMsat - satToMsat(ours?.amount ?? 0n)
      const reckoned = mutualCloseLossMsat(two.alice.funded, feerate)
      t.true(lost <= reckoned && reckoned <= (14n * lost) / 10n + 1_000n, `${lost} of ${reckoned}`)
    }
  }
})
