import type { EventPayload } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { ProbeRecord } from '../../payment/probe/probe.ts'
import { type Attempt, partAmounts } from '../../payment/send/payment.ts'
import type { Recipient } from '../../payment/send/recipient.ts'
import { hasReached } from '../../payment/send/tried-hops.ts'
import type { EventLog } from '../events/event-log.ts'
import { describeFailedAttempt, describeHops } from './report-payment.ts'

type Probed = EventPayload<'router.probed'>

/** Tells the event log what came back of a probe. */
export const reportProbed = (log: EventLog, probe: ProbeRecord): void =>
  log.append('router.probed', describeProbe(probe))

/** A probe as the contract's `Probe`. */
export const describeProbe = (probe: ProbeRecord): Probed => {
  const { startedAt, endedAt = startedAt, attempts } = probe.payment
  return { ...describeUnderWay(probe), reached: attempts.every(hasReached), endedAt }
}

/** The same while something of it is out. */
export const describeUnderWay = ({ owner, payment }: ProbeRecord): Omit<Probed, 'reached' | 'endedAt'> => {
  const { target, attempts, startedAt } = payment
  return {
    paymentHash: toHex(target.paymentHash),
    destination: toHex(target.recipient.nodeId),
    amountMsat: attempts.reduce((sum, { route }) => sum + partAmounts(route).amountMsat, 0n),
    feesMsat: attempts.reduce((sum, { route }) => sum + partAmounts(route).feesMsat, 0n),
    parts: attempts.map((attempt) => describePart(attempt, target.recipient)),
    ...(owner === undefined ? {} : { plugin: owner }),
    startedAt,
  }
}

const describePart = (attempt: Attempt, recipient: Recipient): Probed['parts'][number] => ({
  channelId: toHex(attempt.route.channelId),
  ...partAmounts(attempt.route),
  status: attempt.status === 'pending' ? 'in-flight' : hasReached(attempt) ? 'reached' : 'failed',
  ...describeFailedAttempt(attempt, recipient),
  hops: describeHops(attempt, recipient),
})
