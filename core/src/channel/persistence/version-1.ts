import { decodeTx, encodeTx, type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { decodeShachainStore, encodeShachainStore } from '../../crypto/shachain.ts'
import type { ChannelType } from '../../wire/channel-type.ts'
import { type Codec, encodeWith } from '../../wire/codec/codec.ts'
import {
  count,
  type FieldCodecs,
  mapped,
  oneOf,
  optional,
  struct,
  u16List,
  union,
} from '../../wire/codec/combinators.ts'
import { extended, type LaterFields } from '../../wire/codec/extended.ts'
import {
  bigSize,
  bool,
  bytes32,
  fixedBytes,
  point,
  signature,
  u16,
  u16Bytes,
  u32,
  u32Bytes,
  u64,
} from '../../wire/codec/primitives.ts'
import { fundingSignature } from '../../wire/funding-signature.ts'
import { decodeMessage, encodeMessage } from '../../wire/message-codecs.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import type { ConfirmedSpend } from '../claims/on-chain-outcome.ts'
import type { Basepoints } from '../commitment/commitment-terms.ts'
import type { CloseVariant } from '../commitment/simple-close-transaction.ts'
import type {
  ClosedSummary,
  ClosingProgress,
  FundingSearch,
  FundingSpend,
  MutualClose,
  SignedClose,
} from '../state/closing.ts'
import type { FundingStatus, RemoteNextPoint } from '../state/commitment.ts'
import type { AnnouncementHalves, Closed, FundingCoins, Quarantine } from '../state/durable.ts'
import type { HtlcFailure, HtlcOrigin, HtlcRecord, HtlcRef } from '../state/htlc.ts'
import type {
  ChannelKeys,
  ChannelParams,
  InboundDiscount,
  InboundDiscounts,
  Limits,
  RelayPolicies,
  RelayPolicy,
  RemoteRelayPolicy,
  ShortIds,
} from '../state/params.ts'
import { idRuns } from './id-runs.ts'
import type {
  LaterOfFunded,
  StoredChange,
  StoredChanges,
  StoredCommitment,
  StoredFunded,
  StoredRemote,
  StoredSpec,
  StoredTerms,
} from './stored-channel.ts'

// Version 1. What is here must never change, because rows of it exist; it grows by later members (`laterOfFunded`).

/** Values that stay the same object for the life of a channel are encoded once. */
const remembered = <T extends object>(codec: Codec<T>): Codec<T> => {
  const known = new WeakMap<T, Uint8Array>()
  return {
    encode(writer, value) {
      let bytes = known.get(value)
      if (bytes === undefined) {
        bytes = encodeWith(codec, value)
        known.set(value, bytes)
      }
      writer.bytes(bytes)
    },
    decode: (reader) => codec.decode(reader),
  }
}

const transaction: Codec<Tx> = mapped(
  u32Bytes,
  (bytes) => {
    const tx = decodeTx(bytes)
    return tx.ok ? tx.value : undefined
  },
  encodeTx,
)

const basepoints = struct<Basepoints>({ revocation: point, payment: point, delayedPayment: point, htlc: point })
const keys = struct<ChannelKeys>({ fundingKey: point, basepoints })
const channelType = struct<ChannelType>({ scidAlias: bool, zeroConf: bool })

const params: Codec<ChannelParams> = remembered(
  struct<ChannelParams>({
    channelId: bytes32,
    temporaryChannelId: bytes32,
    localNodeId: point,
    remoteNodeId: point,
    keyIndex: u32,
    localIsOpener: bool,
    channelType,
    announce: bool,
    localKeys: keys,
    remoteKeys: keys,
    localShutdownScript: u16Bytes,
    localShutdownIsUpfront: bool,
    remoteUpfrontShutdown: optional(u16Bytes),
    minimumDepth: u32,
    openedAt: u32,
  }),
)

const limits = struct<Limits>({
  dustLimit: u64,
  channelReserve: u64,
  htlcMinimumMsat: u64,
  maxHtlcValueInFlightMsat: u64,
  maxAcceptedHtlcs: u16,
  toSelfDelay: u16,
})

const policyFields = {
  feeBaseMsat: u64,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: u64,
  htlcMaximumMsat: u64,
}
const policy = struct<RelayPolicy>(policyFields)
const discount = struct<InboundDiscount>({ feeBaseMsat: u64, feeProportionalMillionths: u32 })
const relay: Codec<RelayPolicies> = remembered(
  struct<RelayPolicies>({ current: policy, since: count, previous: optional(policy), updateTimestamp: u32 }),
)
const remoteRelay: Codec<RemoteRelayPolicy> = remembered(
  struct<RemoteRelayPolicy>({ ...policyFields, shortChannelId: u64, timestamp: u32, disabled: bool }),
)

const shortIds = struct<ShortIds>({ real: optional(u64), localAliases: u16List(u64), remoteAlias: optional(u64) })

const outpoint = struct<{ readonly txid: Uint8Array; readonly index: number }>({ txid: bytes32, index: u32 })

const spec = struct<StoredSpec>({
  feeratePerKw: u32,
  toLocalMsat: u64,
  toRemoteMsat: u64,
  offered: idRuns,
  received: idRuns,
})

const terms: Codec<StoredTerms> = remembered(
  struct<StoredTerms>({
    fundingIndex: u32,
    format: oneOf(['anchors-zero-fee-htlc']),
    fundingOutpoint: outpoint,
    fundingAmount: u64,
    localFundingKey: point,
    remoteFundingKey: point,
    localLimits: limits,
    remoteLimits: limits,
  }),
)

const remote = struct<StoredRemote>({ index: count, spec, txid: bytes32, point })

const commitment = struct<StoredCommitment>({
  terms,
  fundingStatus: union<FundingStatus, 'type'>('type', {
    unconfirmed: { number: 0, fields: {} },
    confirmed: { number: 1, fields: { blockHeight: u32, txIndex: u32 } },
    reorganised: { number: 2, fields: { since: u32 } },
  }),
  local: struct<StoredCommitment['local']>({
    index: count,
    spec,
    txid: bytes32,
    remoteSignature: fundingSignature,
    htlcSignatures: u16List(signature),
  }),
  remote,
  remoteNext: optional(remote),
})

const run = { from: u64, count: bigSize }
const change = union<StoredChange, 'type'>('type', {
  add: { number: 0, fields: run },
  fulfil: { number: 1, fields: run },
  fail: { number: 2, fields: run },
  fee: { number: 3, fields: { feeratePerKw: u32 } },
})

const changes = struct<StoredChanges>({
  localSigned: u16List(change),
  localAcked: u16List(change),
  remoteAcked: u16List(change),
  remoteSigned: u16List(change),
  nextLocalHtlcId: u64,
  nextRemoteHtlcId: u64,
})

const spendKind = oneOf<FundingSpend['kind'] | 'never-funded'>([
  'mutual',
  'local',
  'remote',
  'remote-next',
  'revoked',
  'unknown',
  'never-funded',
  'revoked-local',
])

/** What a closing did not have in the first version. */
type LaterOfClosing = 'followed' | 'done' | 'followedUntold' | 'search'

const fundingSpend: Codec<FundingSpend> = mapped(
  struct<{ readonly kind: FundingSpend['kind'] | 'never-funded'; readonly tx: Tx; readonly confirmedAt?: number }>({
    kind: spendKind,
    tx: transaction,
    confirmedAt: optional(u32),
  }),
  ({ kind, ...rest }) => (kind === 'never-funded' ? undefined : { kind, ...rest, txid: txidOf(rest.tx) }),
  ({ kind, tx, confirmedAt }) => ({ kind, tx, ...(confirmedAt === undefined ? {} : { confirmedAt }) }),
)

const mutualClose: Codec<MutualClose> = mapped(
  struct<Omit<MutualClose, 'txid'>>({ tx: transaction, fee: u64, remoteSignature: fundingSignature }),
  (stored) => ({ ...stored, txid: txidOf(stored.tx) }),
  ({ tx, fee, remoteSignature }) => ({ tx, fee, remoteSignature }),
)

const claim: Codec<ConfirmedSpend> = mapped(
  struct<Omit<ConfirmedSpend, 'txid'>>({ tx: transaction, height: u32 }),
  (stored) => ({ ...stored, txid: txidOf(stored.tx) }),
  ({ tx, height }) => ({ tx, height }),
)

const closing = struct<Omit<ClosingProgress, LaterOfClosing>>({
  cause: oneOf<ClosingProgress['cause']>([
    'cooperative',
    'operator',
    'protocol-error',
    'remote-error',
    'htlc-deadline',
    'closing-timeout',
    'data-loss',
    'remote-commitment',
    'revoked-commitment',
    'unknown-spend',
    'revoked-local-commitment',
  ]),
  startedAt: u32,
  mutual: optional(mutualClose),
  publishLocal: bool,
  spends: u16List(fundingSpend),
  claims: u16List(claim),
  settled: idRuns,
})

const signedClose = struct<SignedClose>({
  closer: oneOf<SignedClose['closer']>(['local', 'remote']),
  localScript: u16Bytes,
  remoteScript: u16Bytes,
  fee: u64,
  locktime: u32,
  answer: optional(
    struct<NonNullable<SignedClose['answer']>>({
      variant: oneOf<CloseVariant>(['closerOutputOnly', 'closeeOutputOnly', 'closerAndCloseeOutputs']),
      remoteSignature: fundingSignature,
    }),
  ),
})

const fundingCoins = struct<FundingCoins>({
  outpoints: u16List(outpoint),
  rival: optional(struct<NonNullable<FundingCoins['rival']>>({ txid: bytes32, height: u32 })),
})

/** What only can be true: a record that says so, or none. */
const yes: Codec<true> = mapped(
  bool,
  (value) => value || undefined,
  (value) => value,
)

const summary = struct<ClosedSummary>({ kind: spendKind, txid: optional(bytes32), closedAt: u32, paidToUs: u64 })

const firstFunded = struct<Omit<StoredFunded, LaterOfFunded>>({
  phase: oneOf<StoredFunded['phase']>([
    'wait-for-funding-confirmed',
    'wait-for-channel-ready',
    'normal',
    'shutdown',
    'negotiating',
    'closing',
  ]),
  params,
  shortIds,
  relay,
  remoteRelay: optional(remoteRelay),
  changes,
  offered: idRuns,
  received: idRuns,
  active: u16List(commitment),
  inactive: u16List(commitment),
  remoteNextPoint: union<RemoteNextPoint, 'type'>('type', {
    unknown: { number: 0, fields: {} },
    known: { number: 1, fields: { point } },
    'awaiting-revocation': { number: 2, fields: { sentAtLocalIndex: count } },
  }),
  remoteReady: bool,
  remoteSecrets: mapped(
    u16Bytes,
    (bytes) => {
      const store = decodeShachainStore(bytes)
      return store.ok ? store.value : undefined
    },
    encodeShachainStore,
  ),
  fundingTx: optional(transaction),
  localShutdown: optional(u16Bytes),
  remoteShutdown: optional(u16Bytes),
  closingFeeratePerKw: optional(u32),
  closing: optional(closing),
})

/**
 * Members that came after the first version. To add one: an optional member of the state and of `StoredFunded`, its name in `LaterOfFunded`,
 * a line with the next free number here, and an example of it in the golden file of later members. What belongs to the closing goes within
 * it, with its own numbers from 1, and its name in `LaterOfClosing`. Absent, `followed` and `followedUntold` mean that outputs may have been spent
 * unseen, `done` that the operator was told of no end, and `search` that nothing was looked for.
 */
export const laterOfFunded: LaterFields<Pick<StoredFunded, LaterOfFunded | 'closing'>> = {
  inDoubt: { number: 1, codec: yes },
  quarantine: { number: 2, codec: struct<Quarantine>({ since: count, throws: count }) },
  recovered: { number: 3, codec: yes },
  fundingCoins: { number: 4, codec: fundingCoins },
  coinsGoneSince: { number: 8, codec: u32 },
  closing: {
    number: 9,
    within: {
      followed: { number: 1, codec: yes },
      done: { number: 2, codec: summary },
      followedUntold: { number: 5, codec: yes },
      search: { number: 6, codec: struct<FundingSearch>({ lookedTo: u32, fundedAt: optional(u32) }) },
    },
  },
  closesTaken: { number: 5, codec: struct({ since: u32, count }) },
  closingMinFeeratePerKw: { number: 20, codec: u32 },
  closingScript: { number: 21, codec: u16Bytes },
  closes: { number: 22, codec: u16List(signedClose) },
  announcement: {
    number: 23,
    codec: struct<AnnouncementHalves>({ shortChannelId: u64, nodeSignature: signature, bitcoinSignature: signature }),
  },
  inbound: {
    number: 24,
    codec: struct<InboundDiscounts>({ current: discount, previous: discount, since: count }),
  },
}

/** A channel that has commitments. */
export const fundedV1: Codec<StoredFunded> = extended(firstFunded, laterOfFunded)

export const closedV1: Codec<Closed> = struct<Closed>({
  phase: oneOf(['closed']),
  channelId: bytes32,
  localNodeId: point,
  remoteNodeId: point,
  keyIndex: optional(u32),
  fundingTxid: optional(bytes32),
  capacity: optional(u64),
  shortIds: optional(shortIds),
  finalBalanceMsat: optional(u64),
  summary,
})

const htlcRef = struct<HtlcRef>({ channelId: bytes32, htlcId: u64 })

export const addMessage: Codec<UpdateAddHtlc> = mapped(
  u32Bytes,
  (bytes) => {
    const message = decodeMessage(bytes)
    return message.ok && message.value.type === 'update_add_htlc' ? message.value : undefined
  },
  encodeMessage,
)

/** What the row of an HTLC holds besides its message. */
export const htlcFields: FieldCodecs<Omit<HtlcRecord, 'add' | 'attribution'>> = {
  direction: oneOf<HtlcRecord['direction']>(['offered', 'received']),
  firstRemote: optional(count),
  lastRemote: optional(count),
  sharedSecret: optional(bytes32),
  origin: optional(
    union<HtlcOrigin, 'type'>('type', {
      local: { number: 0, fields: { payment: u16Bytes } },
      relay: { number: 1, fields: { upstream: u16List(htlcRef) } },
    }),
  ),
  preimage: optional(bytes32),
  failure: optional(
    union<HtlcFailure, 'type'>('type', {
      fail: { number: 0, fields: { reason: u32Bytes } },
      malformed: { number: 1, fields: { sha256OfOnion: fixedBytes(32), failureCode: u16 } },
    }),
  ),
}

/** The row of an HTLC. */
export const htlcV1: Codec<HtlcRecord> = struct<Omit<HtlcRecord, 'attribution'>>({ ...htlcFields, add: addMessage })
