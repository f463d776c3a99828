import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { p2wpkh, p2wpkhScriptCode } from '../../core/src/bitcoin/script.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../core/src/bitcoin/sighash.ts'
import { type Tx, withWitness } from '../../core/src/bitcoin/transaction.ts'
import { type Claim, claimWitness } from '../../core/src/channel/claims/claim.ts'
import { localCommitmentClaims } from '../../core/src/channel/claims/local-commitment-claims.ts'
import type { CommitmentKeys } from '../../core/src/channel/commitment/commitment-keys.ts'
import type { CommitmentSpec, SpecHtlc } from '../../core/src/channel/commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../../core/src/channel/commitment/commitment-transaction.ts'
import { witnessSignature } from '../../core/src/channel/commitment/formats/anchors/anchors-witnesses.ts'
import { commitmentFormat } from '../../core/src/channel/commitment/formats.ts'
import { buildLocal } from '../../core/src/channel/commitments/build-commitment.ts'
import { latest } from '../../core/src/channel/commitments/commitments.ts'
import type { Funded } from '../../core/src/channel/state/durable.ts'
import { hash160, sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { utf8Encode } from '../../core/src/lib/bytes.ts'
import type { OutPoint, Preimage } from '../../core/src/lib/ids.ts'
import { keyTree } from '../../core/src/node/keys/key-tree.ts'
import { type ChannelSigner, localSigner } from '../../core/src/node/keys/signer.ts'

const COIN_KEY = sha256(utf8Encode('the coins of a bad copy'))

/** What pays for a bad copy's HTLC transactions has this script. */
export const COIN_SCRIPT = p2wpkh(secp256k1.publicKey(COIN_KEY))

/** What one such transaction uses up: all of it is fee. */
export const COIN_SAT = 5_000n

/** A node's state of some time ago, restored, with its keys: it publishes what that state holds, and takes what it can of it. */
export class BadCopy {
  readonly #durable: Funded
  readonly #signer: ChannelSigner
  readonly #keys: CommitmentKeys
  readonly #built: CommitmentTransaction

  constructor(seed: Uint8Array, durable: Funded) {
    this.#durable = durable
    this.#signer = localSigner(keyTree(seed, NETWORKS.regtest)).channel(durable.params.keyIndex)
    const { localParams, local } = latest(durable)
    const built = buildLocal(localParams, local.index, local.spec, this.#signer)
    this.#keys = built.keys
    this.#built = built.transaction
  }

  /** The number of its commitment. */
  get index(): number {
    return latest(this.#durable).local.index
  }

  get spec(): CommitmentSpec {
    return latest(this.#durable).local.spec
  }

  get htlcs(): readonly SpecHtlc[] {
    return this.spec.htlcs
  }

  /** Its commitment, unsigned, and what its outputs are. */
  get transaction(): CommitmentTransaction {
    return this.#built
  }

  /** Its commitment, signed by both. */
  commitment(): Tx {
    const { localParams, local } = latest(this.#durable)
    const { localFundingKey, remoteFundingKey, format } = localParams
    const { tx, fundingTask } = this.#built
    const signatures = { local: this.#signer.signWithFundingKey(fundingTask), remote: local.remoteSignature }
    return commitmentFormat(format.name).withFundingSignatures({ localFundingKey, remoteFundingKey }, tx, signatures)
  }

  /** The HTLC transactions that can be published now: with the preimages that there are, and of HTLCs that have expired. */
  htlcTransactions(
    height: number,
    preimageOf: (htlc: SpecHtlc) => Preimage | undefined,
    coin: () => OutPoint | undefined,
    /** Whether those of one locktime are one transaction. */
    together = false,
  ): readonly Tx[] {
    const { localParams, local } = latest(this.#durable)
    const { claims } = localCommitmentClaims({
      params: localParams,
      keys: this.#keys,
      commitment: this.#built,
      htlcs: local.spec.htlcs,
      remoteHtlcSignatures: local.htlcSignatures,
      confirmedAt: height,
      blockHeight: height,
      spends: [],
      preimageOf,
      destination: COIN_SCRIPT,
      feeratePerKw: 253,
    })
    const now = claims.filter(
      ({ kind, publishableFrom }) =>
        (kind.type === 'htlc-success' || kind.type === 'htlc-timeout') && publishableFrom <= height,
    )
    // The peer's signatures bind an input to the output at its index and to the locktime, and to nothing else.
    const groups = together ? [...Map.groupBy(now, ({ tx }) => tx.lockTime).values()] : now.map((claim) => [claim])
    return groups.flatMap((group) => {
      const paying = coin()
      return paying === undefined ? [] : [this.#complete(group, paying)]
    })
  }

  #complete(claims: readonly Claim[], coin: OutPoint): Tx {
    const paying = { outpoint: coin, sequence: 0xfffffffd, scriptSig: new Uint8Array(0), witness: [] }
    const tx: Tx = {
      version: 2,
      inputs: [...claims.flatMap((claim) => claim.tx.inputs), paying],
      outputs: claims.flatMap((claim) => claim.tx.outputs),
      lockTime: claims[0]?.tx.lockTime ?? 0,
    }
    let signed = tx
    for (const [inputIndex, claim] of claims.entries()) {
      const { amount, lock } = claim
      const scriptCode = lock.witnessScript
      const digest = segwitV0Sighash({ tx, inputIndex, scriptCode, amount, sighashType: SIGHASH_ALL })
      const signature = this.#signer.signAt('htlc', this.#keys.perCommitmentPoint, { scheme: 'ecdsa', digest })
      signed = withWitness(signed, inputIndex, claimWitness(claim, signature))
    }
    const digest = segwitV0Sighash({
      tx,
      inputIndex: claims.length,
      scriptCode: p2wpkhScriptCode(hash160(secp256k1.publicKey(COIN_KEY))),
      amount: COIN_SAT,
      sighashType: SIGHASH_ALL,
    })
    const signature = witnessSignature(secp256k1.sign(digest, COIN_KEY), SIGHASH_ALL)
    return withWitness(signed, claims.length, [signature, secp256k1.publicKey(COIN_KEY)])
  }
}
