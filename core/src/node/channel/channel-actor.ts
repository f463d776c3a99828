import type { ActorContext, Behaviour, BehaviourFactory, SpawnOptions } from '../../actor/types.ts'
import {
  type AskedCommand,
  type Channel,
  type ChannelCommand,
  type ChannelEnv,
  type ChannelInput,
  type CommandResult,
  channelIdOf,
  dropUnsigned,
  type Effect,
  type Epoch,
  emit,
  type FundingCreatedByWallet,
  type FundingFailed,
  heedsBlocks,
  idsOf,
  isFunded,
  isFundingConfirmed,
  isOpening,
  isStored,
  keepsFulfilment,
  nextKeys,
  openingKeys,
  quarantined,
  type Rest,
  released,
  resume,
  type SpecHtlc,
  step,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { FundingCreated } from '../../wire/messages/channel-open.ts'
import type { Alongside } from '../events/alongside.ts'
import { ChannelCommands } from './channel-commands.ts'
import type { ChannelEntry } from './channel-directory.ts'
import { ChannelEffects, type StepToPerform } from './channel-effects.ts'
import { type ChannelHold, entryOf, publish } from './channel-hold.ts'
import { channelIds, haveSameIds } from './channel-ids.ts'
import type { ChannelProtocol, ComplainedAbout, Settlement } from './channel-protocol.ts'
import { ChannelRations } from './channel-rations.ts'
import { ChannelRest, type Pause } from './channel-rest.ts'
import { channelWrites } from './channel-rows.ts'
import type { ChannelServices } from './channel-services.ts'
import { ChannelSighting } from './channel-sighting.ts'
import { ChannelSigning } from './channel-signing.ts'
import { ChannelWatches } from './channel-watches.ts'
import { abandonFunding } from './fund-channel.ts'
import { forgetPastHtlcs } from './past-htlcs.ts'
import { CAUSES_OF_REST, reportMempoolSpend } from './report-channel-event.ts'
import { tellWaits } from './tell-waits.ts'

/** Peer messages press back on the socket; chain events and settlements are never refused. */
export const CHANNEL_LANES: NonNullable<SpawnOptions<ChannelProtocol>['lanes']> = {
  peerMessage: 'peer',
  connected: 'peer',
  disconnected: 'peer',
  chain: 'priority',
  settle: 'priority',
  timer: 'priority',
  funded: 'priority',
  decided: 'priority',
  failed: 'priority',
  sighted: 'priority',
  unsigned: 'priority',
  recalled: 'priority',
  announcementFound: 'priority',
}

/**
 * The behaviour of one channel's actor. A step's next state is computed at once and handed to the store; anything that leaves the process
 * waits until the commit that holds the step is durable (`ChannelEffects`).
 */
export const channelBehaviour =
  (services: ChannelServices, hold: ChannelHold): BehaviourFactory<ChannelProtocol> =>
  (context) =>
    new ChannelDriver(services, hold, context).behaviour()

/** How long keys are derived in one go: the longest piece takes about as long. */
const DERIVE_MS = 0.1

class ChannelDriver {
  readonly #services: ChannelServices
  readonly #hold: ChannelHold
  readonly #context: ActorContext<ChannelProtocol>
  readonly #watches: ChannelWatches
  readonly #commands: ChannelCommands
  readonly #effects: ChannelEffects
  readonly #rations: ChannelRations
  readonly #rest: ChannelRest
  readonly #sighting: ChannelSighting
  readonly #signing: ChannelSigning
  /** By the peer's commitment that held them. */
  readonly #recalled = new Map<number, readonly SpecHtlc[]>()
  #openedByUs = false
  #derivesKeys = false

  constructor(services: ChannelServices, hold: ChannelHold, context: ActorContext<ChannelProtocol>) {
    this.#services = services
    this.#hold = hold
    const { state } = hold
    hold.entry ??= {
      ref: context.self,
      remoteNodeId: idsOf(state.durable).remoteNodeId,
      state,
      durableState: state,
      // Over a restart of the node as well: what made it throw may be in its state.
      quarantined: isFunded(state.durable) && state.durable.quarantine !== undefined,
      spentInMempool: false,
    }
    hold.watches ??= new ChannelWatches(services, context.self, (spentInMempool) => {
      reportMempoolSpend(services.events, publish(services, hold, { spentInMempool }))
    })
    this.#watches = hold.watches
    hold.rest ??= new ChannelRest(services.clock)
    this.#rest = hold.rest
    const { self } = context
    this.#sighting = new ChannelSighting(
      services.sight,
      () => self.tell('sighted', undefined),
      (error) => self.tell('failed', { error }),
    )
    this.#context = context
    const rations = new ChannelRations(services)
    const signing = new ChannelSigning(services.signer)
    const commands = new ChannelCommands(context.restarts)
    this.#rations = rations
    this.#signing = signing
    this.#commands = commands
    this.#effects = new ChannelEffects({ services, hold, context, rations, signing, commands, watches: hold.watches })
  }

  get #entry(): ChannelEntry {
    return entryOf(this.#hold)
  }

  behaviour(): Behaviour<ChannelProtocol> {
    this.#start()
    return {
      handlers: {
        connected: ({ connection, remoteFeatures }) => {
          if (this.#entry.quarantined) {
            this.#hold.unused = connection
            return
          }
          this.#hold.connection = connection
          const pause = this.#rest.connected()
          this.#showPause(pause)
          const isUnsighted = this.#sighting.isAwaited(this.#entry.state.durable)
          if (pause !== undefined && !isUnsighted) this.#effects.schedule('rest', pause.forMs)
          const rest: Rest | undefined = isUnsighted ? { from: 'chain', heard: [] } : pause?.rest
          this.#run({
            type: 'connected',
            epoch: connection.epoch,
            remoteFeatures,
            ...(rest === undefined ? {} : { rest }),
          })
        },
        disconnected: ({ epoch, about }) => {
          if (this.#hold.unused?.epoch === epoch) this.#hold.unused = undefined
          if (this.#hold.connection?.epoch === epoch) this.#disconnected(epoch, about)
        },
        peerMessage: ({ epoch, message }) => {
          // Messages that a lost connection has left behind must not be acted on.
          if (this.#hold.connection?.epoch !== epoch) {
            if (this.#entry.quarantined) this.#effects.ignored({ message: message.type, why: 'quarantined' })
            return
          }
          if (message.type === 'channel_update' && !this.#rations.takesPolicy()) {
            this.#effects.ignored({ message: message.type, why: 'too-many' })
            return
          }
          // If the outpoint funds another channel, this channel would get the other's id, and its row in the store.
          const taken = message.type === 'funding_created' && this.#isTaken(message)
          this.#run(taken ? { type: 'force-close' } : { type: 'peer-message', epoch, message })
        },
        chain: (input) => {
          // A deadline that has passed closes the channel, unless a block that is not handled yet has closed it.
          const isUnsighted = input.type === 'block' && this.#sighting.isAwaited(this.#entry.state.durable)
          if (!isUnsighted) this.#run(input)
        },
        sighted: () => {
          const { durable, session } = this.#entry.state
          if (session?.rest?.from === 'chain') this.#run({ type: 'timer', timer: 'rest' })
          if (heedsBlocks(durable)) this.#run({ type: 'block', height: this.#services.height() })
        },
        settle: (settlement) => this.#settle(settlement),
        timer: ({ timer }) => this.#run({ type: 'timer', timer }),
        funded: (input) => this.#funded(input),
        unsigned: () => this.#run({ type: 'forget-unsigned' }),
        announcementFound: (announcement) => this.#run({ type: 'announcement-found', announcement }),
        recalled: ({ remoteIndex, htlcs }) => {
          this.#recalled.set(remoteIndex, htlcs)
          this.#run({ type: 'htlcs-recalled' })
        },
        abandon: () => {
          if (isStored(this.#entry.state.durable)) return false
          this.#run({ type: 'force-close' })
          return true
        },
        release: () => this.#release(),
        failed: ({ error }) => {
          throw error
        },
        decided: (input) => this.#run(input),
        open: (command) => this.#ask((requestId) => ({ ...command, type: 'open', requestId })),
        addHtlc: (command) => this.#ask((requestId) => ({ ...command, type: 'add-htlc', requestId })),
        updateFee: (command) => this.#ask((requestId) => ({ ...command, type: 'update-fee', requestId })),
        setRelayFees: (command) => this.#ask((requestId) => ({ ...command, type: 'set-relay-fees', requestId })),
        setHtlcMaximum: (command) => this.#ask((requestId) => ({ ...command, type: 'set-htlc-maximum', requestId })),
        setInboundDiscount: (command) =>
          this.#ask((requestId) => ({ ...command, type: 'set-inbound-discount', requestId })),
        close: (command) => this.#ask((requestId) => ({ ...command, type: 'close', requestId })),
        forceClose: (command) => this.#ask((requestId) => ({ ...command, type: 'force-close', requestId })),
      },
      drained: () => {
        if (this.#hold.connection !== undefined) this.#run({ type: 'sign' })
      },
      // Submitted writes are on their way to the disk: the next behaviour begins with the state that is there then.
      restarting: () => this.#services.store.flush(),
      stopped: () => this.#end(),
    }
  }

  /** After a start of the node, and after a throw: picks up whatever the durable state still owes. */
  #start(): void {
    if (this.#context.restarts > 0) {
      this.#restart()
      return
    }
    this.#register()
    const { state } = this.#entry
    if (isStored(state.durable)) this.#perform(resume(state, this.#env()), { resuming: true })
  }

  #restart(): void {
    const { restarts } = this.#context
    this.#services.log.error('channel.threw', { channel: this.#name(), restarts })
    this.#watches.clear()
    const { durable, session } = this.#hold.submitted ?? this.#hold.state
    if (!isFunded(durable)) {
      // An opening fails: the wallet gets its inputs back, and the caller an answer.
      this.#publish({ state: session === undefined ? { durable } : { durable, session } })
      if (durable.phase === 'aborted' || durable.phase === 'closed') this.#context.stop()
      else this.#run({ type: 'force-close' })
      return
    }
    const kept = quarantined(durable, this.#services.clock.now())
    this.#publish({ state: { durable: kept }, quarantined: true })
    this.#tellWaits(durable, durable.quarantine !== undefined)
    this.#hold.unused = this.#hold.connection ?? this.#hold.unused
    this.#hold.connection = undefined
    this.#register()
    const { channelId } = kept.params
    // Proposals that were not signed ended with the session: their origin may try elsewhere.
    const effects = [
      ...dropUnsigned(durable, session),
      emit(kept, { type: 'error', error: { code: 'quarantined', channelId } }),
    ]
    this.#perform(effects, { writes: channelWrites(durable, kept), resuming: true })
    // If a channel throws again, be it in a later life of the node, it cannot be trusted any more: the chain decides.
    if ((kept.quarantine?.throws ?? 1) > 1) this.#run({ type: 'force-close' })
    this.#perform(resume(this.#entry.state, this.#env()), { resuming: true })
  }

  /** The operator lets the channel take part again, from the next connection on. */
  #release(): boolean {
    const { state, quarantined: isQuarantined } = this.#entry
    if (!isQuarantined || !isFunded(state.durable)) return false
    const durable = released(state.durable)
    this.#services.log.info('channel.released', { channel: this.#name() })
    this.#publish({ state: { durable }, quarantined: false })
    this.#tellWaits(state.durable, true)
    this.#perform([], { writes: channelWrites(state.durable, durable) })
    const { unused } = this.#hold
    this.#hold.unused = undefined
    // What the peer said on this connection was not heard: it says it again on the next.
    const reason = 'channel-released'
    unused?.ref.tell('hangUp', { epoch: unused.epoch, channelId: durable.params.channelId, reason })
    return true
  }

  #ask<Command extends ChannelCommand & { readonly type: AskedCommand }>(
    command: (requestId: string) => Command,
  ): Promise<CommandResult<Command['type']>> {
    return this.#commands.ask((requestId) => this.#run(command(requestId)))
  }

  #funded(input: FundingCreatedByWallet | FundingFailed): void {
    try {
      this.#run(input)
    } catch (error) {
      // Only this message knows which coins were set aside.
      if (input.type === 'funding-created') abandonFunding(this.#services.wallet, this.#services.broadcaster, input.tx)
      throw error
    }
  }

  #settle({ command, alongside, ifUnpaid }: Settlement): boolean {
    let isUnpaid = false
    this.#run(command, (after) => {
      isUnpaid = ifUnpaid !== undefined && !keepsFulfilment(after, command.htlcId, this.#env())
      return isUnpaid ? ifUnpaid : alongside
    })
    return !isUnpaid
  }

  /** What belongs in the commit of the step may depend on what the step makes of the channel. */
  #run(input: ChannelInput, alongside?: (after: Channel) => Alongside | undefined): void {
    const before = this.#entry.state
    if (input.type === 'open') this.#openedByUs = true
    if (input.type === 'open' || input.type === 'accept') this.#signing.begin(input.keys.keyIndex)
    const { state, effects } = step(before, input, this.#env())
    if (state !== before) this.#publish({ state })
    if (state.durable.phase === 'aborted') this.#giveBack(before.durable)
    const changed = state.durable !== before.durable
    if (changed && !haveSameIds(before.durable, state.durable)) this.#putNames()
    if (changed) this.#watchBlocks()
    if (this.#rest.follow(input, state, changed)) this.#showPause(undefined)
    const writes = changed && isStored(state.durable) ? channelWrites(before.durable, state.durable) : []
    this.#perform(effects, { writes, alongside: alongside?.(state.durable) })
    if (changed) this.#tellWaits(before.durable)
    if (changed && state.session !== undefined) this.#deriveKeysAhead()
  }

  /** In the commit of the step. What goes wrong in the telling is no fault of the channel. */
  #tellWaits(before: Channel, wasQuarantined = this.#entry.quarantined): void {
    const { state, quarantined: isQuarantined } = this.#entry
    const then = { durable: before, quarantined: wasQuarantined }
    const now = { durable: state.durable, quarantined: isQuarantined }
    try {
      tellWaits(this.#services.peerEvents, then, now, () => this.#env())
    } catch (error) {
      this.#services.log.error('channel.waits-untold', { channel: this.#name(), error: String(error) })
    }
  }

  /** While the disk and the peer are at work: a commitment is then signed or checked sooner. */
  #deriveKeysAhead(): void {
    if (this.#derivesKeys) return
    this.#derivesKeys = true
    setImmediate(this.#deriveSome)
  }

  /** A few at a time: what the disk or the peer has done meanwhile is not kept waiting. */
  readonly #deriveSome = (): void => {
    const { durable } = this.#entry.state
    const { clock } = this.#services
    const startedAt = clock.monotonic()
    try {
      const keys = durable.phase === 'normal' ? nextKeys(durable, this.#env().commitmentPoint) : []
      for (const derive of keys) {
        derive()
        if (clock.monotonic() - startedAt < DERIVE_MS) continue
        setImmediate(this.#deriveSome)
        return
      }
      this.#derivesKeys = false
    } catch (error) {
      this.#derivesKeys = false
      this.#context.self.tell('failed', { error })
    }
  }

  #perform(effects: readonly Effect[], step: Omit<StepToPerform, 'openedByUs'> = {}): void {
    this.#effects.perform(effects, { ...step, openedByUs: this.#openedByUs })
  }

  #disconnected(epoch: Epoch, about: ComplainedAbout): void {
    this.#hold.connection = undefined
    // The peer may have ended the connection before this channel handled the peer's last messages.
    const wasCause = about === 'this-channel' || (about === 'nothing' && this.#aloneHungUpOn(epoch))
    const before = this.#entry.state
    this.#run({ type: 'disconnected', epoch })
    const hasUsable = wasCause && this.#hasNeighbour(({ state }) => state.durable.phase !== 'closing')
    const pause = this.#rest.disconnected(before, wasCause, hasUsable)
    if (pause === undefined) return
    this.#showPause(pause)
    const error = { code: CAUSES_OF_REST[pause.rest.from] }
    this.#perform([emit(before.durable, { type: 'error', error })])
  }

  /** One channel at most is the cause: if several had to hang up, as if several were complained about, it is the peer's own trouble. */
  #aloneHungUpOn(epoch: Epoch): boolean {
    return this.#entry.hungUpOn === epoch && !this.#hasNeighbour(({ hungUpOn }) => hungUpOn === epoch)
  }

  /** Looks no further than to the first: all channels with a peer hear of the end of a connection at once. */
  #hasNeighbour(isWanted: (other: ChannelEntry) => boolean): boolean {
    const { ref, remoteNodeId } = this.#entry
    return this.#services.directory.ofPeer(remoteNodeId).some((other) => other.ref !== ref && isWanted(other))
  }

  #showPause(pause: Pause | undefined): void {
    if (pause === undefined && this.#entry.rest === undefined) return
    const until = this.#services.clock.now() + (pause?.forMs ?? 0)
    this.#publish({ rest: pause && { from: pause.rest.from, until } })
  }

  /** If an opening fails, an address that nobody has seen can be used for the next one. */
  #giveBack(durable: Channel): void {
    const keys = isOpening(durable) ? openingKeys(durable) : undefined
    if (keys !== undefined) this.#services.scripts.giveBack(keys.localShutdownScript)
  }

  #isTaken({ fundingTxid, fundingOutputIndex }: FundingCreated): boolean {
    const known = this.#services.directory.get(channelIdOf({ txid: fundingTxid, index: fundingOutputIndex }))
    return known !== undefined && known.ref !== this.#entry.ref
  }

  /** Updates the directory and the block watch after a change of the channel. */
  #register(): void {
    this.#putNames()
    this.#watchBlocks()
  }

  #putNames(): void {
    this.#services.directory.put(channelIds(this.#entry.state.durable), this.#entry)
  }

  #watchBlocks(): void {
    this.#watches.height(() => heedsBlocks(this.#entry.state.durable))
  }

  #publish(change: Partial<ChannelEntry>): void {
    publish(this.#services, this.#hold, change)
  }

  #end(): Promise<void> | undefined {
    this.#watches.clear()
    this.#services.directory.remove(this.#entry)
    const { durable } = this.#entry.state
    if (durable.phase !== 'closed') return undefined
    this.#services.publisher.forget(durable.channelId)
    return forgetPastHtlcs(this.#services.store, durable.channelId)
  }

  #env(): ChannelEnv {
    const services = this.#services
    const { durable } = this.#entry.state
    const funding = isFunded(durable) && !isFundingConfirmed(durable) ? durable.fundingTx : undefined
    return {
      now: services.clock.now(),
      height: services.height(),
      feerates: services.feerates(),
      settings: services.settings,
      recalled: this.#recalled,
      areCoinsGone: funding !== undefined && services.wallet.lacksCoinOf(funding),
      commitmentPoint: (index) => this.#signing.signer(this.#entry.state.durable).commitmentPoint(index),
    }
  }

  #name(): string {
    return toHex(idsOf(this.#entry.state.durable).channelId)
  }
}
