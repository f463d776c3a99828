import { displayTxid } from '../../bitcoin/transaction.ts'
import {
  balanceView,
  type ChannelError,
  type ChannelEvent,
  type ChannelState,
  type CloseCause,
  type ClosedAccount,
  type ClosedSummary,
  type Funded,
  type FundingSpend,
  isFunded,
  isFundingConfirmed,
  latest,
  type ShortIds,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import { formatShortChannelId, type OutPoint } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'
import type { ChannelType } from '../../wire/channel-type.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import type { ChannelEntry } from './channel-directory.ts'
import { isUsable } from './channel-standing.ts'

/** How the contract names a type of channel: its format, and what it has beside that. */
export const channelTypeName = ({ scidAlias, zeroConf }: ChannelType): string =>
  ['anchors-zero-fee-htlc', ...(scidAlias ? ['scid-alias'] : []), ...(zeroConf ? ['zero-conf'] : [])].join('+')

export interface ChannelReports {
  readonly events: EventLog
  /** Events that a peer can cause at no cost. */
  readonly peerEvents: PeerEvents
}

/** Tells the event log what a channel's step emitted, in the contract's terms; `state` is the state after the step. */
export const reportChannelEvent = (
  { events: log, peerEvents }: ChannelReports,
  event: ChannelEvent,
  { durable }: ChannelState,
  openedByUs: boolean,
): void => {
  const channel = { channelId: toHex(event.channelId), peer: toHex(event.remoteNodeId) }
  const funded = isFunded(durable) ? durable : undefined
  switch (event.type) {
    case 'funding-created':
      log.append('channel.funding-created', {
        ...channel,
        ...(funded === undefined ? {} : { temporaryChannelId: toHex(funded.params.temporaryChannelId) }),
        initiator: event.localIsOpener ? 'local' : 'remote',
        ...funding(event.fundingIndex, event.outpoint, event.capacity),
        channelType: channelTypeName(funded?.params.channelType ?? { scidAlias: false, zeroConf: false }),
        localMsat: event.balances.localMsat,
        remoteMsat: event.balances.remoteMsat,
      })
      break
    case 'funding-confirmed':
      log.append('channel.funding-confirmed', {
        ...channel,
        ...funding(event.fundingIndex, event.outpoint, event.capacity),
        blockHeight: event.blockHeight,
        ...realScid(event.shortIds),
      })
      break
    case 'ready': {
      if (funded === undefined) break
      const { localMsat, remoteMsat } = balanceView(funded)
      const { feeBaseMsat, feeProportionalMillionths } = funded.relay.current
      log.append('channel.ready', {
        ...channel,
        fundingIndex: event.fundingIndex,
        ...realScid(event.shortIds),
        aliases: event.shortIds.localAliases.map(formatShortChannelId),
        capacitySat: event.capacity,
        localMsat: localMsat,
        remoteMsat: remoteMsat,
        feeBaseMsat: feeBaseMsat,
        feeProportionalMillionths: feeProportionalMillionths,
      })
      break
    }
    case 'usable':
      peerEvents.report(
        event.remoteNodeId,
        'channel.state-changed',
        { ...channel, state: event.usable ? 'usable' : 'offline' },
        `state ${channel.channelId}`,
      )
      break
    case 'balance-changed': {
      if (funded === undefined) break
      const view = balanceView(funded)
      log.append(
        'channel.balance-changed',
        {
          ...channel,
          fundingIndex: latest(funded).fundingIndex,
          capacitySat: view.capacity,
          localMsat: view.localMsat,
          remoteMsat: view.remoteMsat,
          spendableMsat: view.spendableMsat,
          receivableMsat: view.receivableMsat,
        },
        channel.channelId,
      )
      break
    }
    case 'relay-fees-changed':
      log.append('channel.relay-fees-changed', {
        ...channel,
        feeBaseMsat: event.policy.feeBaseMsat,
        feeProportionalMillionths: event.policy.feeProportionalMillionths,
        previous: {
          feeBaseMsat: event.previous.feeBaseMsat,
          feeProportionalMillionths: event.previous.feeProportionalMillionths,
        },
      })
      break
    case 'inbound-discount-changed':
      log.append('channel.inbound-discount-changed', { ...channel, ...event.discount, previous: event.previous })
      break
    case 'shutdown':
      log.append('channel.closing', {
        ...channel,
        fundingIndex: 0,
        initiator: event.byUs ? 'local' : 'remote',
        kind: 'mutual',
      })
      break
    case 'closing':
      // A cooperative close was reported when the first side asked for it; the next news is that both have signed.
      if (event.cause === 'cooperative') {
        if (event.txid === undefined) break
        const signed = { ...channel, fundingIndex: 0, txid: displayTxid(event.txid) }
        if (event.isRepeated !== true) log.append('channel.close-signed', signed)
        else peerEvents.report(event.remoteNodeId, 'channel.close-signed', signed, `close-signed ${signed.channelId}`)
        break
      }
      log.append('channel.closing', {
        ...channel,
        fundingIndex: 0,
        initiator: LOCAL_CAUSES.has(event.cause) ? 'local' : 'remote',
        kind: funded === undefined || hasFunding(funded) ? kindOfSpend(SPEND_OF_CAUSE[event.cause]) : 'never-funded',
        ...(event.txid === undefined ? {} : { txid: displayTxid(event.txid) }),
      })
      break
    case 'closed':
      log.append('channel.closed', {
        ...channel,
        fundingIndex: 0,
        kind: kindOfSpend(event.summary.kind),
        txid: event.summary.txid === undefined ? '00'.repeat(32) : displayTxid(event.summary.txid),
        blockHeight: event.summary.closedAt,
        ...(event.account === undefined ? {} : describeAccount(event.account, event.summary)),
      })
      break
    case 'aborted':
    case 'error': {
      const errored = { ...channel, ...describe(event.error) }
      // The end of a channel, or of an opening of ours, comes once. The peer may repeat everything else for as long as it likes.
      const isOnce = event.type === 'aborted' ? openedByUs : !isRepeatable(event.error)
      if (isOnce) log.append('channel.errored', errored)
      else peerEvents.report(event.remoteNodeId, 'channel.errored', errored, `errored ${errored.channelId}`)
      break
    }
    default:
      assertNever(event, 'channel event')
  }
}

const describeAccount = (account: ClosedAccount, { kind, paidToUs }: ClosedSummary) => ({
  openedBy: account.localIsOpener ? ('local' as const) : ('remote' as const),
  closedBy: isClosedByUs(account, kind) ? ('local' as const) : ('remote' as const),
  capacitySat: account.capacity,
  fundingTxid: displayTxid(account.fundingTxid),
  ...(account.shortId === undefined ? {} : { shortChannelId: formatShortChannelId(account.shortId) }),
  openedHeight: account.openedAt,
  finalMsat: account.finalBalanceMsat,
  returnedSat: paidToUs,
  closingFeeSat: account.closingFee,
})

/** Whose doing the end was: of a cooperative close, who asked for it; of any other, who began, whatever was mined then. */
const isClosedByUs = ({ cause, wasAsked }: ClosedAccount, kind: ClosedSummary['kind']): boolean => {
  if (kind === 'mutual') return wasAsked
  return LOCAL_CAUSES.has(cause) || (cause === 'cooperative' && kind === 'local')
}

/** Complaints that leave the channel as it is. */
const isRepeatable = ({ code }: ChannelError): boolean => code === 'peer-warning' || code === 'peer-error'

/** Reports that a transaction that spends the funding waits for a block, or that it is gone again. */
export const reportMempoolSpend = (log: EventLog, entry: ChannelEntry): void => {
  const { durable } = entry.state
  if (!isFunded(durable) || durable.phase === 'closing') return
  const { channelId, remoteNodeId } = durable.params
  const state = entry.spentInMempool ? 'closing' : isUsable(entry) ? 'usable' : 'offline'
  log.append('channel.state-changed', { channelId: toHex(channelId), peer: toHex(remoteNodeId), state })
}

const funding = (fundingIndex: number, outpoint: OutPoint, amount: Sat) => ({
  fundingIndex,
  fundingTxid: displayTxid(outpoint.txid),
  fundingOutputIndex: outpoint.index,
  fundingSat: amount,
})

const realScid = ({ real }: ShortIds): { readonly shortChannelId?: string } =>
  real === undefined ? {} : { shortChannelId: formatShortChannelId(real) }

const LOCAL_CAUSES: ReadonlySet<CloseCause> = new Set([
  'operator',
  'protocol-error',
  'htlc-deadline',
  'closing-timeout',
  'revoked-local-commitment',
])

/** The spend that a cause comes from, or leads to. */
const SPEND_OF_CAUSE: Readonly<Record<CloseCause, FundingSpend['kind']>> = {
  cooperative: 'mutual',
  operator: 'local',
  'protocol-error': 'local',
  'remote-error': 'local',
  'htlc-deadline': 'local',
  'closing-timeout': 'local',
  'data-loss': 'remote',
  'remote-commitment': 'remote',
  'revoked-commitment': 'revoked',
  'unknown-spend': 'unknown',
  'revoked-local-commitment': 'revoked-local',
}

/** How the contract names the way in which a channel ended. */
export const kindOfSpend = (kind: FundingSpend['kind'] | 'never-funded') => {
  switch (kind) {
    case 'mutual':
    case 'never-funded':
      return kind
    case 'local':
    case 'revoked-local':
      return 'local-force'
    case 'revoked':
      return 'revoked'
    case 'remote':
    case 'remote-next':
    case 'unknown':
      return 'remote-force'
  }
}

/** Whether there is a funding that a closing can spend: a peer may name one that never comes. */
export const hasFunding = (durable: Funded): boolean =>
  durable.params.localIsOpener ||
  isFundingConfirmed(durable) ||
  (durable.phase === 'closing' && durable.closing.spends.length > 0)

/** What the operator is told when a channel begins to hold back. */
export const CAUSES_OF_REST = {
  negotiation: 'closing-fee-refused-by-peer',
  reestablishment: 'peer-hangs-up-about-channel',
} as const

/** What the operator can do about a problem that resolves only slowly by itself, or not at all. */
export const remedyOf = (code: ChannelError['code']): string | undefined => {
  switch (code) {
    case 'closing-fee-refused-by-peer':
      return `the peer hangs up at our fee for the close, so it is offered seldom: ${ANOTHER_RATE}`
    case 'closing-fee-too-high':
      return `the peer wants a higher fee for the close than we pay: ${ANOTHER_RATE}`
    case 'peer-hangs-up-about-channel':
      return 'the connection ends whenever this channel is taken up, so it rests between the attempts: force its close if it stays so'
    case 'quarantined':
      return 'a bug: the channel takes no part in the protocol, and its money is watched; the log says more. After a version that mends it: channels release; or force the close'
    case 'state-in-doubt':
      return 'the database was put back and may be old: nothing of this channel is published until its peer has shown that the state is the latest'
    case 'peer-is-behind':
      return 'the peer has lost states of this channel, and has to ask for its close or to find them: force the close if it does neither'
    case 'own-revoked-commitment-published':
      return 'an old commitment of ours is on the chain, and the peer may take all of it: find and stop the copy of this node that published it'
    default:
      return undefined
  }
}

const ANOTHER_RATE = 'close it again at another feerate, or force the close'

const describe = (error: ChannelError) => {
  const byPeer = error.code === 'peer-error' || error.code === 'peer-warning' || error.code === 'peer-error-forborne'
  return {
    source: byPeer ? ('remote' as const) : ('local' as const),
    code: error.code,
    text: byPeer ? error.text.slice(0, 512) : (remedyOf(error.code) ?? error.code.replaceAll('-', ' ')),
  }
}
