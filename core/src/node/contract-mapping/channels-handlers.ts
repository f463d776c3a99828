import { addressToScript } from '../../bitcoin/address.ts'
import { p2wsh } from '../../bitcoin/script.ts'
import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import {
  balanceView,
  forceCloseCost,
  idsOf,
  isFunded,
  latest,
  mutualCloseLossMsat,
  mutualClosePayoutMsat,
} from '../../channel/index.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { standingOf } from '../channel/channel-standing.ts'
import { openingKeys } from '../channel/opening-keys.ts'
import {
  channelBackupRefusal,
  channelNotFound,
  closeRefusal,
  dearer,
  feesOutOfBounds,
  forceCloseRefusal,
  notAnnounced,
  notClosing,
  openingBrokenOff,
  openingUnanswered,
  openRefusal,
  setRelayFeesRefusal,
  shortOfFees,
  unanswered,
  unfundedRefusal,
} from './channels-refusals.ts'
import { byChannel, describeClosed, earningsOf } from './closed-channels.ts'
import type { MappingContext } from './context.ts'
import { describeChannel, describePolicy, detailChannel } from './describe-channel.ts'
import { describeOpening } from './describe-opening.ts'
import { pageOfEvents } from './event-pages.ts'
import { findChannel } from './find-by-words.ts'
import { type ActorHandlers, blindRefusal, refusal } from './handlers.ts'
import { pageOfNumbered } from './paging.ts'
import { unraisedFees } from './unraised-fees.ts'
import { waitsViews } from './waits-view.ts'
import { addressRefusal } from './wallet-refusals.ts'
import { raisingCost } from './worst-cases/channels-rules.ts'
import { coinsOf } from './worst-cases/wallet-rules.ts'

// Only its length matters for the fee.
const FUNDING_SCRIPT = p2wsh(new Uint8Array(0))

export const channelsHandlers = (context: MappingContext): ActorHandlers<'channels'> => {
  const { channelDirectory, settings, feerates, options } = context
  const { history } = context.events
  const find = (channelId: string) => {
    const entry = channelDirectory.get(fromHex(channelId))
    return entry === undefined ? err(channelNotFound()) : ok(entry)
  }
  /** The channel's state after a command; if it is gone, its state before. */
  const after = (before: ChannelEntry, channelId: string): ChannelEntry =>
    channelDirectory.get(fromHex(channelId)) ?? before

  const viewOf = waitsViews(context)
  const withName = <Shown extends { readonly peer: string }>(shown: Shown | undefined) => {
    const peerName = shown === undefined ? undefined : context.peerNames.of(shown.peer)
    return shown === undefined || peerName === undefined ? shown : { ...shown, peerName }
  }

  return {
    async backup({ folder }) {
      const made = await context.backups.writeTo(folder)
      return made.ok ? ok({ ...made.value }) : err(refusal(made.error.code, made.error.reason, { field: 'folder' }))
    },
    async restore({ path }) {
      const restored = await context.backups.restoreFrom(path, context.restorer)
      return restored.ok ? ok({ ...restored.value }) : err(channelBackupRefusal(restored.error))
    },
    async list({ peer, state, page }) {
      if (state === 'closed') {
        const instead = 'state: what is closed is in no list of channels: ask for channels.closed'
        return err(refusal('invalid-request', instead, { field: 'state' }))
      }
      const found = pageOfNumbered(page, (after) =>
        channelDirectory.listed({
          peer: peer === undefined ? undefined : fromHex(peer),
          standing: state,
          after,
        }),
      )
      if (!found.ok) return found
      const { items, next } = found.value
      const summaries = items.flatMap(({ entry }) => withName(describeChannel(entry, viewOf(entry))) ?? [])
      return ok({ items: summaries, ...(next === undefined ? {} : { next }) })
    },

    async get({ channelId }) {
      const entry = find(channelId)
      if (!entry.ok) return entry
      const channel = withName(detailChannel(entry.value, viewOf(entry.value)))
      if (channel === undefined) return err(channelNotFound())
      return ok({ channel: { ...channel, ...earningsOf(channelId, context) } })
    },

    async closed({ page }) {
      const ledgers = { books: context.books, transactionsFor: byChannel(() => context.wallet.transactions()) }
      return pageOfEvents(history, 'channel.closed', { page }, (payload, closedAt) => {
        const peerName = context.peerNames.of(payload.peer)
        return { ...describeClosed(payload, closedAt, ledgers), ...(peerName === undefined ? {} : { peerName }) }
      })
    },

    async openings({ page }) {
      const found = pageOfNumbered(page, (after) => channelDirectory.unfunded(after))
      if (!found.ok) return found
      const { items, next } = found.value
      const openings = items.flatMap(({ entry }) => withName(describeOpening(entry)) ?? [])
      return ok({ items: openings, ...(next === undefined ? {} : { next }) })
    },

    async find({ channel }) {
      const found = findChannel(channel, context)
      if (!found.ok) return found
      const { channelId } = idsOf(found.value.durableState.durable)
      return standingOf(found.value) === undefined ? err(channelNotFound()) : ok({ channelId: toHex(channelId) })
    },

    async open(request) {
      const blind = blindRefusal(context.chainHealth)
      if (blind !== undefined) return err(blind)
      const nodeId = fromHex(request.nodeId)
      const peer = context.peerDirectory.get(nodeId)
      if (peer?.connection === undefined) {
        return err(refusal('peer-not-connected', 'connect to the node first', { field: 'nodeId' }))
      }
      const { feeBaseMsat, feeProportionalMillionths } = request
      const outOfBounds = feesOutOfBounds(feeBaseMsat, feeProportionalMillionths)
      if (outOfBounds !== undefined) return err(outOfBounds)
      const outputs = [{ amount: request.fundingSat, script: FUNDING_SCRIPT }]
      const chosen = coinsOf(request.coins)
      const coins = chosen === undefined ? {} : { coins: chosen }
      const funding = { outputs, feeratePerKw: request.feerate, maxFee: request.maxFeeSat, moreChannels: 1, ...coins }
      await context.shared?.look()
      const unfunded = context.wallet.checkFunds(funding)
      if (unfunded !== undefined) return err(unfundedRefusal(unfunded))
      if (request.announce === true && options.gossip === undefined) return err(notAnnounced())
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
          announce: request.announce === true,
          channelType: { scidAlias: request.hiddenId === true, zeroConf: request.zeroConf === true },
          fundingFeeratePerKw: request.feerate,
          maxFundingFee: request.maxFeeSat,
          ...coins,
          upfrontShutdown: false,
        },
        { timeoutMs: 125_000 },
      )
      if (!opened.ok) return err(openingUnanswered(opened.error))
      if (!opened.value.ok) return err(openingBrokenOff(opened.value.error.code))
      const result = opened.value.value
      if (!result.ok) return err(openRefusal(result.error, feerates()))
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

    async close({ channelId, feerate, minFeerate, address }, { worstCase }) {
      const entry = find(channelId)
      if (!entry.ok) return entry
      const { durable: before } = entry.value.state
      const script = address === undefined ? undefined : addressToScript(address, options.network)
      if (script?.ok === false) return err(addressRefusal(script.error.code, options.network.name))
      if (isFunded(before)) {
        const isForeign = script !== undefined && !context.wallet.owns(script.value)
        const paysOutMsat = isForeign ? mutualClosePayoutMsat(before) : 0n
        if (mutualCloseLossMsat(before, feerate, script?.value) > worstCase.feesMsat) return err(dearer())
        if (paysOutMsat > worstCase.paysOutMsat) return err(dearer())
      }
      const answer = await entry.value.ref.ask('close', {
        feeratePerKw: feerate,
        minFeeratePerKw: minFeerate,
        ...(script === undefined ? {} : { scriptPubkey: script.value }),
      })
      if (!answer.ok) return err(unanswered(answer.error))
      if (!answer.value.ok) return err(closeRefusal(answer.value.error))
      const now = channelDirectory.get(fromHex(channelId))
      const state = now && standingOf(now)
      if (now === undefined || state === undefined) return ok({ channelId, state: 'closed' })
      const { durable } = now.state
      const mutual = durable.phase === 'closing' ? durable.closing.mutual : undefined
      return ok({
        channelId,
        state,
        waitsFor: closingWaitsFor(now),
        ...(mutual === undefined ? {} : { txid: displayTxid(mutual.txid) }),
      })
    },

    async forceClose({ channelId, evenIfOld = false }, { caller, worstCase }) {
      const entry = find(channelId)
      if (!entry.ok) return entry
      const { durable: before } = entry.value.state
      if (isFunded(before) && forceCloseCost(before, feerates().closing).feesMsat > worstCase.feesMsat) {
        return err(dearer())
      }
      const answer = await entry.value.ref.ask('forceClose', { evenIfOld: evenIfOld && caller.kind === 'operator' })
      if (!answer.ok) return err(unanswered(answer.error))
      if (!answer.value.ok) return err(forceCloseRefusal(answer.value.error))
      const { durable } = after(entry.value, channelId).state
      const txid = isFunded(durable) ? latest(durable).local.txid : undefined
      if (txid === undefined) return err(channelNotFound())
      return ok({ channelId, txid: displayTxid(txid) })
    },

    async raiseFees({ channelId, feerate }, { worstCase }) {
      const entry = find(channelId)
      if (!entry.ok) return entry
      if (entry.value.state.durable.phase !== 'closing') return err(notClosing())
      if (raisingCost(channelId, context).feesMsat > worstCase.feesMsat) return err(dearer())
      const id = fromHex(channelId)
      const { raised, shortage } = context.publisher.raiseTo(id, feerate)
      await options.store.flush()
      if (raised.length === 0 && shortage !== undefined) return err(shortOfFees(shortage))
      return ok({
        channelId,
        transactions: raised.map(({ tx, purpose, fee, feeratePerKw }) => ({
          txid: displayTxid(txidOf(tx)),
          purpose,
          feeSat: fee,
          feerate: feeratePerKw,
        })),
        unchanged: unraisedFees(context.publisher.claimsOf(id), context.publisher.transactionsOf(id), {
          feerate,
          height: context.height(),
          raised,
        }),
      })
    },

    async release({ channelId }) {
      const entry = find(channelId)
      if (!entry.ok) return entry
      const answer = await entry.value.ref.ask('release', undefined)
      if (!answer.ok) return err(unanswered(answer.error))
      if (!answer.value)
        return err(refusal('not-quarantined', 'the channel is not quarantined', { field: 'channelId' }))
      await options.store.flush()
      const state = standingOf(after(entry.value, channelId))
      return state === undefined ? err(channelNotFound()) : ok({ channelId, state })
    },

    async setRelayFees({ channelId, feeBaseMsat, feeProportionalMillionths }) {
      const outOfBounds = feesOutOfBounds(feeBaseMsat, feeProportionalMillionths)
      if (outOfBounds !== undefined) return err(outOfBounds)
      const entry = find(channelId)
      if (!entry.ok) return entry
      const answer = await entry.value.ref.ask('setRelayFees', { policy: { feeBaseMsat, feeProportionalMillionths } })
      if (!answer.ok) return err(unanswered(answer.error))
      if (!answer.value.ok) return err(setRelayFeesRefusal(answer.value.error))
      const { durable } = after(entry.value, channelId).state
      return ok({
        channelId,
        localPolicy: describePolicy(isFunded(durable) ? durable.relay.current : settings.relay),
      })
    },

    async setInboundDiscount({ channelId, feeBaseMsat, feeProportionalMillionths }) {
      const outOfBounds = feesOutOfBounds(feeBaseMsat, feeProportionalMillionths)
      if (outOfBounds !== undefined) return err(outOfBounds)
      const entry = find(channelId)
      if (!entry.ok) return entry
      const inboundDiscount = { feeBaseMsat, feeProportionalMillionths }
      const answer = await entry.value.ref.ask('setInboundDiscount', { discount: inboundDiscount })
      if (!answer.ok) return err(unanswered(answer.error))
      if (!answer.value.ok) return err(setRelayFeesRefusal(answer.value.error))
      return ok({ channelId, inboundDiscount })
    },
  }
}

const closingWaitsFor = ({ state: { durable, session } }: ChannelEntry) => {
  if (durable.phase === 'closing') return 'confirmation'
  if (session?.reestablished !== true) return 'peer'
  return isFunded(durable) && balanceView(durable).htlcsInFlight > 0 ? 'htlcs' : 'signatures'
}
