import { p2tr, p2wpkh, p2wpkhScriptCode } from '../../../core/src/bitcoin/script.ts'
import { SIGHASH_ALL, SIGHASH_SINGLE_ANYONECANPAY, segwitV0Sighash } from '../../../core/src/bitcoin/sighash.ts'
import { SIGHASH_DEFAULT, schnorrSign, taprootSighash, xOnly } from '../../../core/src/bitcoin/taproot.ts'
import { type Tx, type TxOutput, withWitness } from '../../../core/src/bitcoin/transaction.ts'
import type { TestCoin } from '../../../core/src/chain/fixtures/signing.ts'
import { type Claim, claimTask, claimWitness } from '../../../core/src/channel/claims/claim.ts'
import { type ClaimGroup, joinClaims } from '../../../core/src/channel/claims/joint-claim.ts'
import type { CommitmentParams } from '../../../core/src/channel/commitment/commitment-params.ts'
import { signedSpend } from '../../../core/src/channel/commitment/fixtures/signed-spend.ts'
import { witnessSignature } from '../../../core/src/channel/commitment/formats/anchors/anchors-witnesses.ts'
import { hash160 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { EMPTY } from '../../../core/src/lib/bytes.ts'
import { claimKey, FUNDING_SECRETS, point, remoteHtlcKey, secret } from '../channel-on-chain.ts'

/** The witness of one input of a transaction, whatever was done to the rest of it. */
type SignInput = (tx: Tx, inputIndex: number, prevouts: readonly TxOutput[]) => readonly Uint8Array[]

export interface SubjectInput {
  readonly coin: TestCoin
  readonly sign: SignInput
}

/** A transaction of ours that can be signed anew after it was changed: what breaks a rule then breaks that rule alone. */
export interface Subject {
  /** Without witnesses. */
  readonly tx: Tx
  /** Of each input of `tx`, in their order. */
  readonly inputs: readonly SubjectInput[]
}

export const signed = ({ tx, inputs }: Subject): Tx => {
  const prevouts = inputs.map(({ coin }) => coin)
  return inputs.reduce((all, { sign }, index) => withWitness(all, index, sign(tx, index, prevouts)), tx)
}

/** The scripts of the wallet's coins, and who signs for them. */
export const WALLET = {
  p2wpkh: p2wpkh(point('wallet')),
  p2tr: p2tr(xOnly(point('wallet'))),
} as const

const byKeyHash: SignInput = (tx, inputIndex, prevouts) => {
  const amount = (prevouts[inputIndex] as TxOutput).amount
  const scriptCode = p2wpkhScriptCode(hash160(point('wallet')))
  const digest = segwitV0Sighash({ tx, inputIndex, scriptCode, amount, sighashType: SIGHASH_ALL })
  return [witnessSignature(secp256k1.sign(digest, secret('wallet')), SIGHASH_ALL), point('wallet')]
}

const byOutputKey: SignInput = (tx, inputIndex, prevouts) => [
  schnorrSign(
    taprootSighash({ tx, inputIndex, prevouts, sighashType: SIGHASH_DEFAULT }),
    secret('wallet'),
    new Uint8Array(32),
  ),
]

export const walletInput = (coin: TestCoin): SubjectInput => ({
  coin,
  sign: coin.script.length === WALLET.p2tr.length ? byOutputKey : byKeyHash,
})

/** A spend of a funding output, which both sides sign. */
export const fundingSubject = (params: CommitmentParams, tx: Tx): Subject => ({
  tx: withWitness(tx, 0, []),
  inputs: [
    {
      coin: {
        outpoint: params.fundingOutpoint,
        amount: params.fundingAmount,
        script: params.format.fundingLock(params).outputScript,
      },
      sign: (changed) => signedSpend(params, changed, FUNDING_SECRETS).inputs[0]?.witness ?? [],
    },
  ],
})

/** A claim and, where it cannot pay by itself, a coin of the wallet that pays `fee` for it. */
export const claimSubject = (claim: Claim, side: 'local' | 'remote', by?: { coin: TestCoin; fee: bigint }): Subject => {
  const { outpoint, amount, lock } = claim
  const claimed: SubjectInput = {
    coin: { outpoint, amount, script: lock.outputScript },
    sign: (tx, _, prevouts) => {
      const current = withRemoteSignature(claim, tx)
      return claimWitness(
        current,
        secp256k1.sign(claimTask(current, tx, prevouts.slice(1)).digest, claimKey(side, claim)),
      )
    },
  }
  if (by === undefined) return { tx: claim.tx, inputs: [claimed] }
  const { coin, fee } = by
  const left = claim.tx.outputs.reduce((sum, output) => sum - output.amount, amount + coin.amount - fee)
  return {
    tx: {
      ...claim.tx,
      inputs: [...claim.tx.inputs, inputOf(coin)],
      outputs: [...claim.tx.outputs, { amount: left, script: WALLET.p2tr }],
    },
    inputs: [claimed, walletInput(coin)],
  }
}

/** Claims that one transaction makes. */
export const jointSubject = (members: ClaimGroup, side: 'local' | 'remote'): Subject => ({
  tx: joinClaims(members).tx,
  inputs: members.map((claim) => ({
    coin: { outpoint: claim.outpoint, amount: claim.amount, script: claim.lock.outputScript },
    sign: (tx, inputIndex, prevouts) => {
      const task = claimTask(claim, tx, prevouts.toSpliced(inputIndex, 1), inputIndex)
      return claimWitness(claim, secp256k1.sign(task.digest, claimKey(side, claim)))
    },
  })),
})

/** An HTLC transaction with what the other side would have signed had it been so. */
const withRemoteSignature = (claim: Claim, tx: Tx): Claim => {
  const { path, amount, lock } = claim
  if (path.type !== 'htlc-transaction') return claim
  const digest = segwitV0Sighash({
    tx,
    inputIndex: 0,
    scriptCode: lock.witnessScript,
    amount,
    sighashType: SIGHASH_SINGLE_ANYONECANPAY,
  })
  const remoteSignature = secp256k1.sign(digest, remoteHtlcKey)
  return { ...claim, path: { ...path, remoteSignature } }
}

export const inputOf = ({ outpoint }: TestCoin, sequence = 0xfffffffd): Tx['inputs'][number] => ({
  outpoint,
  sequence,
  scriptSig: EMPTY,
  witness: [],
})
