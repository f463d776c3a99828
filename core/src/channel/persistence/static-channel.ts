import { EMPTY_SHACHAIN_STORE } from '../../crypto/shachain.ts'
import type { ChannelId, NodeId, OutPoint } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Sat } from '../../lib/units.ts'
import type { ChannelType } from '../../wire/channel-type.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { oneOf, struct } from '../../wire/codec/combinators.ts'
import { bool, bytes32, point, u16, u32, u64 } from '../../wire/codec/primitives.ts'
import { ecdsa } from '../../wire/funding-signature.ts'
import type { CommitmentFormatName } from '../commitment/commitment-format.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { CommitmentSpec } from '../commitment/commitment-spec.ts'
import type { Basepoints } from '../commitment/commitment-terms.ts'
import { commitmentFormat } from '../commitment/formats.ts'
import { mirrored } from '../commitments/build-commitment.ts'
import { latest } from '../commitments/commitments.ts'
import { NO_CHANGES } from '../state/changes.ts'
import type { Closing, Funded } from '../state/durable.ts'
import { NO_HTLCS } from '../state/htlc.ts'
import type { ChannelKeys, Limits, RelayPolicy } from '../state/params.ts'

/**
 * What never changes in a channel: enough to recognise a close of it and to take our main output there, with the seed. Nothing of it can
 * publish anything: it holds no commitment and no signature of the peer's.
 */
export interface StaticChannel {
  readonly channelId: ChannelId
  readonly remoteNodeId: NodeId
  readonly keyIndex: number
  readonly localIsOpener: boolean
  readonly channelType: ChannelType
  readonly format: CommitmentFormatName
  readonly remoteKeys: ChannelKeys
  readonly fundingOutpoint: OutPoint
  readonly fundingAmount: Sat
  readonly openedAt: BlockHeight
  readonly local: StaticLimits
  readonly remote: StaticLimits
}

/** What a side demands. */
interface StaticLimits {
  readonly dustLimit: Sat
  readonly toSelfDelay: BlockDelta
}

const limits = struct<StaticLimits>({ dustLimit: u64, toSelfDelay: u16 })

export const staticChannelCodec: Codec<StaticChannel> = struct<StaticChannel>({
  channelId: bytes32,
  remoteNodeId: point,
  keyIndex: u32,
  localIsOpener: bool,
  channelType: struct<ChannelType>({ scidAlias: bool, zeroConf: bool }),
  format: oneOf(['anchors-zero-fee-htlc']),
  remoteKeys: struct<ChannelKeys>({
    fundingKey: point,
    basepoints: struct<Basepoints>({ revocation: point, payment: point, delayedPayment: point, htlc: point }),
  }),
  fundingOutpoint: struct<OutPoint>({ txid: bytes32, index: u32 }),
  fundingAmount: u64,
  openedAt: u32,
  local: limits,
  remote: limits,
})

export const staticChannelOf = (durable: Funded): StaticChannel => {
  const { channelId, remoteNodeId, keyIndex, localIsOpener, channelType, remoteKeys, openedAt } = durable.params
  const { localParams, localLimits, remoteLimits } = latest(durable)
  const { format, fundingOutpoint, fundingAmount } = localParams
  return {
    channelId,
    remoteNodeId,
    keyIndex,
    localIsOpener,
    channelType,
    format: format.name,
    remoteKeys,
    fundingOutpoint,
    fundingAmount,
    openedAt,
    local: { dustLimit: localLimits.dustLimit, toSelfDelay: localLimits.toSelfDelay },
    remote: { dustLimit: remoteLimits.dustLimit, toSelfDelay: remoteLimits.toSelfDelay },
  }
}

/** What a channel that is brought back from its static backup needs besides. */
export interface Recovery {
  readonly localNodeId: NodeId
  /** By its key index. */
  readonly localKeys: ChannelKeys
  /** Where its claims pay to. */
  readonly localShutdownScript: Uint8Array
  readonly height: BlockHeight
}

/**
 * The channel as one whose data is lost (BOLT 2, option_data_loss_protect): it closes, the peer is asked to publish, and nothing of ours ever
 * is. Its commitments are of no number that can be published, and hold nothing.
 */
export const recoveredChannel = (backup: StaticChannel, recovery: Recovery): Closing => {
  const { channelId, remoteNodeId, keyIndex, localIsOpener, channelType, remoteKeys, openedAt } = backup
  const { localNodeId, localKeys, localShutdownScript, height } = recovery
  const localParams: CommitmentParams = {
    format: commitmentFormat(backup.format),
    fundingOutpoint: backup.fundingOutpoint,
    fundingAmount: backup.fundingAmount,
    localFundingKey: localKeys.fundingKey,
    remoteFundingKey: remoteKeys.fundingKey,
    localBasepoints: localKeys.basepoints,
    remoteBasepoints: remoteKeys.basepoints,
    localIsOpener,
    dustLimit: backup.local.dustLimit,
    toSelfDelay: backup.remote.toSelfDelay,
  }
  return {
    phase: 'closing',
    recovered: true,
    params: {
      channelId,
      temporaryChannelId: channelId,
      localNodeId,
      remoteNodeId,
      keyIndex,
      localIsOpener,
      channelType,
      announce: false,
      localKeys,
      remoteKeys,
      localShutdownScript,
      localShutdownIsUpfront: false,
      minimumDepth: 1,
      openedAt,
    },
    shortIds: { localAliases: [] },
    relay: { current: NO_RELAYING, since: 0, updateTimestamp: 0 },
    changes: NO_CHANGES,
    htlcs: NO_HTLCS,
    active: [
      {
        fundingIndex: 0,
        // So deep that nothing undoes it: it is the close that matters.
        fundingStatus: { type: 'confirmed', blockHeight: 0, txIndex: 0 },
        localParams,
        remoteParams: mirrored(localParams, backup.remote.dustLimit, backup.local.toSelfDelay),
        localLimits: limitsOf(backup.local),
        remoteLimits: limitsOf(backup.remote),
        local: { index: 0, spec: NOTHING, txid: NO_TX, remoteSignature: NO_SIGNATURE, htlcSignatures: [] },
        remote: { index: 0, spec: NOTHING, txid: NO_TX, point: remoteKeys.basepoints.payment },
      },
    ],
    inactive: [],
    remoteNextPoint: { type: 'unknown' },
    remoteReady: true,
    remoteSecrets: EMPTY_SHACHAIN_STORE,
    closing: { cause: 'data-loss', startedAt: height, publishLocal: false, spends: [], claims: [], settled: [] },
  }
}

const NOTHING: CommitmentSpec = { htlcs: [], feeratePerKw: 253, toLocalMsat: 0n, toRemoteMsat: 0n }
const NO_RELAYING: RelayPolicy = {
  feeBaseMsat: 0n,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 0,
  htlcMinimumMsat: 0n,
  htlcMaximumMsat: 0n,
}
const NO_TX = new Uint8Array(32)
const NO_SIGNATURE = ecdsa(new Uint8Array(64))

const limitsOf = ({ dustLimit, toSelfDelay }: StaticLimits): Limits => ({
  dustLimit,
  toSelfDelay,
  channelReserve: 0n,
  htlcMinimumMsat: 0n,
  maxHtlcValueInFlightMsat: 0n,
  maxAcceptedHtlcs: 0,
})
