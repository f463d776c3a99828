import test from 'ava'
import { SEQUENCE_FINAL, type Tx } from '../../bitcoin/transaction.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { u64be } from '../../lib/bytes.ts'
import { deriveCommitmentKeys } from '../commitment/commitment-keys.ts'
import { buildCommitment, numberOfCommitment } from '../commitment/commitment-transaction.ts'
import { bolt3Params } from '../commitment/fixtures/bolt3.ts'
import { classifySpend, type KnownCommitments } from './classify-spend.ts'

const localParams = bolt3Params()
const remoteParams = {
  ...localParams,
  localFundingKey: localParams.remoteFundingKey,
  remoteFundingKey: localParams.localFundingKey,
  localBasepoints: localParams.remoteBasepoints,
  remoteBasepoints: localParams.localBasepoints,
  localIsOpener: false,
}

/** The per-commitment point of a number, the same for both sides. */
const point = (index: number) => secp256k1.publicKey(sha256(u64be(BigInt(index))))

const commitment = (params: typeof localParams, index: number, feeratePerKw = 253) => {
  const spec = { htlcs: [], feeratePerKw, toLocalMsat: 6_000_000_000n, toRemoteMsat: 4_000_000_000n }
  const keys = deriveCommitmentKeys(params, point(index))
  return buildCommitment({ params, keys, index, spec })
}

const theirs = (index: number, feeratePerKw?: number): Tx => commitment(remoteParams, index, feeratePerKw).tx

const known: KnownCommitments = {
  localParams,
  local: { index: 41, txid: commitment(localParams, 41).txid },
  remote: { index: 42, txid: commitment(remoteParams, 42).txid },
  remoteNext: { txid: commitment(remoteParams, 43).txid },
}

test('a spend of the funding — is one of the commitments that both sides know', (t) => {
  t.is(classifySpend(known, commitment(localParams, 41).tx, point), 'local')
  t.is(classifySpend(known, theirs(42), point), 'remote')
  t.is(classifySpend(known, theirs(43), point), 'remote-next')
})

test('a spend of the funding — is revoked if its number is below that of the current commitment, and unknown from there on', (t) => {
  for (const number of [0, 1, 41]) t.is(classifySpend(known, theirs(number), point), 'revoked')
  // Of the same number as one that we know, but another: this is a later state than ours.
  for (const number of [44, 2 ** 24, 2 ** 48 - 1]) t.is(classifySpend(known, theirs(number), point), 'unknown')
  t.is(classifySpend(known, theirs(43, 500), point), 'unknown')
  const { remoteNext: _, ...without } = known
  t.is(classifySpend(without, theirs(43), point), 'unknown')
})

test('a spend of the funding — of a revoked number that pays by our scripts is our own old commitment', (t) => {
  for (const number of [0, 1, 40]) {
    t.is(classifySpend(known, commitment(localParams, number).tx, point), 'revoked-local')
    for (const [toLocalMsat, toRemoteMsat] of [
      [1_000_000_000n, 0n],
      [0n, 1_000_000_000n],
    ] as const) {
      const keys = deriveCommitmentKeys(localParams, point(number))
      const spec = { htlcs: [], feeratePerKw: 253, toLocalMsat, toRemoteMsat }
      const { tx } = buildCommitment({ params: localParams, keys, index: number, spec })
      t.is(classifySpend(known, tx, point), 'revoked-local')
    }
  }
  // A copy of this node that knows more than we do: this is the current commitment of a later state.
  t.is(classifySpend(known, commitment(localParams, 44).tx, point), 'unknown')
})

test('a spend of the funding — that is no commitment is a close that we have signed', (t) => {
  const { inputs, ...rest } = theirs(42)
  const [input] = inputs
  if (input === undefined) return t.fail()
  for (const sequence of [SEQUENCE_FINAL, 0xfffffffd])
    t.is(classifySpend(known, { ...rest, inputs: [{ ...input, sequence }], lockTime: 0 }, point), 'mutual')
})

test('the number of a commitment — is read from it by both sides', (t) => {
  for (const number of [0, 1, 2 ** 24 - 1, 2 ** 24, 2 ** 48 - 1]) {
    t.is(numberOfCommitment(localParams, theirs(number)), number)
    t.is(numberOfCommitment(remoteParams, commitment(localParams, number).tx), number)
  }
  const { tx } = commitment(localParams, 7)
  t.is(numberOfCommitment(localParams, { ...tx, lockTime: 500_000 }), undefined)
  t.is(numberOfCommitment(localParams, { ...tx, inputs: [...tx.inputs, ...tx.inputs] }), undefined)
})
