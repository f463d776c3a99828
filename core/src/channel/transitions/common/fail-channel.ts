import { balancesOf } from '../../commitments/balances.ts'
import { isFundingConfirmed, latest } from '../../commitments/commitments.ts'
import type { CloseCause } from '../../state/closing.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { ChannelError } from '../../state/errors.ts'
import type { Session } from '../../state/session.ts'
import { noProposals } from '../../state/session.ts'
import { answerTo } from './error-message.ts'
import { publishLocalCommitment } from './publications.ts'
import { settled } from './settle.ts'
import { emit, type Step, to } from './step.ts'

export interface ForceClose {
  readonly cause: CloseCause
  readonly error: ChannelError
  /** False when the peer knows a later state than we do. */
  readonly publish?: boolean
}

/**
 * BOLT 5, failing a channel: publishes our latest commitment and watches the chain. From here on nothing is said in the channel except the
 * error that ended it.
 */
export const forceClose = (
  durable: Exclude<Funded, Closing>,
  session: Session | undefined,
  { cause, error, publish: wanted = true }: ForceClose,
  env: ChannelEnv,
): Step => {
  const publish = wanted && durable.inDoubt === undefined
  const told: Effect[] = []
  const message = answerTo(durable.params.channelId, error)
  if (message !== undefined && session !== undefined) told.push({ type: 'send', epoch: session.epoch, message })
  if (!hasStake(durable)) return forget(durable, session, error, told, env)
  const next: Closing = {
    ...durable,
    phase: 'closing',
    closing: { cause, startedAt: env.height, publishLocal: publish, spends: [], claims: [], settled: [] },
  }
  const published = publish ? publishLocalCommitment(next, env) : []
  const { txid } = latest(durable).local
  return to(next, failedSession(durable, session), [
    ...dropUnsigned(durable, session),
    ...told,
    ...published,
    emit(next, { type: 'error', error }),
    emit(next, { type: 'closing', cause, ...(published.length > 0 ? { txid } : {}) }),
  ])
}

/** A channel of the peer's whose funding is in no block and in which nothing is ours: whatever happens to it, we lose nothing. */
export const hasStake = (durable: Funded): boolean => {
  const { local } = latest(durable)
  return (
    durable.params.localIsOpener ||
    isFundingConfirmed(durable) ||
    local.index > 0 ||
    balancesOf(durable).localMsat !== 0n
  )
}

/** Ends a channel that never came to be: HTLCs in it cannot be taken any more, by either side. */
export const forget = (
  durable: Funded,
  session: Session | undefined,
  error: ChannelError,
  told: readonly Effect[],
  env: ChannelEnv,
): Step => {
  const { channelId, localNodeId, remoteNodeId, keyIndex } = durable.params
  const summary = { kind: 'never-funded', closedAt: env.height, paidToUs: 0n } as const
  const closed = { phase: 'closed', channelId, localNodeId, remoteNodeId, keyIndex, summary } as const
  const given = durable.phase === 'closing' ? durable.closing.settled : []
  const untold = durable.htlcs.offered.filter(({ add, preimage }) => preimage === undefined && !given.includes(add.id))
  return to(closed, session, [
    ...dropUnsigned(durable, session),
    ...untold.flatMap((record) => settled(durable, record, { type: 'timed-out-on-chain' })),
    ...told,
    emit(closed, { type: 'error', error }),
    emit(closed, { type: 'closed', summary }),
  ])
}

/** HTLCs that we had offered and not yet signed never existed: whoever wanted them may try elsewhere. */
export const dropUnsigned = (durable: Funded, session: Session | undefined): readonly Effect[] =>
  session === undefined
    ? []
    : session.proposed.local.flatMap((proposal) =>
        proposal.type === 'add' ? settled(durable, proposal.record, { type: 'not-sent' }) : [],
      )

/** A session in which nothing more is said: any check whether the channel was reestablished gets no. */
export const failedSession = ({ changes }: Funded, session: Session | undefined): Session | undefined =>
  session === undefined
    ? undefined
    : {
        ...session,
        reestablished: false,
        proposed: noProposals(changes.nextLocalHtlcId, changes.nextRemoteHtlcId),
      }
