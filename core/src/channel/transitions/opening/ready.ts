import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { shortChannelId } from '../../../lib/ids.ts'
import type { ChannelReady } from '../../../wire/messages/channel-open.ts'
import { fundingOutputScript } from '../../commitments/build-commitment.ts'
import { all, commitmentFundedBy, isFundingUndone, latest, replaceCommitment } from '../../commitments/commitments.ts'
import { update } from '../../state/channel-state.ts'
import type { Closing, Funded, WaitForChannelReady, WaitForFundingConfirmed } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { TxConfirmed, TxUnconfirmed } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { IRREVOCABLE_DEPTH, isAsDeepAs } from '../common/depth.ts'
import { publishLocalCommitment } from '../common/publications.ts'
import { react } from '../common/react.ts'
import { sendChannelUpdate } from '../common/relay-policy.ts'
import { emit, type Live, type Online, type Step, stay, to } from '../common/step.ts'
import { unannounce, unannouncedSession } from '../common/unannounce.ts'
import { knowsCoins, learnCoins, watchFundingCoins } from './double-spend.ts'
import { fundingDepth, publishFunding } from './opening.ts'

/** The funding transaction is as deep as we asked: the channel has its real id, and is ready on our side. */
export const fundingConfirmed = ({ durable, session: earlier }: Live, input: TxConfirmed, env: ChannelEnv): Step => {
  const state = earlier === undefined ? { durable } : { durable, session: earlier }
  const commitment = commitmentFundedBy(durable, input.txid)
  if (commitment === undefined) return stay(state)
  const { fundingStatus: before } = commitment
  if (before.type === 'confirmed' && before.blockHeight === input.blockHeight && before.txIndex === input.txIndex) {
    return durable.fundingCoins === undefined ? to(learnCoins(durable, input), earlier, []) : stay(state)
  }
  const { fundingOutpoint, fundingAmount } = commitment.localParams
  const output = input.tx.outputs[fundingOutpoint.index]
  // BOLT 2, channel_ready: only if the outpoint pays exactly the funding amount to the funding script.
  if (
    output === undefined ||
    output.amount !== fundingAmount ||
    !equalBytes(output.script, fundingOutputScript(commitment))
  ) {
    return react(state, { code: 'funding-output-mismatch' }, env)
  }
  const { blockHeight, txIndex } = input
  const real = shortChannelId({ blockHeight, txIndex, outputIndex: fundingOutpoint.index })
  const fundingStatus = { type: 'confirmed', blockHeight, txIndex } as const
  // BOLT 7: it names the block, so it is another one if the funding is in another block than before. Aliases stay.
  const isRenamed = real !== durable.shortIds.real
  const session = isRenamed ? unannouncedSession(earlier) : earlier
  const named = update(isRenamed ? unannounce(durable) : durable, { shortIds: { ...durable.shortIds, real } })
  const confirmed = learnCoins(replaceCommitment(named, commitment, { ...commitment, fundingStatus }), input)
  const event = emit(confirmed, {
    type: 'funding-confirmed',
    fundingIndex: commitment.fundingIndex,
    outpoint: fundingOutpoint,
    capacity: fundingAmount,
    blockHeight,
    shortIds: confirmed.shortIds,
  })
  const effects = [event]
  if (confirmed.phase === 'closing' && confirmed.closing.publishLocal && confirmed.closing.spends.length === 0) {
    // A peer's channel that failed before its funding was known to exist: nothing was published yet.
    return to(confirmed, session, [...effects, ...publishLocalCommitment(confirmed, env)])
  }
  if (isFundingUndone(durable) && confirmed.phase === 'normal' && session?.reestablished === true) {
    const usable = emit(confirmed, { type: 'usable', usable: true })
    return to(confirmed, session, [...effects, usable, ...sendChannelUpdate(confirmed, session, env)])
  }
  if (confirmed.phase !== 'wait-for-funding-confirmed') return to(confirmed, session, effects)
  const sends = session?.reestablished === true ? [channelReady(confirmed, session, env)] : []
  const ready = becomeReady(confirmed, session, env)
  return to(ready.state.durable, session, [...effects, ...sends, ...ready.effects])
}

/** The transaction of a funding that no reorganisation can undo any more need not be published again, and what it spends does not matter. */
export const forgetFundingTx = (durable: Exclude<Funded, Closing>, env: ChannelEnv): Exclude<Funded, Closing> => {
  const { fundingStatus } = latest(durable)
  const { fundingTx, fundingCoins, ...rest } = durable
  if (fundingTx === undefined && fundingCoins === undefined) return durable
  if (fundingStatus.type !== 'confirmed' || !isAsDeepAs(IRREVOCABLE_DEPTH, fundingStatus.blockHeight, env))
    return durable
  return rest as Exclude<Funded, Closing>
}

/** The undoing of a funding is told, for as long as it can be undone. An earlier version did not keep what it spends. */
export const watchConfirmedFundings = (durable: Funded, env: ChannelEnv): readonly Effect[] =>
  all(durable).flatMap((commitment): readonly Effect[] => {
    const { fundingStatus } = commitment
    if (fundingStatus.type !== 'confirmed') return []
    const { blockHeight: known } = fundingStatus
    const again = knowsCoins(durable) ? {} : ({ tellAgain: true } as const)
    if (isAsDeepAs(IRREVOCABLE_DEPTH, known, env)) return []
    const { txid } = commitment.localParams.fundingOutpoint
    const script = fundingOutputScript(commitment)
    return [{ type: 'watch-confirmed', txid, script, depth: fundingDepth(durable), known, ...again }]
  })

/**
 * The block that held the funding is undone. The channel is used for no further HTLC until the funding is in another block: until then it may
 * be spent elsewhere, and the channel, with all that is in it, may never come to be.
 */
export const fundingUndone = ({ durable, session }: Live, { txid }: TxUnconfirmed, env: ChannelEnv): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const commitment = commitmentFundedBy(durable, txid)
  if (commitment?.fundingStatus.type !== 'confirmed') return stay(state)
  const { real: _, ...shortIds } = durable.shortIds
  const fundingStatus = { type: 'reorganised', since: env.height } as const
  const named = update(unannounce(durable), { shortIds })
  const next = replaceCommitment(named, commitment, { ...commitment, fundingStatus })
  return to(next, unannouncedSession(session), [
    emit(next, { type: 'error', error: { code: 'funding-undone' } }),
    ...(next.phase === 'normal' && session?.reestablished === true
      ? [emit(next, { type: 'usable', usable: false })]
      : []),
    ...watchFundingCoins(next),
    ...publishFunding(next),
  ])
}

/** Whether both sides have agreed to use the channel before its funding confirms. */
export const isReadyUnconfirmed = ({ params }: Pick<Funded, 'params'>): boolean => params.minimumDepth === 0

/** BOLT 2, channel_ready: at a depth of zero it follows the first signatures at once. The real id comes with the funding's confirmation. */
export const readyUnconfirmed = (durable: WaitForFundingConfirmed, session: Session, env: ChannelEnv): Step => {
  const ready = becomeReady(durable, session, env)
  return { state: ready.state, effects: [channelReady(durable, session, env), ...ready.effects] }
}

/** BOLT 2, channel_ready: with our per-commitment point for commitment 1, and our alias. */
export const channelReady = (durable: Funded, session: Session, env: ChannelEnv): Effect => {
  const alias = durable.shortIds.localAliases[0]
  return {
    type: 'send',
    epoch: session.epoch,
    message: {
      type: 'channel_ready',
      channelId: durable.params.channelId,
      secondPerCommitmentPoint: env.commitmentPoint(1),
      ...(alias === undefined ? {} : { alias }),
    },
  }
}

export const recvChannelReady = ({ durable, session }: Online, message: ChannelReady, env: ChannelEnv): Step => {
  const point = message.secondPerCommitmentPoint
  const remoteAlias = message.alias ?? durable.shortIds.remoteAlias
  const shortIds = remoteAlias === durable.shortIds.remoteAlias ? durable.shortIds : withAlias(durable, remoteAlias)
  if (durable.remoteReady || durable.remoteNextPoint.type !== 'unknown') {
    // BOLT 2: a repeated message is ignored, except for a new alias.
    if (shortIds === durable.shortIds) {
      return stay({ durable, session }, { type: 'ignored', message: message.type, why: 'repeated' })
    }
    return to(update(durable, { shortIds }), session, [])
  }
  if (!secp256k1.isPublicKey(point)) {
    return react({ durable, session }, { code: 'invalid-public-key', field: 'secondPerCommitmentPoint' }, env)
  }
  const next = update(durable, { shortIds, remoteReady: true, remoteNextPoint: { type: 'known', point } })
  if (next.phase !== 'wait-for-channel-ready') return to(next, session, [])
  return becomeReady(next, session, env)
}

/** Our side is ready: the channel is usable as soon as the peer's side is ready too. */
const becomeReady = (
  durable: WaitForFundingConfirmed | WaitForChannelReady,
  session: Session | undefined,
  env: ChannelEnv,
): Step => {
  if (!durable.remoteReady) return to({ ...durable, phase: 'wait-for-channel-ready' }, session, [])
  const normal = { ...durable, phase: 'normal' } as const
  const { fundingIndex, localParams } = latest(normal)
  const online = session?.reestablished === true
  const usable = online && !isFundingUndone(normal)
  return to(normal, session, [
    emit(normal, {
      type: 'ready',
      fundingIndex,
      shortIds: normal.shortIds,
      capacity: localParams.fundingAmount,
    }),
    ...(usable ? [emit(normal, { type: 'usable', usable: true })] : []),
    ...(online ? sendChannelUpdate(normal, session, env) : []),
  ])
}

const withAlias = (durable: Funded, remoteAlias: Funded['shortIds']['remoteAlias']): Funded['shortIds'] =>
  remoteAlias === undefined ? durable.shortIds : { ...durable.shortIds, remoteAlias }
