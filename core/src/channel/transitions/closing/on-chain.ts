import { dustLimit } from '../../../bitcoin/fees.ts'
import { formatOutPoint, type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { type BlockHeight, msatToSatFloor } from '../../../lib/units.ts'
import type { Claim } from '../../claims/claim.ts'
import { classifySpend } from '../../claims/classify-spend.ts'
import { type ConfirmedSpend, findSpend } from '../../claims/on-chain-outcome.ts'
import type { ConcernedOutput, Resolution } from '../../claims/resolution.ts'
import { paidBy } from '../../commitment/simple-close-transaction.ts'
import { balancesOf } from '../../commitments/balances.ts'
import { fundingOutputScript } from '../../commitments/build-commitment.ts'
import { commitmentOn, commitmentSpentBy } from '../../commitments/commitments.ts'
import type { ClosedSummary, ClosingProgress, FundingSpend } from '../../state/closing.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { Closed, Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { OutputSpent, TxConfirmed } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { passedDeadline } from '../common/deadlines.ts'
import { IRREVOCABLE_DEPTH, isAsDeepAs } from '../common/depth.ts'
import { dropUnsigned, failedSession } from '../common/fail-channel.ts'
import { publishLocalCommitment, publishMutualClose } from '../common/publications.ts'
import { mutualCloses } from '../common/simple-close.ts'
import { andThen, emit, type Live, type Step, stay, to } from '../common/step.ts'
import { asksToClose, askToClose } from './ask-to-close.ts'
import { confirmedSpend, decided, recallFor, resolutionOf } from './close-resolution.ts'
import { closedAccount } from './closed-account.ts'
import { searchAgain } from './funding-search.ts'
import { learnFrom, settleOutcomes } from './outcomes.ts'
import { confirmedIn, conflicts, type Undone, without } from './undone.ts'

/** An output that we watch is spent, in a block or, after a close, in the mempool. */
export const outputSpent = (live: Live, input: OutputSpent, env: ChannelEnv): Step => {
  const commitment = commitmentOn(live.durable, input.outpoint)
  return commitment === undefined ? claimSpent(live, input, env) : fundingSpent(live, commitment, input, env)
}

const fundingSpent = (
  { durable, session }: Live,
  commitment: Commitment,
  { tx, inMempool }: OutputSpent,
  env: ChannelEnv,
): Step => {
  if (inMempool) return stay(session === undefined ? { durable } : { durable, session })
  const txid = txidOf(tx)
  const known = durable.phase === 'closing' ? durable.closing.spends : []
  const watch: Effect = { type: 'watch-confirmed', txid, depth: 1, script: fundingOutputScript(commitment) }
  if (known.some((spend) => equalBytes(spend.txid, txid))) return to(durable, session, [watch])
  const spend: FundingSpend = { kind: classifySpend(commitment, tx, env.commitmentPoint), tx, txid }
  if (durable.phase === 'closing') {
    const closing = { ...durable.closing, spends: [...lastOf(durable.closing.spends), spend] }
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

/** How many are kept that were in a block and are in none now. One that is not kept is told anew when it is in a block again. */
const MOST_UNDONE = 8

const lastOf = (spends: readonly FundingSpend[]): readonly FundingSpend[] => {
  const undone = spends.filter(({ confirmedAt }) => confirmedAt === undefined).slice(0, -MOST_UNDONE)
  return undone.length === 0 ? spends : spends.filter((spend) => !undone.includes(spend))
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
const reportSpend = (durable: Closing, { kind, tx, txid }: FundingSpend): readonly Effect[] => {
  switch (kind) {
    case 'mutual':
      return isAgreed(durable, tx)
        ? []
        : [emit(durable, { type: 'error', error: { code: 'unknown-funding-spend', txid } })]
    case 'local':
    case 'remote':
    case 'remote-next':
      return []
    case 'revoked':
      return [emit(durable, { type: 'error', error: { code: 'revoked-commitment-published', txid } })]
    case 'revoked-local':
      return [emit(durable, { type: 'error', error: { code: 'own-revoked-commitment-published', txid } })]
    case 'unknown':
      // Of a channel that a static backup has brought back no commitment is known, and the peer was asked for this one.
      return durable.recovered ? [] : [emit(durable, { type: 'error', error: { code: 'unknown-funding-spend', txid } })]
  }
}

/**
 * BOLT 5, general requirements: who spends the funding with something that is neither a commitment nor a close that we would sign has our key.
 * What we sign pays one of our scripts, unless what it would pay there is dust.
 */
const isAgreed = (durable: Closing, tx: Tx): boolean => {
  const scripts = ownScripts(durable)
  if (tx.outputs.some(({ script }) => scripts.some((own) => equalBytes(own, script)))) return true
  const { localParams, local } = commitmentSpentBy(durable, tx)
  const fee = paidBy(localParams, tx)
  const { localShutdownScript } = durable.params
  return msatToSatFloor(local.spec.toLocalMsat) - fee < dustLimit(localShutdownScript)
}

const ownScripts = ({ params, localShutdown, closes = [] }: Closing): readonly Uint8Array[] => [
  params.localShutdownScript,
  ...(localShutdown === undefined ? [] : [localShutdown]),
  ...closes.map(({ localScript }) => localScript),
]

/** A transaction that spends an output of the commitment. We use a preimage in it at once, confirmed or not. */
const claimSpent = ({ durable, session }: Live, { tx, outpoint, inMempool }: OutputSpent, env: ChannelEnv): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  if (durable.phase !== 'closing') return stay(state)
  const resolution = resolutionOf(durable, env)
  const outputs = resolution?.outputs ?? []
  const name = formatOutPoint(outpoint)
  const script = tx.outputs[0]?.script ?? outputs.find((output) => formatOutPoint(output.outpoint) === name)?.script
  const learnt = learnFrom(durable, outputs, tx, resolution?.outcomes)
  const watch: readonly Effect[] =
    script === undefined || inMempool ? [] : [{ type: 'watch-confirmed', txid: txidOf(tx), depth: 1, script }]
  return to(learnt.durable, session, [...learnt.effects, ...watch])
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
    if (spend.confirmedAt === blockHeight) return stay(state)
    // Another block than before, or another spend than before: what followed from that one is undone with it.
    const next: Closing = {
      ...durable,
      closing: followed(confirmedIn(durable.closing, spend, blockHeight), spend.kind),
    }
    return andThen(to(next, session, watchOutputs(next, env, blockHeight)), () =>
      progressClosing(next, session, env, durable),
    )
  }
  const known = claims.find((claim) => equalBytes(claim.txid, txid))
  if (known?.height === blockHeight) return stay(state)
  const concerned = resolutionOf(durable, env)?.outputs ?? []
  const learnt = learnFrom(durable, concerned, tx)
  const more = [...claims.filter((claim) => !conflicts(claim.tx, tx)), { txid, tx, height: blockHeight }]
  const next: Closing = { ...learnt.durable, closing: { ...learnt.durable.closing, claims: more } }
  const watched = new Set(concerned.map(nameOf))
  const fresh = (resolutionOf(next, env)?.outputs ?? []).filter((output) => !watched.has(nameOf(output)))
  return andThen(
    to(next, session, [...learnt.effects, ...fresh.map((output) => watchOutput(output, undefined, blockHeight))]),
    () => progressClosing(next, session, env, durable),
  )
}

/**
 * A block is undone, and with it a spend that the state has. BOLT 5: whatever is confirmed then decides; until that is so, what may be published
 * is published again at once. What was passed to the origins of HTLCs stays passed.
 */
export const closingUndone = (
  durable: Closing,
  session: Session | undefined,
  undone: Undone,
  env: ChannelEnv,
): Step => {
  const closing = without(durable.closing, undone)
  if (closing === durable.closing) return stay(session === undefined ? { durable } : { durable, session })
  const next: Closing = { ...durable, closing }
  const wasTold = durable.closing.done !== undefined
  return to(next, session, [
    ...(wasTold ? [emit(next, { type: 'error', error: { code: 'close-undone' } })] : []),
    ...publishClosing(next, env),
  ])
}

/**
 * Whether our latest commitment goes to the chain. It does where a block held what a copy of this node had published, and is undone: BOLT 5,
 * revoked transaction close: in a block again, that one gives all to the peer, and ours spends the same output.
 */
export const publishesLocal = (durable: Closing): boolean => {
  const { publishLocal, spends } = durable.closing
  if (publishLocal) return true
  const isCopied = confirmedSpend(durable) === undefined && spends.some(({ kind }) => kind === 'revoked-local')
  return isCopied && !mayBeOld(durable) && mutualCloses(durable).length === 0
}

/** What the peer has proven to be old, and what may be. */
export const mayBeOld = ({ closing, inDoubt }: Closing): boolean => closing.cause === 'data-loss' || inDoubt === true

/** Another block: claims may have become due, outcomes deep enough, and the channel finished. */
export const closingBlock = (
  durable: Closing,
  session: Session | undefined,
  handled: BlockHeight,
  env: ChannelEnv,
): Step => {
  const spent = confirmedSpend(durable) !== undefined
  if (!spent && !durable.closing.publishLocal && !mayBeOld(durable) && passedDeadline(durable, env) !== undefined) {
    // The transaction that the peer, or both, were to publish has not been mined in time for an HTLC.
    const next: Closing = { ...durable, closing: { ...durable.closing, publishLocal: true } }
    return to(next, session, publishClosing(next, env))
  }
  if (!spent) {
    const asked =
      session !== undefined && asksToClose(durable) ? askToClose(durable, session, env) : { session, effects: [] }
    return to(durable, asked.session, [
      ...publishClosing(durable, env),
      ...asked.effects,
      ...searchAgain(durable, handled),
    ])
  }
  // Blocks that had passed when the node started have been looked through by now: see `resume`.
  const next: Closing = isFollowed(durable)
    ? durable
    : { ...durable, closing: followed(durable.closing, confirmedSpend(durable)?.kind) }
  return progressClosing(next, session, env)
}

/** Every transaction of a closing that may be published and is not in a block yet. It is asked for anew at every block. */
export const publishClosing = (durable: Closing, env: ChannelEnv): readonly Effect[] => {
  if (confirmedSpend(durable) !== undefined) return dueClaims(resolutionOf(durable, env), env).map(publishClaim)
  const publishesOurs = publishesLocal(durable)
  const closes = mutualCloses(durable)
  return [
    ...closes.map((close) => publishMutualClose(durable, close)),
    ...(publishesOurs ? publishLocalCommitment(durable, env) : []),
    ...durable.closing.spends
      .filter(({ kind, txid }) => {
        // An old commitment of ours gives everything to the peer. Ours, and what both have signed, we publish with our own signature.
        // One of ours that the peer has proven to be old is such a one, and one that is in doubt may be.
        if (kind === 'revoked-local' || (kind === 'local' && (publishesOurs || mayBeOld(durable)))) return false
        return !closes.some((close) => equalBytes(close.txid, txid))
      })
      .map(publishAgain),
  ]
}

const PURPOSES = { mutual: 'mutual-close', local: 'local-commitment' } as const

/** A close that was in a block, which has been undone: it is complete, whoever published it. */
const publishAgain = ({ kind, tx }: FundingSpend): Effect => ({
  type: 'publish',
  purpose: kind === 'mutual' || kind === 'local' ? PURPOSES[kind] : 'remote-commitment',
  publication: { type: 'signed', tx },
})

/**
 * What is watched once the funding output is spent in a block: each output that concerns us. What the state has of their spends already is
 * told again only if it is undone.
 */
export const watchOutputs = (
  durable: Closing,
  env: ChannelEnv,
  // A version that did not watch an output may have missed its spend.
  since = isFollowed(durable) ? undefined : confirmedSpend(durable)?.confirmedAt,
): readonly Effect[] =>
  (resolutionOf(durable, env)?.outputs ?? []).map((output) =>
    watchOutput(output, findSpend(durable.closing.claims, output.outpoint)?.spend, since),
  )

const isFollowed = (durable: Closing): boolean => {
  const { closing } = durable
  const isTold = confirmedSpend(durable)?.kind !== 'unknown' || closing.followedUntold === true
  return closing.followed === true && isTold
}

const followed = (closing: ClosingProgress, kind: FundingSpend['kind'] | undefined): ClosingProgress => ({
  ...closing,
  followed: true,
  ...(kind === 'unknown' && { followedUntold: true }),
})

/**
 * Publishes claims, settles outcomes that became final, and ends the channel when everything is done. With the state `before` a
 * transaction, only claims that have become due by it are published; at a block, all that are due.
 */
export const progressClosing = (
  durable: Closing,
  session: Session | undefined,
  env: ChannelEnv,
  before?: Closing,
): Step => {
  const spend = confirmedSpend(durable)
  const resolution = resolutionOf(durable, env)
  if (spend?.confirmedAt === undefined || resolution === undefined) return to(durable, session, [])
  const { claimDepth } = env.settings
  const isDeep = (height: number): boolean => isAsDeepAs(claimDepth, height, env)
  const deep = isDeep(spend.confirmedAt)
  const published = new Set(before === undefined ? [] : dueClaims(resolutionOf(before, env), env).map(nameOf))
  const due = dueClaims(resolution, env).filter((claim) => !published.has(nameOf(claim)))
  const step = settleOutcomes(durable, resolution, deep, isDeep)
  const effects = [...due.map(publishClaim), ...step.effects]
  const { resolvedAt } = resolution
  if (resolvedAt === undefined || !isDeep(resolvedAt) || !deep || hasUntold(step.durable)) {
    return to(step.durable, session, effects)
  }
  return andThen(to(step.durable, session, effects), () => end(step.durable, session, spend, resolvedAt, env))
}

/** An HTLC that we offered and whose origin waits for its outcome. Whatever became of the outputs, a channel does not end before that. */
const hasUntold = ({ htlcs, closing }: Closing): boolean =>
  htlcs.offered.some(({ add, preimage }) => preimage === undefined && !closing.settled.includes(add.id))

const dueClaims = (resolution: Resolution | undefined, env: ChannelEnv): readonly Claim[] =>
  (resolution?.claims ?? []).filter(({ publishableFrom }) => publishableFrom <= env.height)

const nameOf = ({ outpoint }: Pick<Claim, 'outpoint'>): string => formatOutPoint(outpoint)

const publishClaim = (claim: Claim): Effect => ({
  type: 'publish',
  purpose: 'claim',
  publication: { type: 'claim', claim },
})

const watchOutput = (
  { outpoint, script }: ConcernedOutput,
  known?: Pick<ConfirmedSpend, 'txid' | 'height'>,
  since?: BlockHeight,
): Effect => ({
  type: 'watch-spent',
  outpoint,
  script,
  ...(known && { known: { txid: known.txid, height: known.height } }),
  ...(since !== undefined && { since }),
})

/**
 * All is as deep as it has to be for practical purposes: the operator is told once. BOLT 5: the channel itself ends only when everything is
 * irrevocably resolved; until then a reorganisation brings back what it undoes.
 */
const end = (
  durable: Closing,
  session: Session | undefined,
  spend: FundingSpend,
  resolvedAt: BlockHeight,
  env: ChannelEnv,
): Step => {
  const { params, shortIds, closing } = durable
  const summary: ClosedSummary = {
    kind: spend.kind,
    txid: spend.txid,
    // The same whenever it is heard of.
    closedAt: resolvedAt + env.settings.claimDepth - 1,
    paidToUs: paidToUs(durable, spend),
  }
  const told =
    closing.done === undefined ? [emit(durable, { type: 'closed', summary, ...accountOf(durable, spend) })] : []
  if (!isAsDeepAs(IRREVOCABLE_DEPTH, resolvedAt, env)) {
    return to(told.length === 0 ? durable : { ...durable, closing: { ...closing, done: summary } }, session, told)
  }
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
    summary,
  }
  return to(closed, session, told)
}

/** What the spend of the funding and the claims that followed it have brought to the wallet, however the channel ended. */
const paidToUs = (durable: Closing, { tx }: FundingSpend): bigint => {
  const scripts = ownScripts(durable)
  let sum = 0n
  for (const { outputs } of [tx, ...durable.closing.claims.map((claim) => claim.tx)])
    for (const { script, amount } of outputs) if (scripts.some((own) => equalBytes(own, script))) sum += amount
  return sum
}

/** Of a channel that a static backup has brought back nobody here knows who ended it, or what of it came back before. */
const accountOf = (durable: Closing, spend: FundingSpend) =>
  durable.recovered ? {} : { account: closedAccount(durable, spend) }
