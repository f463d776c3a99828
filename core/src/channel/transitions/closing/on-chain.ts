import { formatOutPoint, type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import type { HtlcId, Preimage } from '../../../lib/ids.ts'
import type { Claim } from '../../claims/claim.ts'
import { classifySpend } from '../../claims/classify-spend.ts'
import { type OnChainOutcome, revealedPreimages } from '../../claims/on-chain-outcome.ts'
import type { ConcernedOutput, Resolution } from '../../claims/resolution.ts'
import { balancesOf } from '../../commitments/balances.ts'
import { fundingOutputScript } from '../../commitments/build-commitment.ts'
import { commitmentOn } from '../../commitments/commitments.ts'
import { update } from '../../state/channel-state.ts'
import type { FundingSpend } from '../../state/closing.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { Closed, Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { type HtlcRecord, replaceHtlc } from '../../state/htlc.ts'
import type { BlockConnected, OutputSpent, TxConfirmed } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { passedDeadline } from '../common/deadlines.ts'
import { dropUnsigned, failedSession } from '../common/fail-channel.ts'
import { publishLocalCommitment } from '../common/publications.ts'
import { settled } from '../common/settle.ts'
import { andThen, emit, type Live, type Step, stay, to } from '../common/step.ts'
import { confirmedSpend, decided, recallFor, resolutionOf } from './close-resolution.ts'

/** How often, in blocks, transactions that are not mined yet are published again. */
const REBROADCAST_INTERVAL = 6

/** An output that we watch is spent, in the mempool or in a block. */
export const outputSpent = (live: Live, input: OutputSpent, env: ChannelEnv): Step => {
  const commitment = commitmentOn(live.durable, input.outpoint)
  return commitment === undefined ? claimSpent(live, input, env) : fundingSpent(live, commitment, input, env)
}

const fundingSpent = (
  { durable, session }: Live,
  commitment: Commitment,
  { tx }: OutputSpent,
  env: ChannelEnv,
): Step => {
  const txid = txidOf(tx)
  const known = durable.phase === 'closing' ? durable.closing.spends : []
  const watch: Effect = { type: 'watch-confirmed', txid, depth: 1, script: fundingOutputScript(commitment) }
  if (known.some((spend) => equalBytes(spend.txid, txid))) return to(durable, session, [watch])
  const spend: FundingSpend = { kind: classifySpend(commitment, tx, env.commitmentPoint), tx, txid }
  if (durable.phase === 'closing') {
    const closing = { ...durable.closing, spends: [...durable.closing.spends, spend] }
    const next: Closing = { ...durable, closing }
    return to(next, session, [watch, ...recallFor(next, spend), ...reportSpend(next, spend)])
  }
  const cause = causeOf(spend.kind)
  const next: Closing = {
    ...durable,
    phase: 'closing',
    closing: { cause, startedAt: env.height, publishLocal: false, spends: [spend], claims: [], settled: [] },
  }
  return to(next, failedSession(durable, session), [
    ...dropUnsigned(durable, session),
    watch,
    ...recallFor(next, spend),
    ...reportSpend(next, spend),
    emit(next, { type: 'closing', cause, txid }),
  ])
}

const causeOf = (kind: FundingSpend['kind']): Closing['closing']['cause'] => {
  switch (kind) {
    case 'mutual':
      return 'cooperative'
    case 'local':
      return 'operator'
    case 'remote':
    case 'remote-next':
      return 'remote-commitment'
    case 'revoked':
      return 'revoked-commitment'
    case 'revoked-local':
      return 'revoked-local-commitment'
    case 'unknown':
      return 'unknown-spend'
  }
}

// BOLT 5: the operator must know of a peer that cheats, of a copy of this node that does, and of a commitment that we do not know.
const reportSpend = (durable: Closing, { kind, txid }: FundingSpend): readonly Effect[] => {
  switch (kind) {
    case 'mutual':
    case 'local':
    case 'remote':
    case 'remote-next':
      return []
    case 'revoked':
      return [emit(durable, { type: 'error', error: { code: 'revoked-commitment-published', txid } })]
    case 'revoked-local':
      return [emit(durable, { type: 'error', error: { code: 'own-revoked-commitment-published', txid } })]
    case 'unknown':
      return [emit(durable, { type: 'error', error: { code: 'unknown-funding-spend', txid } })]
  }
}

/** A transaction that spends an output of the commitment. We use a preimage in it at once, confirmed or not. */
const claimSpent = ({ durable, session }: Live, { tx, outpoint }: OutputSpent, env: ChannelEnv): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  if (durable.phase !== 'closing') return stay(state)
  const outputs = resolutionOf(durable, env)?.outputs ?? []
  const name = formatOutPoint(outpoint)
  const script = tx.outputs[0]?.script ?? outputs.find((output) => formatOutPoint(output.outpoint) === name)?.script
  const learnt = learnFrom(durable, outputs, tx)
  const watch: readonly Effect[] =
    script === undefined ? [] : [{ type: 'watch-confirmed', txid: txidOf(tx), depth: 1, script }]
  return to(learnt.durable, session, [...learnt.effects, ...watch])
}

/** BOLT 5: what a transaction shows by taking HTLCs that we offered. */
const learnFrom = (durable: Closing, outputs: readonly ConcernedOutput[], tx: Tx): Learnt => {
  const effects: Effect[] = []
  let next: Closing = durable
  for (const { htlc, preimage } of revealedPreimages(outputs, tx)) {
    const learnt = learnPreimage(next, htlc.id, preimage)
    next = learnt.durable
    effects.push(...learnt.effects)
  }
  return { durable: next, effects }
}

interface Learnt {
  readonly durable: Closing
  readonly effects: readonly Effect[]
}

/** Its origin gets it at once, unless the chain has already given the HTLC back to it. */
export const learnPreimage = (durable: Closing, id: HtlcId, preimage: Preimage): Learnt => {
  const record = durable.htlcs.offered.find(({ add }) => add.id === id)
  const isOver = durable.closing.settled.includes(id)
  if (record === undefined || record.preimage !== undefined || isOver) return { durable, effects: [] }
  const offered = replaceHtlc(durable.htlcs.offered, { ...record, preimage })
  const next = update(durable, { htlcs: { ...durable.htlcs, offered } })
  return { durable: next, effects: settled(next, record, { type: 'fulfilled', preimage, onChain: true }) }
}

/** A transaction of a closing is in a block. */
export const closingConfirmed = (
  durable: Closing,
  session: Session | undefined,
  { txid, tx, blockHeight }: TxConfirmed,
  env: ChannelEnv,
): Step => {
  const { spends, claims } = durable.closing
  const spend = spends.find((candidate) => equalBytes(candidate.txid, txid))
  const state = session === undefined ? { durable } : { durable, session }
  if (spend !== undefined) {
    if (spend.confirmedAt !== undefined) return stay(state)
    const confirmed = spends.map((each) => (each === spend ? { ...spend, confirmedAt: blockHeight } : each))
    const next: Closing = { ...durable, closing: { ...durable.closing, spends: confirmed } }
    return andThen(to(next, session, watchOutputs(next, env)), () => progressClosing(durable, next, session, env))
  }
  if (claims.some((claim) => equalBytes(claim.txid, txid))) return stay(state)
  const known = resolutionOf(durable, env)?.outputs ?? []
  const learnt = learnFrom(durable, known, tx)
  const more = [...claims, { txid, tx, height: blockHeight }]
  const next: Closing = { ...learnt.durable, closing: { ...durable.closing, claims: more } }
  const watched = new Set(known.map(nameOf))
  const fresh = (resolutionOf(next, env)?.outputs ?? []).filter((output) => !watched.has(nameOf(output)))
  return andThen(to(next, session, [...learnt.effects, ...fresh.map(watchOutput)]), () =>
    progressClosing(durable, next, session, env),
  )
}

/** Another block: claims may have become due, outcomes deep enough, and the channel finished. */
export const closingBlock = (
  durable: Closing,
  session: Session | undefined,
  { height }: BlockConnected,
  env: ChannelEnv,
): Step => {
  const spent = confirmedSpend(durable) !== undefined
  const mayPublish = !durable.closing.publishLocal && durable.closing.cause !== 'data-loss' && !durable.inDoubt
  if (!spent && mayPublish && passedDeadline(durable, env) !== undefined) {
    // The transaction that the peer, or both, were to publish has not been mined in time for an HTLC.
    const next: Closing = { ...durable, closing: { ...durable.closing, publishLocal: true } }
    return to(next, session, publishLocalCommitment(next, env))
  }
  const rebroadcast = height % REBROADCAST_INTERVAL === 0 ? publishClosing(durable, env) : []
  const earlier: ChannelEnv = { ...env, height: height - 1 }
  const step = progressClosing(durable, durable, session, env, earlier)
  return { state: step.state, effects: [...rebroadcast, ...step.effects] }
}

/** Every transaction of a closing that may be published and is not in a block yet. */
export const publishClosing = (durable: Closing, env: ChannelEnv): readonly Effect[] => {
  const { spends, publishLocal } = durable.closing
  if (!spends.some(({ confirmedAt }) => confirmedAt !== undefined)) {
    return publishLocal ? publishLocalCommitment(durable, env) : []
  }
  return dueClaims(resolutionOf(durable, env), env).map(publishClaim)
}

/** What is watched once the funding output is spent in a block: each output that concerns us. */
export const watchOutputs = (durable: Closing, env: ChannelEnv): readonly Effect[] =>
  (resolutionOf(durable, env)?.outputs ?? []).map(watchOutput)

/** Publishes claims that became due since `before`, settles outcomes that became final, and ends the channel when everything is done. */
export const progressClosing = (
  before: Closing,
  durable: Closing,
  session: Session | undefined,
  env: ChannelEnv,
  envBefore: ChannelEnv = env,
): Step => {
  const spend = confirmedSpend(durable)
  const resolution = resolutionOf(durable, env)
  if (spend?.confirmedAt === undefined || resolution === undefined) return to(durable, session, [])
  const isDeep = (height: number): boolean => env.height - height + 1 >= env.settings.claimDepth
  const deep = isDeep(spend.confirmedAt)
  const published = new Set(dueClaims(resolutionOf(before, envBefore), envBefore).map(nameOf))
  const due = dueClaims(resolution, env).filter((claim) => !published.has(nameOf(claim)))
  const step = settleOutcomes(durable, resolution, deep, isDeep)
  const effects = [...due.map(publishClaim), ...step.effects]
  const { resolvedAt } = resolution
  const isOver = resolvedAt !== undefined && isDeep(resolvedAt) && deep && !hasUntold(step.durable)
  if (!isOver) return to(step.durable, session, effects)
  const closed = close(step.durable, session, spend, env)
  return { state: closed.state, effects: [...effects, ...closed.effects] }
}

/** An HTLC that we offered and whose origin waits for its outcome. Whatever became of the outputs, a channel does not end before that. */
const hasUntold = ({ htlcs, closing }: Closing): boolean =>
  htlcs.offered.some(({ add, preimage }) => preimage === undefined && !closing.settled.includes(add.id))

/**
 * BOLT 5: an HTLC that we offered has failed once its timeout, or a commitment without it, is deep enough. It is fulfilled as soon as a block
 * shows its preimage, whoever heard of that block first.
 */
const settleOutcomes = (
  durable: Closing,
  resolution: Resolution,
  commitmentIsDeep: boolean,
  isDeep: (height: number) => boolean,
): Learnt => {
  const fulfilled = learnFromOutcomes(durable, resolution)
  const failed = settleFailures(fulfilled.durable, resolution, commitmentIsDeep, isDeep)
  return { durable: failed.durable, effects: [...fulfilled.effects, ...failed.effects] }
}

const learnFromOutcomes = (durable: Closing, { outcomes }: Resolution): Learnt => {
  const effects: Effect[] = []
  let next = durable
  for (const { htlc, outcome } of outcomes) {
    if (htlc.direction !== 'offered' || outcome.type !== 'fulfilled-by-peer') continue
    const learnt = learnPreimage(next, htlc.id, outcome.preimage)
    next = learnt.durable
    effects.push(...learnt.effects)
  }
  return { durable: next, effects }
}

const settleFailures = (
  durable: Closing,
  { outcomes, others }: Resolution,
  commitmentIsDeep: boolean,
  isDeep: (height: number) => boolean,
): Learnt => {
  const fates = new Map<HtlcId, boolean>()
  for (const { htlc, outcome } of outcomes) {
    if (htlc.direction !== 'offered') continue
    const failed = isFailure(outcome, isDeep)
    fates.set(htlc.id, failed && commitmentIsDeep)
  }
  const isOver = ({ add, preimage }: HtlcRecord): boolean =>
    preimage === undefined &&
    !durable.closing.settled.includes(add.id) &&
    (fates.get(add.id) ?? (others === 'no-output' && commitmentIsDeep))
  const over = durable.htlcs.offered.filter(isOver)
  if (over.length === 0) return { durable, effects: [] }
  const settledIds = [...durable.closing.settled, ...over.map(({ add }) => add.id)]
  return {
    durable: { ...durable, closing: { ...durable.closing, settled: settledIds } },
    effects: over.flatMap((record) => settled(durable, record, { type: 'timed-out-on-chain' })),
  }
}

const isFailure = (outcome: OnChainOutcome, isDeep: (height: number) => boolean): boolean => {
  switch (outcome.type) {
    case 'timed-out-by-us':
    case 'given-up':
      return isDeep(outcome.height)
    case 'no-output':
      return true
    default:
      return false
  }
}

const dueClaims = (resolution: Resolution | undefined, env: ChannelEnv): readonly Claim[] =>
  (resolution?.claims ?? []).filter(({ publishableFrom }) => publishableFrom <= env.height)

const nameOf = ({ outpoint }: Pick<Claim, 'outpoint'>): string => formatOutPoint(outpoint)

const publishClaim = (claim: Claim): Effect => ({
  type: 'publish',
  purpose: 'claim',
  publication: { type: 'claim', claim },
})

const watchOutput = ({ outpoint, script }: ConcernedOutput): Effect => ({ type: 'watch-spent', outpoint, script })

const close = (durable: Closing, session: Session | undefined, spend: FundingSpend, env: ChannelEnv): Step => {
  const { params, shortIds } = durable
  const commitment = decided(durable)
  const { localParams } = commitment
  const closed: Closed = {
    phase: 'closed',
    channelId: params.channelId,
    localNodeId: params.localNodeId,
    remoteNodeId: params.remoteNodeId,
    keyIndex: params.keyIndex,
    fundingTxid: localParams.fundingOutpoint.txid,
    capacity: localParams.fundingAmount,
    shortIds,
    finalBalanceMsat: balancesOf({ active: [commitment] }).localMsat,
    summary: {
      kind: spend.kind,
      txid: spend.txid,
      closedAt: env.height,
      paidToUs: paidToUs(durable, spend),
    },
  }
  return to(closed, session, [emit(closed, { type: 'closed', summary: closed.summary })])
}

/** What the spend of the funding and the claims that followed it have brought to the wallet, however the channel ended. */
const paidToUs = ({ closing, params, localShutdown, closes = [] }: Closing, { tx }: FundingSpend): bigint => {
  const named = closes.map(({ localScript }) => localScript)
  const scripts = [params.localShutdownScript, ...(localShutdown === undefined ? [] : [localShutdown]), ...named]
  let sum = 0n
  for (const { outputs } of [tx, ...closing.claims.map((claim) => claim.tx)])
    for (const { script, amount } of outputs) if (scripts.some((own) => equalBytes(own, script))) sum += amount
  return sum
}
