import type { EventPayload } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { RelayedHtlc } from '../../payment/relay/relay-protocol.ts'

import type { TrampolinePart, TrampolineRelayRecord } from '../../payment/trampoline/trampoline-protocol.ts'
import { earnedMsat, failureFor, outgoingOf } from '../../payment/trampoline/trampoline-relay.ts'
import type { EventToTell } from '../events/alongside.ts'
import { describeRelayed, peerOf, type RelayEventServices } from './report-relay.ts'

/** How a relay by trampoline ended, in the contract's terms. `isUnpaid`: what it was to be paid by was gone when it was taken. */
export const trampolineEvent = (
  record: TrampolineRelayRecord,
  isUnpaid: boolean,
  services: RelayEventServices,
): EventToTell => {
  const { payment, incoming } = record
  const outgoing = outgoingOf(record)
  if (isUnpaid) {
    return {
      name: 'payment.relay-failed',
      payload: {
        paymentHash: toHex(record.paymentHash),
        incoming: described(incoming, services),
        outgoing: described(outgoing, services),
        requested: requestedOf(record),
        source: 'local',
        code: 'paid-too-late',
      },
    }
  }
  if (payment.preimage !== undefined) {
    return {
      name: 'payment.relayed',
      payload: {
        paymentHash: toHex(record.paymentHash),
        feeMsat: earnedMsat(record),
        incoming: described(incoming, services),
        outgoing: described(outgoing, services),
        startedAt: payment.startedAt,
        settledAt: services.clock.now(),
      },
    }
  }
  const failure = failureFor(record, undefined)
  return failed(incoming, services, {
    paymentHash: toHex(record.paymentHash),
    incoming: described(incoming, services),
    outgoing: [],
    requested: requestedOf(record),
    source: failure.type === 'own' ? 'local' : 'remote',
    code: failure.type === 'own' ? wordsOf(failure.failure) : 'unreadable',
  })
}

/** What came in was given back before anything was sent for it. */
export const refusedTrampolineEvent = (
  parts: readonly TrampolinePart[],
  failure: FailureMessage,
  services: RelayEventServices,
): EventToTell => {
  const { paymentHash, order } = parts[0] as TrampolinePart
  const { amountMsat, cltvExpiry } = order
  return failed(parts, services, {
    paymentHash: toHex(paymentHash),
    incoming: described(parts, services),
    outgoing: [],
    requested: { amountMsat, cltvExpiry },
    source: 'local',
    code: wordsOf(failure),
  })
}

const failed = (
  [first]: readonly RelayedHtlc[],
  { channelDirectory }: RelayEventServices,
  payload: EventPayload<'payment.relay-failed'>,
): EventToTell => ({
  name: 'payment.relay-failed',
  causedBy: peerOf(first as RelayedHtlc, channelDirectory),
  payload,
})

const requestedOf = ({ payment }: TrampolineRelayRecord) => {
  const { recipient, amountMsat } = payment.target
  return { amountMsat, cltvExpiry: recipient.type === 'trampoline' ? recipient.finalExpiry : 0 }
}

const described = (htlcs: readonly RelayedHtlc[], { channelDirectory }: RelayEventServices) =>
  htlcs.map((htlc) => describeRelayed(htlc, channelDirectory))

const wordsOf = ({ type }: FailureMessage): string => type.replaceAll('_', '-')
