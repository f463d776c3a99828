import { p2wpkh } from '../../core/src/bitcoin/script.ts'
import { txidOf } from '../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import type { Claim } from '../../core/src/channel/claims/claim.ts'
import { deriveCommitmentKeys } from '../../core/src/channel/commitment/commitment-keys.ts'
import type { CommitmentParams } from '../../core/src/channel/commitment/commitment-params.ts'
import type { SpecHtlc } from '../../core/src/channel/commitment/commitment-spec.ts'
import { buildCommitment } from '../../core/src/channel/commitment/commitment-transaction.ts'
import { signedSpend } from '../../core/src/channel/commitment/fixtures/signed-spend.ts'
import { ANCHORS_ZERO_FEE_HTLC } from '../../core/src/channel/commitment/formats/anchors/anchors-format.ts'
import { derivePrivateKey, deriveRevocationPrivateKey } from '../../core/src/crypto/commitment-keys.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { EMPTY, utf8Encode } from '../../core/src/lib/bytes.ts'
import { virtualClock } from '../../core/src/lib/clock-virtual.ts'

export const secret = (name: string): Uint8Array => sha256(utf8Encode(`claims on devchain: ${name}`))
export const point = (name: string): Uint8Array => secp256k1.publicKey(secret(name))

export const WALLET_SCRIPT = p2wpkh(point('wallet'))
const FUNDING_AMOUNT = 1_000_000n
export const DELAY = 12
export const perCommitmentSecret = secret('per-commitment')
const perCommitmentPoint = point('per-commitment')

const basepoints = (side: string) => ({
  revocation: point(`${side} revocation`),
  payment: point(`${side} payment`),
  delayedPayment: point(`${side} delayed`),
  htlc: point(`${side} htlc`),
})

export const mined = (result: { ok: boolean; error?: unknown }): void => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
}

interface FundedChannel {
  readonly chain: Devchain
  readonly params: CommitmentParams
}

/** A channel whose funding is in a block, on a chain of its own unless one is given. */
export const fundedChannel = (chain = Devchain.open({ clock: virtualClock() })): FundedChannel => {
  const keys = { localFundingKey: point('local funding'), remoteFundingKey: point('remote funding') }
  const params = {
    ...keys,
    format: ANCHORS_ZERO_FEE_HTLC,
    fundingOutpoint: { txid: EMPTY, index: 0 },
    fundingAmount: FUNDING_AMOUNT,
    localBasepoints: basepoints('local'),
    remoteBasepoints: basepoints('remote'),
    localIsOpener: true,
    dustLimit: 354n,
    toSelfDelay: DELAY,
  }
  const funded = chain.fund([{ amount: FUNDING_AMOUNT, script: params.format.fundingLock(params).outputScript }])
  if (!funded.ok) throw new Error(funded.error.code)
  chain.mine(1)
  return { chain, params: { ...params, fundingOutpoint: { txid: txidOf(funded.value), index: 0 } } }
}

export const preimage = (number: number): Uint8Array => new Uint8Array(32).fill(number)

export const FUNDING_SECRETS = { local: secret('local funding'), remote: secret('remote funding') }

/** Signs the HTLC transactions of the commitment for the side that does not own it. */
export const remoteHtlcKey = derivePrivateKey(secret('remote htlc'), perCommitmentPoint)

export const committed = (params: CommitmentParams, expiry: number, feeratePerKw: number) => {
  const htlc = (id: number, direction: SpecHtlc['direction'], sat: bigint, cltvExpiry: number): SpecHtlc => ({
    id: BigInt(id),
    direction,
    amountMsat: sat * 1000n,
    paymentHash: sha256(preimage(id)),
    cltvExpiry,
  })
  const htlcs = [
    htlc(1, 'offered', 20_000n, expiry),
    htlc(2, 'received', 30_000n, expiry),
    htlc(3, 'offered', 40_000n, expiry),
    htlc(4, 'received', 50_000n, expiry + 10),
  ]
  const keys = deriveCommitmentKeys(params, perCommitmentPoint)
  const spec = { htlcs, feeratePerKw, toLocalMsat: 560_000_000n, toRemoteMsat: 300_000_000n }
  const commitment = buildCommitment({ params, keys, index: 7, spec })
  return {
    keys,
    htlcs,
    commitment,
    remoteHtlcSignatures: commitment.htlcTransactions.map(({ task }) => secp256k1.sign(task.digest, remoteHtlcKey)),
    signed: signedSpend(params, commitment.tx, FUNDING_SECRETS),
  }
}

export const claimKey = (side: 'local' | 'remote', { key }: Claim): Uint8Array => {
  switch (key.type) {
    case 'funding':
      return secret(`${side} funding`)
    case 'payment':
      return secret(`${side} payment`)
    case 'revocation':
      return deriveRevocationPrivateKey(secret(`${side} revocation`), key.perCommitmentSecret)
    case 'htlc':
      return derivePrivateKey(secret(`${side} htlc`), key.perCommitmentPoint)
    case 'delayed-payment':
      return derivePrivateKey(secret(`${side} delayed`), key.perCommitmentPoint)
  }
}
