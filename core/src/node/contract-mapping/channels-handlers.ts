import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { AskFailure } from '../../actor/types.ts'
import { displayTxid } from '../../bitcoin/transaction.ts'
import { isFunded } from '../../channel/state/channel-state.ts'
import type { Feerates } from '../../channel/state/environment.ts'
import type { CommandError } from '../../channel/state/errors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import type { ChannelResult } from '../channel/channel-protocol.ts'
import { openingKeys } from '../channel/opening-keys.ts'
import { EventHistory } from '../events/event-history.ts'
import type { PeerFailure } from '../peer/peer-protocol.ts'
import { MAX_FEE_BASE_MSAT, MAX_FEE_PROPORTIONAL_MILLIONTHS } from '../settings.ts'
import type { MappingContext } from './context.ts'
import { describeChannel, describePolicy } from './describe-channel.ts'
import { pageOfEvents } from './event-pages.ts'
import { findChannel } from './find-by-words.ts'
import { type ActorHandlers, blindRefusal, refusal } from './handlers.ts'
import { pageOfNumbered } from './paging.ts'
import { forceCloseCost, mutualCloseLossMsat } from './worst-cases/closing-costs.ts'

export const channelsHandlers = (context: MappingContext): ActorHandlers<'channels'> => {
  const { channelDirectory, settings, feerates, options } = context
  const history = new EventHistory(options.store)
  const find = (channelId: string): Result<ChannelEntry, ContractError> => {
    const entry = channelDirectory.get(fromHex(channelId))
    return entry === undefined ? err(channelNotFound()) : ok(entry)
  }
  /** How the channel stands after a command; one that is gone, as it stood before. */
  const after = (before: ChannelEntry, channelId: string): ChannelEntry =>
    channelDirectory.get(fromHex(channelId)) ?? before

  const describe = (entry: ChannelEntry) => {
    const summary = describeChannel(entry)
    const peerName = summary === undefined ? undefined : context.peerNames.of(summary.peer as string)
    return summary === undefined || peerName === undefined ? summary : { ...summary, peerName }
  }

  return {
    async list({ peer, state, page }) {
      if (state === 'closed') {
        const instead = 'state: what is closed is in no list of channels: ask for channels.closed'
        return err(refusal('invalid-request', instead, { field: 'state' }))
      }
      const found = pageOfNumbered(page, (after) =>
        channelDirectory.listed({
          peer: peer === undefined ? undefined : fromHex(peer as string),
          standing: state,
          after,
        }),
      )
      if (!found.ok) return found
      const { items, next } = found.value
      const summaries = items.flatMap(({ entry }) => describe(entry) ?? [])
      return ok({ items: summaries, ...(next === undefined ? {} : { next }) })
    },

    async get({ channelId }) {
      const entry = find(channelId as string)
      if (!entry.ok) return entry
      const channel = describe(entry.value)
      return channel === undefined ? err(channelNotFound()) : ok({ channel })
    },

    async closed({ page }) {
      return pageOfEvents(history, 'channel.closed', { page }, ({ fundingIndex: _, ...payload }, closedAt) => {
        const peerName = context.peerNames.of(payload.peer as string)
        return { ...payload, ...(peerName === undefined ? {} : { peerName }), closedAt }
      })
    },

    async find({ channel }) {
      const found = findChannel(channel, context)
      if (!found.ok) return found
      const summary = describeChannel(found.value)
      return summary === undefined ? err(channelNotFound()) : ok({ channelId: summary.channelId })
    },

    async open(request) {
      const blind = blindRefusal(context.chainHealth)
      if (blind !== undefined) return err(blind)
      const nodeId = fromHex(request.nodeId as string)
      const peer = context.peerDirectory.get(nodeId)
      if (peer?.connection === undefined) {
        return err(refusal('peer-not-connected', 'connect to the node first', { field: 'nodeId' }))
      }
      const { feeBaseMsat, feeProportionalMillionths } = request
      const outOfBounds = feesOutOfBounds(feeBaseMsat, feeProportionalMillionths)
      if (outOfBounds !== undefined) return err(outOfBounds)
      const { spendable } = context.wallet.balance()
      if (spendable < request.fundingSat) {
        return err(
          refusal('insufficient-funds', `the wallet can spend ${spendable} sat`, {
            field: 'fundingSat',
            details: { available: `${spendable}` },
          }),
        )
      }
      const opened = await peer.ref.ask(
        'openChannel',
        {
          keys: openingKeys(nodeId, {
            signer: context.signer,
            indexes: context.indexes,
            scripts: context.scripts,
            rng: options.rng,
            channelDirectory,
          }),
          funding: request.fundingSat,
          pushMsat: request.pushMsat,
          announce: false,
          fundingFeeratePerKw: request.feerate,
          maxFundingFee: request.maxFeeSat,
          upfrontShutdown: false,
        },
        { timeoutMs: 125_000 },
      )
      if (!opened.ok) {
        return err(opened.error.code === 'actor-stopped' ? openingRefusal('outcome-unknown') : unanswered(opened.error))
      }
      if (!opened.value.ok) return err(openingRefusal(opened.value.error.code))
      const result = opened.value.value
      if (!result.ok) {
        const { error } = result
        return err(error.code === 'peer-error' ? refusedByPeer(error.text, feerates()) : commandRefusal(error))
      }
      const { channelId, fundingTxid, outputIndex } = result.value
      // A channel begins with what the node charges by itself.
      const { relay } = settings
      if (feeBaseMsat !== relay.feeBaseMsat || feeProportionalMillionths !== relay.feeProportionalMillionths) {
        const policy = { feeBaseMsat, feeProportionalMillionths }
        await channelDirectory.get(channelId)?.ref.ask('setRelayFees', { policy })
      }
      const txid = displayTxid(fundingTxid)
      const fee = context.wallet.transaction(fundingTxid)?.fee
      return ok({
        channelId: toHex(channelId),
        fundingTxid: txid,
        fundingOutputIndex: outputIndex,
        feeSat: fee ?? 0n,
      })
    },

    async close({ channelId, feerate }, { worstCase }) {
      const entry = find(channelId as string)
      if (!entry.ok) return entry
      const { durable: before } = entry.value.state
      if (isFunded(before) && mutualCloseLossMsat(before, feerate) > worstCase.feesMsat) return err(dearer())
      const answer = answered(await entry.value.ref.ask('close', { feeratePerKw: feerate }))
      if (!answer.ok) return answer
      const now = channelDirectory.get(fromHex(channelId as string))
      const channel = now === undefined ? undefined : describeChannel(now)
      if (now === undefined || channel === undefined) return ok({ channelId, state: 'closed' })
      return ok({ channelId, state: channel.state, waitsFor: closingWaitsFor(now, channel.htlcsInFlight) })
    },

    async forceClose({ channelId }, { worstCase }) {
      const entry = find(channelId as string)
      if (!entry.ok) return entry
      const { durable: before } = entry.value.state
      if (isFunded(before) && forceCloseCost(before, feerates().closing).feesMsat > worstCase.feesMsat) {
        return err(dearer())
      }
      const answer = answered(await entry.value.ref.ask('forceClose', {}))
      if (!answer.ok) return answer
      const { durable } = after(entry.value, channelId as string).state
      const txid = isFunded(durable) ? durable.active[0]?.local.txid : undefined
      if (txid === undefined) return err(channelNotFound())
      return ok({ channelId, txid: displayTxid(txid) })
    },

    async setRelayFees({ channelId, feeBaseMsat, feeProportionalMillionths }) {
      const outOfBounds = feesOutOfBounds(feeBaseMsat, feeProportionalMillionths)
      if (outOfBounds !== undefined) return err(outOfBounds)
      const entry = find(channelId as string)
      if (!entry.ok) return entry
      const answer = answered(
        await entry.value.ref.ask('setRelayFees', { policy: { feeBaseMsat, feeProportionalMillionths } }),
      )
      if (!answer.ok) return answer
      const { durable } = after(entry.value, channelId as string).state
      return ok({
        channelId,
        localPolicy: describePolicy(isFunded(durable) ? durable.relay.current : settings.relay),
      })
    },
  }
}

const closingWaitsFor = ({ state }: ChannelEntry, htlcsInFlight: number) => {
  if (state.durable.phase === 'closing') return 'confirmation'
  if (state.session?.reestablished !== true) return 'peer'
  return htlcsInFlight > 0 ? 'htlcs' : 'signatures'
}

const channelNotFound = (): ContractError =>
  refusal('channel-not-found', 'no open or closing channel has this id', { field: 'channelId' })

const dearer = (): ContractError =>
  refusal('fee-limit-exceeded', 'closing the channel has become dearer since the command was checked: ask again')

const openingRefusal = (code: PeerFailure['code']): ContractError => {
  switch (code) {
    case 'peer-not-connected':
      return refusal('peer-disconnected', 'the peer went away while the channel was opened')
    case 'peer-not-answering':
      return refusal('peer-disconnected', 'the peer did not answer in time: the opening was given up')
    case 'outcome-unknown':
      return refusal('outcome-unknown', 'the opening was broken off at the last moment: look at the list of channels')
  }
}

const feesOutOfBounds = (base: bigint, proportional: number): ContractError | undefined => {
  if (base > MAX_FEE_BASE_MSAT) {
    return refusal('fee-out-of-bounds', `at most ${MAX_FEE_BASE_MSAT} msat`, { field: 'feeBaseMsat' })
  }
  if (proportional > MAX_FEE_PROPORTIONAL_MILLIONTHS) {
    return refusal('fee-out-of-bounds', `at most ${MAX_FEE_PROPORTIONAL_MILLIONTHS} parts per million`, {
      field: 'feeProportionalMillionths',
    })
  }
  return undefined
}

const answered = (answer: Result<ChannelResult<'done'>, AskFailure>): Result<undefined, ContractError> => {
  if (!answer.ok) return err(unanswered(answer.error))
  return answer.value.ok ? ok(undefined) : err(commandRefusal(answer.value.error))
}

const unanswered = (failure: AskFailure): ContractError => {
  switch (failure.code) {
    case 'mailbox-full':
      return refusal('mailbox-full', 'the channel is too busy; try again later')
    case 'ask-timeout':
      return refusal('outcome-unknown', 'the channel took the command and has not answered yet')
    case 'actor-stopped':
      return channelNotFound()
    default:
      return refusal('internal', 'a bug; the log of the node says more')
  }
}

const commandRefusal = (error: CommandError): ContractError => {
  switch (error.code) {
    case 'funding-too-small':
    case 'funding-too-large':
      return refusal(error.code, `the bound is ${error.bound} sat`, { field: 'fundingSat' })
    case 'push-exceeds-funding':
      return refusal('push-too-large', 'more is given away than is put in', { field: 'pushMsat' })
    case 'funder-cannot-pay-fee':
      return refusal('funding-too-small', `${error.missing} sat are missing for the commitment's fee`, {
        field: 'fundingSat',
      })
    case 'funding-failed':
      if (error.reason === 'fee-limit-exceeded') {
        return refusal(error.reason, 'the funding transaction would pay more than maxFeeSat', { field: 'maxFeeSat' })
      }
      return refusal('insufficient-funds', `the wallet could not fund it: ${error.reason}`, { field: 'fundingSat' })
    case 'rejected':
      return refusal('refused-by-peer', error.reason)
    case 'peer-error':
      return refusal('refused-by-peer', error.text === '' ? 'the peer refused it' : error.text)
    case 'disconnected':
      return refusal('peer-disconnected', 'the peer went away while the channel was opened')
    case 'channel-offline':
      return refusal('peer-not-connected', 'the peer of this channel is not connected')
    case 'closing-in-progress':
      return refusal('already-closing', 'the channel is closing already')
    case 'wrong-phase':
    case 'channel-not-usable':
      return error.phase === 'closing' || error.phase === 'negotiating' || error.phase === 'shutdown'
        ? refusal('already-closing', 'the channel is closing already')
        : refusal('channel-not-ready', 'the channel is not open yet')
    default: {
      // Ours: the peer has refused nothing.
      const { code, ...details } = error
      const shown = Object.entries(details).filter(([, value]) => ['bigint', 'number', 'string'].includes(typeof value))
      const message = `this node refused it: ${code.replaceAll('-', ' ')}`
      return refusal('terms-refused', message, {
        details: { refusal: code, ...Object.fromEntries(shown.map(([name, value]) => [name, `${value}`])) },
      })
    }
  }
}

/** What the peer said; and, as it may be the reason, that our commitments pay less than estimates ask for. */
const refusedByPeer = (text: string, { commitment, closing }: Feerates): ContractError => {
  const said = text === '' ? 'the peer refused it' : text
  return commitment >= closing
    ? refusal('refused-by-peer', said)
    : refusal(
        'refused-by-peer',
        `${said} (our commitments pay ${commitment} sat/kw at most, the estimate is ${closing}: --max-commitment-feerate)`,
        { details: { commitmentFeerate: `${commitment}`, estimate: `${closing}` } },
      )
}
