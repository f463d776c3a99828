import { deriveCommitmentKeys } from '../../core/src/channel/commitment/commitment-keys.ts'
import type { CommitmentParams } from '../../core/src/channel/commitment/commitment-params.ts'
import type { SpecHtlc } from '../../core/src/channel/commitment/commitment-spec.ts'
import { buildCommitment } from '../../core/src/channel/commitment/commitment-transaction.ts'
import { ANCHORS_ZERO_FEE_HTLC } from '../../core/src/channel/commitment/formats/anchors/anchors-format.ts'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { utf8Encode } from '../../core/src/lib/bytes.ts'
import { type Benchmark, type Figure, perSecond } from './benchmark.ts'

const point = (name: string): Uint8Array => secp256k1.publicKey(sha256(utf8Encode(name)))
const basepoints = (side: string) => ({
  revocation: point(`${side} revocation`),
  payment: point(`${side} payment`),
  delayedPayment: point(`${side} delayed`),
  htlc: point(`${side} htlc`),
})

const params: CommitmentParams = {
  format: ANCHORS_ZERO_FEE_HTLC,
  fundingOutpoint: { txid: sha256(utf8Encode('funding')), index: 0 },
  fundingAmount: 100_000_000n,
  localFundingKey: point('local funding'),
  remoteFundingKey: point('remote funding'),
  localBasepoints: basepoints('local'),
  remoteBasepoints: basepoints('remote'),
  localIsOpener: true,
  dustLimit: 354n,
  toSelfDelay: 144,
}
const perCommitmentPoint = point('per-commitment')
const keys = deriveCommitmentKeys(params, perCommitmentPoint)

const htlcs = (count: number): readonly SpecHtlc[] =>
  Array.from({ length: count }, (_, at) => ({
    direction: at % 2 === 0 ? 'offered' : 'received',
    id: BigInt(at),
    amountMsat: 5_000_000n,
    paymentHash: sha256(utf8Encode(`payment ${at}`)),
    cltvExpiry: 800_000 + at,
  }))

const buildTime = (count: number): Figure => {
  const spec = { htlcs: htlcs(count), feeratePerKw: 2500, toLocalMsat: 50_000_000_000n, toRemoteMsat: 0n }
  const rate = perSecond(() => buildCommitment({ params, keys, index: 42, spec }))
  return { name: `channel.commitment.htlcs${count}`, value: 1e6 / rate, unit: 'µs' }
}

/** What one `commitment_signed` costs before its signatures. */
export const commitmentBenchmark: Benchmark = {
  figures: [
    'channel.commitment.keys',
    'channel.commitment.htlcs0',
    'channel.commitment.htlcs5',
    'channel.commitment.htlcs100',
  ],
  run: async () => [
    {
      name: 'channel.commitment.keys',
      value: 1e6 / perSecond(() => deriveCommitmentKeys(params, perCommitmentPoint)),
      unit: 'µs',
    },
    buildTime(0),
    buildTime(5),
    buildTime(100),
  ],
}
