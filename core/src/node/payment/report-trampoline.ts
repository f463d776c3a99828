import type { EventPayload } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { RelayedHtlc } from '../../payment/relay/relay-protocol.ts'
import type { Attempt, RouteHop } from '../../payment/send/payment.ts'
import { windowOf } from '../../payment/send/recipient.ts'
import type { TrampolinePart, TrampolineRelayRecord } from '../../payment/trampoline/trampoline-protocol.ts'
import { earnedMsat, failureFor, outgoingOf } from '../../payment/trampoline/trampoline-relay.ts'
import type { UpstreamFailure } from '../../payment/upstream-failure.ts'
import type { EventToTell } from '../events/alongside.ts'
import type { PeerRelays } from './peer-relays.ts'
import { describeRelayed, peerOf, type RelayEventServices } from './report-relay.ts'
import type { Refused } from './trampoline-routes.ts'

/** How a relay by trampoline ended, in the contract's terms. `isUnpaid`: what it was to be paid by was gone when it was taken. `refused`: by a plugin. */
export const trampolineEvent = (
  record: TrampolineRelayRecord,
  { isUnpaid, refused }: { readonly isUnpaid: boolean; readonly refused: Refused | undefined },
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
  const failure: UpstreamFailure =
    refused === undefined ? failureFor(record, undefined) : { type: 'own', failure: refused.failure }
  return failed(incoming, services, {
    paymentHash: toHex(record.paymentHash),
    incoming: described(incoming, services),
    outgoing: [],
    requested: requestedOf(record),
    source: failure.type === 'own' ? 'local' : 'remote',
    code: failure.type === 'own' ? wordsOf(failure.failure) : 'unreadable',
    ...(refused === undefined ? {} : { plugin: refused.by }),
  })
}

/** What it has come to for each peer: what was refused at once never went out. */
export const countTrampoline = (
  peerRelays: Pick<PeerRelays, 'count' | 'refused'>,
  record: TrampolineRelayRecord,
  isPaid: boolean,
): void => {
  const { incoming, payment } = record
  if (isPaid) {
    const feesMsat = earnedMsat(record)
    peerRelays.count('in', incoming, payment.startedAt, feesMsat)
    peerRelays.count(
      'out',
      sentIn(payment.attempts.filter(({ status }) => status === 'settled')),
      payment.startedAt,
      feesMsat,
    )
    return
  }
  const wentOut = payment.attempts.filter(({ failure }) => failure?.type !== 'local')
  if (wentOut.length === 0) peerRelays.refused(incoming)
  else peerRelays.count('in', incoming, payment.startedAt, undefined)
  for (const attempt of wentOut) peerRelays.count('out', sentIn([attempt]), attempt.startedAt, undefined)
}

const sentIn = (attempts: readonly Attempt[]) =>
  attempts.map(({ route: { channelId, hops } }) => ({ channelId, amountMsat: (hops[0] as RouteHop).amountMsat }))

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
  return { amountMsat, cltvExpiry: windowOf(recipient)?.finalExpiry ?? 0 }
}

const described = (htlcs: readonly RelayedHtlc[], { channelDirectory }: RelayEventServices) =>
  htlcs.map((htlc) => describeRelayed(htlc, channelDirectory))

const wordsOf = ({ type }: FailureMessage): string => type.replaceAll('_', '-')
