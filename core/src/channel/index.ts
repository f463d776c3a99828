/**
 * The public part of the room: what the rest of the house may know about a channel. Everything else here is private to the room.
 *
 * A channel is a `ChannelState`. `step` takes it from one state to the next and returns the work to be done as `Effect`s; `resume` returns
 * what a state that was read back still owes.
 */
export { step } from './channel.ts'
export { atFeerate, type Claim, ceilingOf, claimTask, claimWitness } from './claims/claim.ts'
export { type ClaimGroup, groupClaims, joinClaims, membersOf } from './claims/joint-claim.ts'
export { revealedPreimages } from './claims/on-chain-outcome.ts'
export type { SpecHtlc } from './commitment/commitment-spec.ts'
export type { SigningTask } from './commitment/signing-task.ts'
export { balanceView, isFull } from './commitments/balances.ts'
export { forceCloseCost, mutualCloseLossMsat, mutualClosePayoutMsat } from './commitments/closing-costs.ts'
export {
  commitmentFeerate,
  commitmentOn,
  fundingDeadSince,
  fundings,
  isFundingConfirmed,
  isFundingUndone,
  latest,
} from './commitments/commitments.ts'
export { remoteLimitsOf } from './commitments/limits.ts'
export { nextKeys } from './commitments/next-keys.ts'
export { unclaimableMsat } from './commitments/unclaimable.ts'
export { unconfirmedMsat } from './commitments/unconfirmed.ts'
export {
  closedOf,
  decodeChannel,
  encodeChange,
  encodeChannel,
  htlcKey,
  liveHtlcKeys,
  pastOfHtlcRow,
  readPastHtlc,
} from './persistence/channel-codec.ts'
export {
  recoveredChannel,
  type StaticChannel,
  staticChannelCodec,
  staticChannelOf,
} from './persistence/static-channel.ts'
export { resume } from './resume.ts'
export {
  type Channel,
  type ChannelState,
  idsOf,
  isFunded,
  isOpening,
  isStored,
  newChannel,
  putInDoubt,
  quarantined,
  released,
} from './state/channel-state.ts'
export type { CloseCause, ClosedAccount, ClosedSummary, FundingSpend } from './state/closing.ts'
export type { AnnouncementHalves, Closed, Closing, Durable, Funded } from './state/durable.ts'
export type {
  AnnounceEffect,
  AnnouncementRequest,
  AskAcceptEffect,
  AskedCommand,
  CommandResult,
  Effect,
  ForwardEffect,
  FundEffect,
  HtlcOutcome,
  IgnoredEffect,
  Publication,
  PublishEffect,
  RecallHtlcsEffect,
  ReplyEffect,
  SearchFundingEffect,
  SendEffect,
  SettleEffect,
  SigningAnswer,
  SigningRequest,
  WatchConfirmedEffect,
  WatchSpentEffect,
} from './state/effects.ts'
export type { ChannelEnv, ChannelSettings, Feerates } from './state/environment.ts'
export type { ChannelError, CommandError, HtlcFault, PeerFault } from './state/errors.ts'
export type { ChannelEvent } from './state/events.ts'
export {
  findHtlc,
  type HtlcFailure,
  type HtlcOrigin,
  type HtlcRef,
  isInRemoteOf,
  type PaymentReference,
} from './state/htlc.ts'
export type {
  AcceptCommand,
  AcceptQuestion,
  AddHtlcCommand,
  ChainInput,
  ChannelCommand,
  ChannelInput,
  ChannelMessage,
  CloseCommand,
  ForceCloseCommand,
  FulfilHtlcCommand,
  FundingCreatedByWallet,
  FundingFailed,
  OpenCommand,
  RejectCommand,
  SetHtlcMaximumCommand,
  SetInboundDiscountCommand,
  SetRelayFeesCommand,
  SettleHtlcCommand,
  TimerName,
  UpdateFeeCommand,
} from './state/inputs.ts'
export { type OpeningKeys, openingKeys } from './state/opening.ts'
export type {
  ChannelKeys,
  InboundDiscount,
  InboundDiscounts,
  RelayPolicies,
  RelayPolicy,
  RemoteRelayPolicy,
  ShortIds,
} from './state/params.ts'
export type { Rest } from './state/rest.ts'
export { type Epoch, newSession } from './state/session.ts'
export { mayCloseAtOurCost } from './transitions/closing/close-at-our-cost.ts'
export { closeOutlook } from './transitions/closing/close-outlook.ts'
export { confirmedSpend } from './transitions/closing/close-resolution.ts'
export { closePayer } from './transitions/closing/closed-account.ts'
export { isSearchedThrough, searchEnd, searchOf } from './transitions/closing/funding-search.ts'
export { keepsFulfilment } from './transitions/closing/kept-fulfilment.ts'
export { publishesLocal } from './transitions/closing/on-chain.ts'
export { unsignedIdOf } from './transitions/common/announcing.ts'
export { heedsBlocks, htlcDeadlines } from './transitions/common/deadlines.ts'
export { IRREVOCABLE_DEPTH } from './transitions/common/depth.ts'
export { answerTo, peerText } from './transitions/common/error-message.ts'
export { dropUnsigned, hasStake } from './transitions/common/fail-channel.ts'
export { reestablishUnknown } from './transitions/common/our-numbers.ts'
export { canPublishLocal, completeSpend, fillIn } from './transitions/common/publications.ts'
export { REACTIONS, type Reaction } from './transitions/common/reactions.ts'
export { channelUpdateOf, inboundExtension, outsideNameOf } from './transitions/common/relay-policy.ts'
export { mutualCloses } from './transitions/common/simple-close.ts'
export { emit } from './transitions/common/step.ts'
export { channelIdOf, fundingDepth } from './transitions/opening/opening.ts'
export { isClaimable } from './transitions/operating/claimable-htlc.ts'
