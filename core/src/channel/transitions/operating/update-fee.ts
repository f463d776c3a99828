import type { UpdateFee } from '../../../wire/messages/channel-operation.ts'
import { missingForFee } from '../../commitments/limits.ts'
import type { Proposal } from '../../state/changes.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { UpdateFeeCommand } from '../../state/inputs.ts'
import { checkFeerate } from '../common/fee-bounds.ts'
import { react } from '../common/react.ts'
import { done, type Live, type Online, refuse, type Step, to } from '../common/step.ts'

/** BOLT 2, update_fee, as its sender: only the opener, and only what it can pay. A rate not yet signed is replaced. */
export const updateFee = ({ durable, session }: Live, command: UpdateFeeCommand): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const { feeratePerKw } = command
  if (!durable.params.localIsOpener) return refuse(state, command, { code: 'not-the-opener' })
  if (durable.phase !== 'normal' && durable.phase !== 'shutdown') {
    return refuse(state, command, { code: 'channel-not-usable', phase: durable.phase })
  }
  // BOLT 2: after shutdown, no updates once no HTLC is left.
  const closing = durable.localShutdown !== undefined || durable.remoteShutdown !== undefined
  if (closing && durable.htlcs.offered.length + durable.htlcs.received.length === 0) {
    return refuse(state, command, { code: 'channel-closing' })
  }
  if (session?.reestablished !== true) return refuse(state, command, { code: 'channel-offline' })
  const proposed = { ...session.proposed, local: withFee(session.proposed.local, feeratePerKw) }
  const missingMsat = missingForFee(durable, proposed, true)
  if (missingMsat > 0n) return refuse(state, command, { code: 'insufficient-balance', missingMsat })
  return to(durable, { ...session, proposed }, [
    {
      type: 'send',
      epoch: session.epoch,
      message: { type: 'update_fee', channelId: durable.params.channelId, feeratePerKw },
    },
    ...done(command),
  ])
}

/** BOLT 2, update_fee, as its receiver. */
export const recvUpdateFee = ({ durable, session }: Online, { feeratePerKw }: UpdateFee, env: ChannelEnv): Step => {
  const state = { durable, session }
  if (durable.params.localIsOpener) return react(state, { code: 'fee-update-by-fundee' }, env)
  const outOfBounds = checkFeerate(feeratePerKw, env)
  if (outOfBounds !== undefined) {
    const code = outOfBounds.code === 'feerate-too-low' ? 'fee-update-too-low' : 'fee-update-too-high'
    return react(state, { ...outOfBounds, code }, env)
  }
  const proposed = { ...session.proposed, remote: withFee(session.proposed.remote, feeratePerKw) }
  const missingMsat = missingForFee(durable, proposed, false)
  if (missingMsat > 0n) return react(state, { code: 'insufficient-balance', missingMsat }, env)
  return to(durable, { ...session, proposed }, [])
}

const withFee = (proposals: readonly Proposal[], feeratePerKw: UpdateFee['feeratePerKw']): readonly Proposal[] => [
  ...proposals.filter(({ type }) => type !== 'fee'),
  { type: 'fee', feeratePerKw },
]
