import test from 'ava'
import { Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import {
  decodeTx,
  displayTxid,
  encodeTx,
  encodeTxWithoutWitness,
  txidOf,
  txWeight,
  withWitness,
} from '../../bitcoin/transaction.ts'
import { derivePrivateKey } from '../../crypto/commitment-keys.ts'
import { hash160, sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { fromDer, toDer } from '../../crypto/signature-der.ts'
import { concat, fromHex, toHex, u64be, utf8Encode } from '../../lib/bytes.ts'
import { ecdsa } from '../../wire/funding-signature.ts'
import { deriveCommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import {
  type CommitmentSpec,
  commitmentWeight,
  openerCost,
  type SpecHtlc,
  untrimmedHtlcCount,
} from './commitment-spec.ts'
import { buildCommitment } from './commitment-transaction.ts'
import { BOLT3, BOLT3_HTLCS, bolt3Keys, bolt3Params, bolt3Preimage } from './fixtures/bolt3.ts'
import vectors from './fixtures/bolt3-anchors.json' with { type: 'json' }
import { signedSpend, signFunding } from './fixtures/signed-spend.ts'
import { ANCHORS_ZERO_FEE_HTLC } from './formats/anchors/anchors-format.ts'
import { fundingScript } from './formats/anchors/anchors-scripts.ts'
import { verifyCommitmentSignatures } from './verify-commitment.ts'

const specOf = (vector: (typeof vectors.cases)[number]): CommitmentSpec => ({
  htlcs: vector.htlcs.map((number) => BOLT3_HTLCS[number] as SpecHtlc),
  feeratePerKw: vector.feeratePerKw,
  toLocalMsat: BigInt(vector.toLocalMsat),
  toRemoteMsat: BigInt(vector.toRemoteMsat),
})

for (const vector of vectors.cases) {
  test(`BOLT 3, appendix F — commitments and HTLC transactions are the ones published: ${vector.name}`, (t) => {
    const params = bolt3Params(BigInt(vector.dustLimit))
    const keys = bolt3Keys(params)
    const commitment = buildCommitment({ params, keys, index: BOLT3.commitmentNumber, spec: specOf(vector) })

    const secrets = { local: BOLT3.localFundingSecret, remote: BOLT3.remoteFundingSecret }
    const remoteSignature = signFunding(commitment.fundingTask, secrets.remote)
    t.is(toHex(toDer(remoteSignature.signature)), vector.remoteSignature)
    t.is(toHex(encodeTx(signedSpend(params, commitment.tx, secrets))), vector.commitmentTx)

    t.is(commitment.htlcTransactions.length, vector.htlcTransactions.length)
    const htlcSignatures = commitment.htlcTransactions.map(({ task }) =>
      secp256k1.sign(task.digest, BOLT3.remoteHtlcSecret),
    )
    for (const [position, expected] of vector.htlcTransactions.entries()) {
      const transaction = commitment.htlcTransactions[position]
      const signature = htlcSignatures[position]
      if (transaction === undefined || signature === undefined) return t.fail('an HTLC transaction is missing')
      t.is(toHex(toDer(signature)), expected.remoteSignature)
      const { tx, htlc } = transaction
      const path = {
        type: 'htlc-transaction',
        remoteSignature: signature,
        ...(htlc.direction === 'received' && { preimage: bolt3Preimage(Number(htlc.id)) }),
      } as const
      const { digest } = params.format.spendTask(tx, 0, transaction, path, [])
      const local = secp256k1.sign(digest, BOLT3.localHtlcSecret)
      const witness = params.format.spendWitness(transaction.lock, path, local)
      t.is(toHex(encodeTx(withWitness(tx, 0, witness))), expected.tx)
    }
    t.deepEqual(verifyCommitmentSignatures(params, keys, commitment, remoteSignature, htlcSignatures), {
      ok: true,
      value: undefined,
    })
  })
}

// BOLT 3, appendix B: the whole funding transaction, its P2PKH input included.
const APPENDIX_B_FUNDING =
  '0200000001adbb20ea41a8423ea937e76e8151636bf6093b70eaff942930d20576600521fd000000006b48304502210090587b6201e166ad6af0227d3036a9454223d49a1f11839c1a362184340ef0240220577f7cd5cca78719405cbf1de7414ac027f0239ef6e214c90fcaab0454d84b3b012103535b32d5eb0a6ed0982a0479bbadc9868d9836f6ba94dd5a63be16d875069184ffffffff028096980000000000220020c015c4a6be010e21657068fc2e6a9d02b27ebe4d490a25846f7237f104d1a3cd20256d29010000001600143ca33c2e4446f4a305f23c80df8ad1afdcf652f900000000'

test('BOLT 3, appendix B — the funding transaction pays the funding script, and its signature is good', (t) => {
  const decoded = decodeTx(fromHex(APPENDIX_B_FUNDING))
  if (!decoded.ok) return t.fail(decoded.error.code)
  const tx = decoded.value
  t.is(toHex(encodeTx(tx)), APPENDIX_B_FUNDING)
  t.is(displayTxid(txidOf(tx)), '8984484a580b825b9972d7adb15050b3ab624ccd731946b3eeddb92f4e7ef6be')
  const { outputScript } = fundingScript(
    fromHex('023da092f6980e58d2c037173180e9a465476026ee50f96695963e8efe436f54eb'),
    fromHex('030e9f7b623d2ccc7c9bd44d66d5ce21ce504c0acf6385a132cec6d3c39fa711c1'),
  )
  t.deepEqual(tx.outputs[0], { amount: 10_000_000n, script: outputScript })
  // The input's script: a DER signature with its type, then the key.
  const script = tx.inputs[0]?.scriptSig ?? new Uint8Array()
  const signature = fromDer(script.slice(1, script[0]))
  const key = script.slice(-33)
  const spent = concat(fromHex('76a914'), hash160(key), fromHex('88ac'))
  const digest = Transaction.fromHex(APPENDIX_B_FUNDING).hashForSignature(0, spent, 1)
  t.true(signature !== undefined && secp256k1.verify(signature, digest, key))
})

test('BOLT 3, appendix B — the funding script is the one published', (t) => {
  t.is(
    toHex(ANCHORS_ZERO_FEE_HTLC.fundingLock(bolt3Params()).outputScript),
    '0020c015c4a6be010e21657068fc2e6a9d02b27ebe4d490a25846f7237f104d1a3cd',
  )
})

test('BOLT 3, appendix C — derived keys, to_local script and obscured number are the ones published', (t) => {
  const params = bolt3Params()
  const keys = bolt3Keys(params)
  t.is(toHex(keys.localHtlcKey), '030d417a46946384f88d5f3337267c5e579765875dc4daca813e21734b140639e7')
  t.is(toHex(keys.remoteHtlcKey), '0394854aa6eab5b2a8122cc726e9dded053a2184d88256816826d6231c068d4a5b')
  t.is(toHex(keys.localDelayedKey), '03fd5960528dc152014952efdb702a88f71e3c1653b2314431701ec77e57fde83c')
  t.is(toHex(keys.revocationKey), '0212a140cd0c6539d07cd08dfe09984dec3251ea808b892efeac3ede9402bf2b19')
  t.is(
    toHex(params.format.locks(params, keys).toLocal.witnessScript),
    '63210212a140cd0c6539d07cd08dfe09984dec3251ea808b892efeac3ede9402bf2b1967029000b2752103fd5960528dc152014952efdb702a88f71e3c1653b2314431701ec77e57fde83c68ac',
  )
  const spec = { htlcs: [], feeratePerKw: 253, toLocalMsat: 10_000_000_000n, toRemoteMsat: 0n }
  for (const index of [0, 42, 2 ** 24, 2 ** 48 - 1]) {
    const { tx } = buildCommitment({ params, keys, index, spec })
    const upper = BigInt((tx.inputs[0]?.sequence ?? 0) - 0x80000000)
    const lower = BigInt(tx.lockTime - 0x20000000)
    t.is(((upper << 24n) | lower) ^ BOLT3.obscuringFactor, BigInt(index))
  }
})

test('BOLT 3, appendix A — the expected weight of a commitment is never below that of the signed transaction', (t) => {
  const params = bolt3Params()
  const keys = bolt3Keys(params)
  for (const htlcs of [[], BOLT3_HTLCS.slice(0, 5)]) {
    const spec = { htlcs, feeratePerKw: 644, toLocalMsat: 6_988_000_000n, toRemoteMsat: 3_000_000_000n }
    const commitment = buildCommitment({ params, keys, index: 42, spec })
    const secrets = { local: BOLT3.localFundingSecret, remote: BOLT3.remoteFundingSecret }
    const signed = signedSpend(params, commitment.tx, secrets)
    const difference = commitmentWeight(params.format, htlcs.length) - txWeight(signed)
    // Two signatures of at most 73 bytes may each be a few bytes shorter, and the number of outputs takes one byte, not three.
    t.true(difference >= 0 && difference <= 16, `${difference}`)
  }
})

const secret = (name: string, seed: number): Uint8Array => sha256(concat(utf8Encode(name), u64be(BigInt(seed))))

const channelOf = (
  seed: number,
  localIsOpener: boolean,
  dustLimit: bigint,
  fundingAmount: bigint,
): CommitmentParams => {
  const point = (name: string) => secp256k1.publicKey(secret(name, seed))
  const basepoints = (side: string) => ({
    revocation: point(`${side} revocation`),
    payment: point(`${side} payment`),
    delayedPayment: point(`${side} delayed`),
    htlc: point(`${side} htlc`),
  })
  return {
    format: ANCHORS_ZERO_FEE_HTLC,
    fundingOutpoint: { txid: secret('txid', seed), index: seed % 7 },
    fundingAmount,
    localFundingKey: point('local funding'),
    remoteFundingKey: point('remote funding'),
    localBasepoints: basepoints('local'),
    remoteBasepoints: basepoints('remote'),
    localIsOpener,
    dustLimit,
    toSelfDelay: 1 + (seed % 2016),
  }
}

const arbitraryHtlc = fc.record({
  direction: fc.constantFrom<SpecHtlc['direction']>('offered', 'received'),
  id: fc.bigInt(0n, 1000n),
  amountMsat: fc.bigInt(1n, 3_000_000n),
  paymentHash: fc.constantFrom(sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))),
  cltvExpiry: fc.integer({ min: 0, max: 1_000_000 }),
})

const arbitraryCommitment = fc.record({
  seed: fc.integer({ min: 0, max: 20 }),
  localIsOpener: fc.boolean(),
  dustLimit: fc.bigInt(354n, 2000n),
  index: fc.integer({ min: 0, max: 2 ** 40 }),
  feeratePerKw: fc.integer({ min: 253, max: 20_000 }),
  htlcs: fc.array(arbitraryHtlc, { maxLength: 30 }),
  toLocalMsat: fc.bigInt(0n, 200_000_000n),
  toRemoteMsat: fc.bigInt(0n, 200_000_000n),
})

type ArbitraryCommitment = typeof arbitraryCommitment extends fc.Arbitrary<infer T> ? T : never

const build = (given: ArbitraryCommitment) => {
  const capacityMsat = given.htlcs.reduce(
    (sum, { amountMsat }) => sum + amountMsat,
    given.toLocalMsat + given.toRemoteMsat,
  )
  // A channel holds whole satoshis: the part that is missing to the next whole satoshi belongs to the owner.
  const missing = (1000n - (capacityMsat % 1000n)) % 1000n
  const fundingAmount = (capacityMsat + missing) / 1000n
  const params = channelOf(given.seed, given.localIsOpener, given.dustLimit, fundingAmount)
  const spec: CommitmentSpec = {
    htlcs: given.htlcs,
    feeratePerKw: given.feeratePerKw,
    toLocalMsat: given.toLocalMsat + missing,
    toRemoteMsat: given.toRemoteMsat,
  }
  const perCommitmentPoint = secp256k1.publicKey(secret('per-commitment', given.index))
  const keys = deriveCommitmentKeys(params, perCommitmentPoint)
  return {
    params,
    spec,
    keys,
    perCommitmentPoint,
    commitment: buildCommitment({ params, keys, index: given.index, spec }),
  }
}

test('BOLT 3, commitment transaction outputs — amounts are rounded down, and outputs and fee add up to the funding', (t) => {
  fc.assert(
    fc.property(arbitraryCommitment, (given) => {
      const { params, spec, commitment } = build(given)
      const outputs = commitment.tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)
      t.is(outputs + commitment.fee, params.fundingAmount)
      const untrimmed = untrimmedHtlcCount(params.format, spec, params.dustLimit)
      t.is(commitment.htlcTransactions.length, untrimmed)
      const cost = openerCost(params.format, spec.feeratePerKw, untrimmed)
      const opener = params.localIsOpener ? spec.toLocalMsat : spec.toRemoteMsat
      if (opener / 1000n >= cost) {
        const anchors = [commitment.outputs.localAnchor, commitment.outputs.remoteAnchor].filter(
          (at) => at !== undefined,
        )
        // The opener pays for both anchors even if one has no output.
        t.true(commitment.fee >= cost - 330n * BigInt(anchors.length))
      }
      for (const { amount } of commitment.tx.outputs) t.true(amount >= 330n)
    }),
    { numRuns: 200 },
  )
})

test('BOLT 3, trimmed outputs — the base fee and both anchors are taken from the opener, and from nobody else', (t) => {
  for (const localIsOpener of [true, false]) {
    const params = { ...bolt3Params(), localIsOpener }
    const keys = bolt3Keys(params)
    const spec = { htlcs: [], feeratePerKw: 2_500, toLocalMsat: 7_000_000_000n, toRemoteMsat: 3_000_000_000n }
    const { tx, outputs } = buildCommitment({ params, keys, index: 42, spec })
    const amounts = [outputs.toLocal, outputs.toRemote].map((at) => tx.outputs[at ?? -1]?.amount)
    // 2500 for each 1000 of 1124, and 330 twice.
    const cost = 2_810n + 660n
    t.deepEqual(amounts, localIsOpener ? [7_000_000n - cost, 3_000_000n] : [7_000_000n, 3_000_000n - cost])
  }
})

test('BOLT 3, trimmed outputs — a main output below its owner’s dust limit is left out, and one at the limit is there', (t) => {
  const built = (toLocal: bigint, toRemote: bigint, localIsOpener: boolean) => {
    const params = { ...bolt3Params(1_000n), localIsOpener }
    const spec = { htlcs: [], feeratePerKw: 0, toLocalMsat: toLocal, toRemoteMsat: toRemote }
    const { outputs } = buildCommitment({ params, keys: bolt3Keys(params), index: 42, spec })
    return [outputs.toLocal !== undefined, outputs.toRemote !== undefined]
  }
  t.deepEqual(built(999_999n, 9_000_000_000n, false), [false, true])
  t.deepEqual(built(1_000_000n, 9_000_000_000n, false), [true, true])
  t.deepEqual(built(9_000_000_000n, 999_999n, true), [true, false])
  t.deepEqual(built(9_000_000_000n, 1_000_000n, true), [true, true])
  // Anchors come first: what is left of the opener's balance counts.
  t.deepEqual(built(1_659_999n, 9_000_000_000n, true), [false, true])
  t.deepEqual(built(1_660_000n, 9_000_000_000n, true), [true, true])
})

test('BOLT 3, fee calculation — HTLC transactions pay nothing, at whatever rate', (t) => {
  for (const feeratePerKw of [253, 15_000]) {
    const spec = {
      htlcs: BOLT3_HTLCS.slice(0, 5),
      feeratePerKw,
      toLocalMsat: 6_988_000_000n,
      toRemoteMsat: 3_000_000_000n,
    }
    const params = bolt3Params()
    const { htlcTransactions } = buildCommitment({ params, keys: bolt3Keys(params), index: 42, spec })
    t.is(htlcTransactions.length, 5)
    for (const { amount, tx } of htlcTransactions)
      t.deepEqual(
        tx.outputs.map((output) => output.amount),
        [amount],
      )
  }
})

test('BOLT 3, transaction output ordering — outputs have one order, in whatever order HTLCs are listed', (t) => {
  fc.assert(
    fc.property(arbitraryCommitment, (given) => {
      const other = build({ ...given, htlcs: given.htlcs.toReversed() })
      const { commitment } = build(given)
      t.deepEqual(other.commitment.txid, commitment.txid)
      t.deepEqual(
        other.commitment.htlcTransactions.map(({ task }) => toHex(task.digest)),
        commitment.htlcTransactions.map(({ task }) => toHex(task.digest)),
      )
    }),
    { numRuns: 50 },
  )
})

test('a commitment_signed — is accepted when every signature is right, and named precisely when one is not', (t) => {
  fc.assert(
    fc.property(arbitraryCommitment, fc.nat(), (given, pick) => {
      const { params, keys, commitment, perCommitmentPoint } = build(given)
      const signature = signFunding(commitment.fundingTask, secret('remote funding', given.seed))
      const htlcSecret = derivePrivateKey(secret('remote htlc', given.seed), perCommitmentPoint)
      const htlcSignatures = commitment.htlcTransactions.map(({ task }) => secp256k1.sign(task.digest, htlcSecret))
      t.true(verifyCommitmentSignatures(params, keys, commitment, signature, htlcSignatures).ok)

      t.deepEqual(
        verifyCommitmentSignatures(
          params,
          keys,
          commitment,
          ecdsa(secp256k1.sign(sha256(signature.signature), htlcSecret)),
          htlcSignatures,
        ),
        {
          ok: false,
          error: { code: 'invalid-commitment-signature', transaction: encodeTxWithoutWitness(commitment.tx) },
        },
      )
      t.deepEqual(
        verifyCommitmentSignatures(params, keys, commitment, signature, [...htlcSignatures, signature.signature]),
        {
          ok: false,
          error: {
            code: 'htlc-signature-count-mismatch',
            expected: htlcSignatures.length,
            received: htlcSignatures.length + 1,
          },
        },
      )
      if (htlcSignatures.length === 0) return
      const wrong = pick % htlcSignatures.length
      const result = verifyCommitmentSignatures(
        params,
        keys,
        commitment,
        signature,
        htlcSignatures.with(wrong, signature.signature),
      )
      const unsigned = commitment.htlcTransactions[wrong]
      if (unsigned === undefined) return t.fail()
      const { htlc, tx } = unsigned
      t.deepEqual(result, {
        ok: false,
        error: {
          code: 'invalid-htlc-signature',
          direction: htlc.direction,
          htlcId: htlc.id,
          transaction: encodeTxWithoutWitness(tx),
        },
      })
    }),
    { numRuns: 25 },
  )
})
