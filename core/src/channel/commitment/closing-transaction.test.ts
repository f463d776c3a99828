import test from 'ava'
import fc from 'fast-check'
import { p2tr, p2wpkh } from '../../bitcoin/script.ts'
import { encodeTxWithoutWitness, txWeight } from '../../bitcoin/transaction.ts'
import { compareBytes, fromHex, toHex } from '../../lib/bytes.ts'
import {
  buildClosing,
  type ClosingInput,
  type ClosingTransaction,
  closingFee,
  closingWeight,
  verifyClosing,
} from './closing-transaction.ts'
import { BOLT3, bolt3Params } from './fixtures/bolt3.ts'
import { signedSpend, signFunding } from './fixtures/signed-spend.ts'
import { isOurShutdownScript, isShutdownScriptOfPeer, type ScriptForms } from './shutdown-script.ts'

const forms = (anySegwit: boolean, opReturn = false): ScriptForms => ({ anySegwit, opReturn })

const params = bolt3Params()
const localScript = p2wpkh(params.localFundingKey)
const remoteScript = p2tr(params.remoteFundingKey.slice(1))

const closing = (over: Partial<ClosingInput> = {}): ClosingInput => ({
  format: params.format,
  funding: params,
  localScript,
  remoteScript,
  toLocalMsat: 7_000_000_999n,
  toRemoteMsat: 2_999_999_001n,
  localIsOpener: true,
  fee: 1000n,
  localDustLimit: 354n,
  remoteDustLimit: 354n,
  ...over,
})

/** The same closing from the peer's side. */
const mirrored = (input: ClosingInput): ClosingInput => ({
  ...input,
  funding: {
    ...input.funding,
    localFundingKey: input.funding.remoteFundingKey,
    remoteFundingKey: input.funding.localFundingKey,
  },
  localScript: input.remoteScript,
  remoteScript: input.localScript,
  toLocalMsat: input.toRemoteMsat,
  toRemoteMsat: input.toLocalMsat,
  localIsOpener: !input.localIsOpener,
  localDustLimit: input.remoteDustLimit,
  remoteDustLimit: input.localDustLimit,
})

const built = (input: ClosingInput) => {
  const result = buildClosing(input)
  if (!result.ok) throw new Error(result.error.code)
  return result.value
}

const remoteSignature = ({ task }: ClosingTransaction) => signFunding(task, BOLT3.remoteFundingSecret)

test('BOLT 3, legacy closing transaction — outputs are rounded down and sorted, and the opener pays the fee', (t) => {
  t.deepEqual(
    built(closing()).tx.outputs.map(({ amount, script }) => [amount, toHex(script)]),
    [
      [2_999_999n, toHex(remoteScript)],
      [6_999_000n, toHex(localScript)],
    ],
  )
  t.deepEqual(
    built(closing({ localIsOpener: false })).tx.outputs.map(({ amount }) => amount),
    [2_998_999n, 7_000_000n],
  )
  const even = built(closing({ toLocalMsat: 5_001_000_000n, toRemoteMsat: 5_000_000_000n })).tx.outputs
  t.true(compareBytes(even[0]?.script ?? localScript, even[1]?.script ?? localScript) < 0)
})

test('BOLT 3, legacy closing transaction — an output below the dust limit is left out', (t) => {
  const input = closing({ toLocalMsat: 9_999_700_000n, toRemoteMsat: 300_000n })
  t.deepEqual(
    built(input).tx.outputs.map(({ script }) => toHex(script)),
    [toHex(localScript)],
  )
  t.is(built({ ...input, localDustLimit: 294n }).tx.outputs.length, 2)
})

test('a closing transaction — is refused where the opener cannot pay or nothing is left', (t) => {
  t.deepEqual(buildClosing(closing({ toLocalMsat: 999_000n })), {
    ok: false,
    error: { code: 'closing-fee-exceeds-balance', fee: 1000n, available: 999n },
  })
  t.deepEqual(buildClosing(closing({ toLocalMsat: 1_100_000n, toRemoteMsat: 100_000n })), {
    ok: false,
    error: { code: 'closing-without-outputs' },
  })
})

test('a closing transaction — both sides build the same from mirrored inputs', (t) => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10_000_000_000n),
      fc.bigInt(0n, 5000n),
      fc.boolean(),
      (toLocalMsat, fee, localIsOpener) => {
        const input = closing({ toLocalMsat, toRemoteMsat: 10_000_000_000n - toLocalMsat, fee, localIsOpener })
        t.deepEqual(buildClosing(mirrored(input)), buildClosing(input))
      },
    ),
  )
})

test('recv closing_signed — finds the variant that the peer signed, and refuses any other', (t) => {
  const input = closing({ toLocalMsat: 9_999_600_000n, toRemoteMsat: 400_000n })
  const full = built(input)
  t.deepEqual(verifyClosing(input, remoteSignature(full)), { ok: true, value: full })

  // The peer's dust limit is above its own output.
  const theirs = built({ ...input, localDustLimit: 500n })
  t.is(theirs.tx.outputs.length, 1)
  t.deepEqual(verifyClosing({ ...input, remoteDustLimit: 500n }, remoteSignature(theirs)), {
    ok: true,
    value: theirs,
  })
  // The peer left out its own output although it is not dust.
  t.deepEqual(verifyClosing(input, remoteSignature(theirs)), { ok: true, value: theirs })

  // It may not leave out ours.
  const stolen = built({ ...mirrored(input), localDustLimit: 0n, toRemoteMsat: 0n, fee: 0n })
  t.deepEqual(verifyClosing(input, remoteSignature(stolen)), {
    ok: false,
    // The transaction that its signature should be for; the peer is told it.
    error: { code: 'invalid-closing-signature', transaction: encodeTxWithoutWitness(full.tx) },
  })
  t.like(verifyClosing({ ...input, fee: 1001n }, remoteSignature(full)), {
    ok: false,
    error: { code: 'invalid-closing-signature' },
  })
})

test('a closing transaction — the expected weight is never below that of the signed transaction', (t) => {
  const input = closing()
  const secrets = { local: BOLT3.localFundingSecret, remote: BOLT3.remoteFundingSecret }
  const signed = signedSpend(params, built(input).tx, secrets)
  const weight = closingWeight(params.format, [localScript, remoteScript])
  const difference = weight - txWeight(signed)
  t.true(difference >= 0 && difference <= 6, `${difference}`)
  t.is(closingFee(params.format, 1000, localScript, remoteScript), BigInt(weight))
})

test('BOLT 2, shutdown — a script of a form that is not allowed is refused, and only the peer may use the old ones', (t) => {
  const anySegwit = [`5120${'11'.repeat(32)}`, '51024e73', '6002aabb', `5228${'22'.repeat(40)}`]
  for (const script of anySegwit) {
    t.true(isShutdownScriptOfPeer(fromHex(script), forms(true)), script)
    t.false(isShutdownScriptOfPeer(fromHex(script), forms(false)), script)
  }
  for (const script of [`0014${'11'.repeat(20)}`, `0020${'11'.repeat(32)}`])
    for (const any of [true, false]) t.true(isShutdownScriptOfPeer(fromHex(script), forms(any)), script)
  const refused = [
    '',
    '6a06aabbccddeeff',
    `0015${'11'.repeat(21)}`,
    '5101aa',
    `5129${'22'.repeat(41)}`,
    '51024e7300',
    '4f02aabb',
  ]
  for (const script of refused) t.false(isShutdownScriptOfPeer(fromHex(script), forms(true)), script)
  for (const script of [`76a914${'11'.repeat(20)}88ac`, `a914${'11'.repeat(20)}87`]) {
    t.true(isShutdownScriptOfPeer(fromHex(script), forms(false)), script)
    t.false(isOurShutdownScript(fromHex(script), forms(true)), script)
  }
})
