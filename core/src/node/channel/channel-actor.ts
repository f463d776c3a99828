import type { ActorContext, Behaviour, BehaviourFactory, SpawnOptions } from '../../actor/types.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import { fillIn, step } from '../../channel/channel.ts'
import { resume } from '../../channel/resume.ts'
import type { ChannelState } from '../../channel/state/channel-state.ts'
import { isFunded, isStored } from '../../channel/state/channel-state.ts'
import type { Durable } from '../../channel/state/durable.ts'
import type { AskAcceptEffect, CommandReply, Effect, ReplyEffect, SendEffect } from '../../channel/state/effects.ts'
import type { ChannelEnv } from '../../channel/state/environment.ts'
import type { ChannelEvent } from '../../channel/state/events.ts'
import type {
  AcceptCommand,
  ChannelInput,
  FundingCreatedByWallet,
  FundingFailed,
  RejectCommand,
  TimerName,
} from '../../channel/state/inputs.ts'
import type { Rest } from '../../channel/state/rest.ts'
import { heedsBlocks } from '../../channel/transitions/deadlines.ts'
import { dropUnsigned } from '../../channel/transitions/fail-channel.ts'
import { channelIdOf } from '../../channel/transitions/opening.ts'
import { emit, idOf, remoteNodeIdOf } from '../../channel/transitions/step.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer } from '../../lib/clock.ts'
import { assertNever, invariant } from '../../lib/errors.ts'
import type { OutPoint } from '../../lib/ids.ts'
import { Ration } from '../../lib/ration.ts'
import { ok } from '../../lib/result.ts'
import type { Write } from '../../store/store.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { FundingCreated } from '../../wire/messages/channel-open.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import { type Alongside, commitAlongside } from '../events/alongside.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import type { ChannelEntry } from './channel-directory.ts'
import { channelIds, haveSameIds } from './channel-ids.ts'
import type { ChannelProtocol, ChannelReply, ChannelResult, Settlement } from './channel-protocol.ts'
import { ChannelPublisher } from './channel-publisher.ts'
import { ChannelRest, type Pause } from './channel-rest.ts'
import { channelWrites } from './channel-rows.ts'
import type { ChannelServices } from './channel-services.ts'
import { ChannelSighting } from './channel-sighting.ts'
import { ChannelWatches } from './channel-watches.ts'
import { abandonFunding, fundChannel } from './fund-channel.ts'
import { forgetPastHtlcs } from './past-htlcs.ts'
import type { PeerLink } from './peer-link.ts'
import { CAUSES_OF_REST, reportChannelEvent, reportMempoolSpend } from './report-channel-event.ts'
import { outboxRow } from './settlement-outbox.ts'

/** What outlives a restart of the actor: where the channel stands, and once it lives the entry that it has published. */
export interface ChannelHold {
  readonly state: ChannelState
  /** The state that was last handed to the store: whatever comes after it in the process is stored after it, or never. */
  submitted?: ChannelState
  /** The connection in use, if there is one. */
  link?: PeerLink | undefined
  /** They go on through a restart, so that nothing on the chain passes unseen. */
  watches?: ChannelWatches
  entry?: ChannelEntry
  rest?: ChannelRest
}

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
}

/**
 * The behaviour of one channel's actor: the only place that performs what transitions ask for. A step's next state is
 * computed at once and handed to the store; what leaves the process waits until the commit that holds the step is durable.
 */
export const channelBehaviour =
  (services: ChannelServices, hold: ChannelHold): BehaviourFactory<ChannelProtocol> =>
  (context) =>
    new ChannelDriver(services, hold, context).behaviour()

/** How often the same error of a channel that goes on is an event. */
const REPEATS = { perSecond: 1 / 600, burst: 1 }
/** How many of the messages that are ignored are logged. */
const IGNORED_LOGGED = { perSecond: 1 / 3, burst: 20 }
/** How many of a peer's policies are looked at: each is a signature to check, and a row to write. */
const POLICIES = { perSecond: 1 / 3, burst: 20 }

interface Sorted {
  readonly writes: Write[]
  readonly inward: (() => void)[]
  readonly outward: (() => void)[]
}

const replyOf = <Type extends CommandReply['type']>(type: Type, reply: CommandReply): ChannelReply<Type> => {
  invariant(reply.type === type, `a command that asks for ${type} is answered so`)
  return reply as ChannelReply<Type>
}

const entryOf = ({ entry }: ChannelHold): ChannelEntry => {
  invariant(entry !== undefined, 'a channel that lives has an entry')
  return entry
}

/** Lets the rest of the node know how the channel stands from now on. */
const publish = ({ directory }: ChannelServices, hold: ChannelHold, change: Partial<ChannelEntry>): ChannelEntry => {
  const entry = { ...entryOf(hold), ...change }
  hold.entry = entry
  directory.publish(entry)
  return entry
}

class ChannelDriver {
  readonly #services: ChannelServices
  readonly #hold: ChannelHold
  readonly #context: ActorContext<ChannelProtocol>
  readonly #timers = new Map<string, CancelTimer>()
  readonly #watches: ChannelWatches
  readonly #publisher: ChannelPublisher
  readonly #replies = new Map<string, (result: ReplyEffect['result']) => void>()
  /** By code of error, those that left the channel as it was. */
  readonly #told = new Map<string, Ration>()
  readonly #unheeded: Ration
  readonly #policies: Ration
  readonly #rest: ChannelRest
  readonly #sighting: ChannelSighting
  #signer: ChannelSigner | undefined
  #requests = 0
  #openedByUs = false

  constructor(services: ChannelServices, hold: ChannelHold, context: ActorContext<ChannelProtocol>) {
    this.#services = services
    this.#hold = hold
    const { state } = hold
    hold.entry ??= {
      ref: context.self,
      remoteNodeId: remoteNodeIdOf(state.durable),
      state,
      durableState: state,
      quarantined: false,
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
    this.#publisher = new ChannelPublisher(services)
    this.#unheeded = new Ration(services.clock, IGNORED_LOGGED)
    this.#policies = new Ration(services.clock, POLICIES)
    this.#context = context
  }

  get #entry(): ChannelEntry {
    return entryOf(this.#hold)
  }

  behaviour(): Behaviour<ChannelProtocol> {
    this.#start()
    return {
      handlers: {
        connected: ({ link, remoteFeatures }) => {
          if (this.#entry.quarantined) return
          this.#hold.link = link
          const pause = this.#rest.connected()
          this.#showPause(pause)
          const isUnsighted = this.#sighting.isAwaited(this.#entry.state.durable)
          if (pause !== undefined && !isUnsighted) this.#schedule('rest', pause.forMs)
          const rest: Rest | undefined = isUnsighted ? { from: 'chain', heard: [] } : pause?.rest
          this.#run({ type: 'connected', epoch: link.epoch, remoteFeatures, ...(rest === undefined ? {} : { rest }) })
        },
        disconnected: ({ epoch }) => {
          if (this.#hold.link?.epoch === epoch) this.#disconnected(this.#hold.link)
        },
        peerMessage: ({ epoch, message }) => {
          // What a connection that is gone has left behind is not to be acted on.
          if (this.#hold.link?.epoch !== epoch) {
            if (this.#entry.quarantined) this.#ignored(message.type)
            return
          }
          // BOLT 7, channel_update: those that come too often need not be acted on.
          if (message.type === 'channel_update' && this.#policies.take() === undefined) {
            this.#ignored(message.type)
            return
          }
          // An outpoint that funds another channel would give this one the other's id, and its row in the store.
          const taken = message.type === 'funding_created' && this.#isTaken(message)
          this.#run(taken ? { type: 'force-close' } : { type: 'peer-message', epoch, message })
        },
        chain: (input) => {
          // A deadline that has passed closes the channel, unless a block that was not handled yet has closed it.
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
        abandon: () => {
          if (isStored(this.#entry.state.durable)) return false
          this.#run({ type: 'force-close' })
          return true
        },
        failed: ({ error }) => {
          throw error
        },
        decided: (input) => this.#run(input),
        open: (command) => this.#ask('opened', (requestId) => ({ ...command, type: 'open', requestId })),
        addHtlc: (command) => this.#ask('htlc-added', (requestId) => ({ ...command, type: 'add-htlc', requestId })),
        updateFee: (command) => this.#ask('done', (requestId) => ({ ...command, type: 'update-fee', requestId })),
        setRelayFees: (command) =>
          this.#ask('done', (requestId) => ({ ...command, type: 'set-relay-fees', requestId })),
        setHtlcMaximum: (command) =>
          this.#ask('done', (requestId) => ({ ...command, type: 'set-htlc-maximum', requestId })),
        close: (command) => this.#ask('done', (requestId) => ({ ...command, type: 'close', requestId })),
        forceClose: (command) => this.#ask('done', (requestId) => ({ ...command, type: 'force-close', requestId })),
      },
      drained: () => {
        if (this.#hold.link !== undefined) this.#run({ type: 'sign' })
      },
      // What was submitted is on its way to the disk: the next behaviour begins from what is there then.
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
    if (isStored(state.durable)) this.#perform(resume(state, this.#env()), [], true)
  }

  #restart(): void {
    const { restarts } = this.#context
    this.#services.log.error('channel.quarantined', { channel: this.#name(), restarts })
    this.#watches.clear()
    const { durable, session } = this.#hold.submitted ?? this.#hold.state
    if (!isFunded(durable)) {
      // An opening comes to nothing: the wallet gets its inputs back, and whoever asked an answer.
      this.#publish({ state: session === undefined ? { durable } : { durable, session } })
      if (durable.phase === 'aborted' || durable.phase === 'closed') this.#context.stop()
      else this.#run({ type: 'force-close' })
      return
    }
    this.#publish({ state: { durable }, quarantined: true })
    this.#hold.link = undefined
    this.#register()
    // What was proposed and not signed died with the session: whoever wanted it may try elsewhere.
    this.#perform(dropUnsigned(durable, session), [], true)
    // A channel that throws again is beyond trust: the chain decides.
    if (restarts > 1) this.#run({ type: 'force-close' })
    this.#perform(resume(this.#entry.state, this.#env()), [], true)
  }

  #ask<Type extends CommandReply['type']>(
    type: Type,
    command: (requestId: string) => ChannelInput,
  ): Promise<ChannelResult<Type>> {
    return new Promise((resolve) => {
      const requestId = `${this.#context.restarts}.${this.#requests++}`
      this.#replies.set(requestId, (result) => resolve(result.ok ? ok(replyOf(type, result.value)) : result))
      this.#run(command(requestId))
    })
  }

  #funded(input: FundingCreatedByWallet | FundingFailed): void {
    try {
      this.#run(input)
    } catch (error) {
      // Only this message knows which coins were set aside.
      if (input.type === 'funding-created') abandonFunding(this.#services.wallet, input.tx)
      throw error
    }
  }

  #settle({ command, alongside }: Settlement): void {
    this.#run(command, alongside)
  }

  /** `alongside` is in the commit of the step. */
  #run(input: ChannelInput, alongside?: Alongside): void {
    const before = this.#entry.state
    if (input.type === 'open') this.#openedByUs = true
    // A channel gets its keys when it is opened or accepted.
    if (input.type === 'open' || input.type === 'accept')
      this.#signer = this.#services.signer.channel(input.keys.keyIndex)
    const { state, effects } = step(before, input, this.#env())
    if (state !== before) this.#publish({ state })
    if (state.durable.phase === 'aborted') this.#giveBack(before.durable)
    const changed = state.durable !== before.durable
    if (changed && !haveSameIds(before.durable, state.durable)) this.#putNames()
    if (changed) this.#watchBlocks()
    if (this.#rest.follow(input, state, changed)) this.#showPause(undefined)
    const writes = changed && isStored(state.durable) ? channelWrites(before.durable, state.durable) : []
    this.#perform(effects, writes, false, alongside)
  }

  /**
   * Sorts effects: what stays within the node happens now, but after the step is handed to the store, so that one that throws
   * has told nobody; what leaves the node waits for the commit that holds the step and, the writer being ordered, for all
   * earlier ones.
   */
  #perform(effects: readonly Effect[], writes: Write[], resuming = false, alongside?: Alongside): void {
    const sorted: Sorted = { writes, inward: [], outward: [] }
    for (const effect of effects) this.#sort(effect, sorted, resuming)
    const { inward, outward } = sorted
    if (writes.length > 0 || outward.length > 0) {
      const { state } = this.#entry
      this.#services.store.submit(writes, () => {
        this.#publish({ durableState: state })
        for (const release of outward) this.#release(release)
      })
      this.#hold.submitted = state
    }
    // Before anything that may throw: the step is on its way, and what belongs with it must not be left behind.
    if (alongside !== undefined) commitAlongside(this.#services, alongside)
    for (const act of inward) act()
  }

  /** What throws when it is let out concerns this channel, and not the others of the same commit. */
  #release(release: () => void): void {
    try {
      release()
    } catch (error) {
      this.#context.self.tell('failed', { error })
    }
  }

  #sort(effect: Effect, { writes, inward, outward }: Sorted, resuming: boolean): void {
    const services = this.#services
    switch (effect.type) {
      case 'send':
        outward.push(this.#sending(effect))
        break
      case 'publish':
        outward.push(() => this.#publisher.publish(effect, this.#channelSigner(), this.#name()))
        break
      case 'emit':
        if (this.#repeats(effect.event, writes)) break
        reportChannelEvent(services, effect.event, this.#entry.state, this.#openedByUs)
        // A command that was answered before it is over is answered one microtask later: stopping must not overtake that.
        if (effect.event.type === 'closed' || effect.event.type === 'aborted')
          outward.push(() => queueMicrotask(() => this.#context.stop()))
        break
      case 'reply':
        outward.push(() => {
          this.#replies.get(effect.requestId)?.(effect.result)
          this.#replies.delete(effect.requestId)
        })
        break
      case 'disconnect':
        outward.push(() => {
          const { link } = this.#hold
          if (link?.epoch !== effect.epoch) return
          link.complaints.note(idOf(this.#entry.state.durable))
          link.close('channel-failed')
        })
        break
      case 'abandon-funding':
        outward.push(() => abandonFunding(services.wallet, effect.tx))
        break
      case 'ask-accept':
        outward.push(() => this.#askAccept(effect))
        break
      case 'ignored':
        this.#ignored(effect.message)
        break
      case 'forward':
        inward.push(() => services.forward(effect))
        break
      case 'settle':
        // The outcome is durable with the step that learnt it, until its consumer has made it part of its own state.
        writes.push({ ...outboxRow(effect), isNew: !resuming })
        inward.push(() => services.settled(effect))
        break
      case 'fund':
        inward.push(() => this.#context.self.tell('funded', fundChannel(services.wallet, effect)))
        break
      case 'watch-confirmed':
        inward.push(() => this.#watches.confirmed(effect, this.#openedAt(), this.#context.restarts > 0))
        break
      case 'watch-spent':
        inward.push(() =>
          this.#watches.spent(effect, this.#openedAt(), this.#context.restarts > 0, this.#isFunding(effect.outpoint)),
        )
        break
      case 'schedule':
        inward.push(() => this.#schedule(effect.timer, effect.delayMs))
        break
      default:
        assertNever(effect, 'effect')
    }
  }

  /** Another timer of the name is over. */
  #schedule(timer: TimerName, delayMs: number): void {
    this.#timers.get(timer)?.()
    this.#timers.set(timer, this.#context.schedule(delayMs, 'timer', { timer }))
  }

  #disconnected({ epoch, complaints }: PeerLink): void {
    this.#hold.link = undefined
    const before = this.#entry.state
    this.#run({ type: 'disconnected', epoch })
    const pause = this.#rest.disconnected(before, complaints.areOnlyAbout(idOf(before.durable)), this.#hasNeighbours())
    if (pause === undefined) return
    this.#showPause(pause)
    const error = { code: CAUSES_OF_REST[pause.rest.from] }
    this.#perform([emit(before.durable, { type: 'error', error })], [])
  }

  /** Whether another channel with the peer may be of use. */
  #hasNeighbours(): boolean {
    const { ref, remoteNodeId } = this.#entry
    return [...this.#services.directory.ofPeer(remoteNodeId)].some(
      ({ ref: other, state }) => other !== ref && state.durable.phase !== 'closing',
    )
  }

  #showPause(pause: Pause | undefined): void {
    if (pause === undefined && this.#entry.rest === undefined) return
    const until = this.#services.clock.now() + (pause?.forMs ?? 0)
    this.#publish({ rest: pause && { from: pause.rest.from, until } })
  }

  /** Signs now, while the disk is at work; sends when it is done, if the connection is still the same. */
  #sending({ message, needs, epoch }: SendEffect): () => void {
    const { signer } = this.#services
    const complete =
      needs === undefined
        ? message
        : fillIn(
            message,
            needs.type === 'node-signature'
              ? { type: 'node-signature', signature: signer.signAsNode(channelUpdateDigest(message as ChannelUpdate)) }
              : this.#channelSigner().answer(needs),
          )
    return () => {
      if (this.#hold.link?.epoch === epoch) this.#hold.link.send(complete)
      // Our only signature stays with us: the peer cannot fund what it has none for.
      else if (complete.type === 'funding_signed') this.#context.self.tell('unsigned', undefined)
    }
  }

  /**
   * Whether the event says again what this channel has just said. A peer can break the same rule on every connection; what
   * changes nothing is told seldom.
   */
  #repeats(event: ChannelEvent, writes: readonly Write[]): boolean {
    if (event.type !== 'error' || writes.length > 0) return false
    const { code } = event.error
    const ration = this.#told.get(code) ?? new Ration(this.#services.clock, REPEATS)
    this.#told.set(code, ration)
    return ration.take() === undefined
  }

  #ignored(message: string): void {
    const unsaid = this.#unheeded.take()
    if (unsaid === undefined) return
    const channel = this.#name()
    this.#services.log.info('channel.message-ignored', { channel, message, ...(unsaid === 0 ? {} : { unsaid }) })
  }

  #askAccept({ question }: AskAcceptEffect): void {
    const { durable } = this.#entry.state
    if (durable.phase !== 'wait-for-decision') return
    const decided = (decision: AcceptCommand | RejectCommand): void => this.#context.self.tell('decided', decision)
    this.#services.decide(question, durable.open).then(decided, (error: unknown) => {
      this.#services.log.error('channel.decision-failed', { channel: this.#name(), error: String(error) })
      decided({ type: 'reject', reason: 'internal error' })
    })
  }

  /** Of an opening that came to nothing, what nobody has seen is good for the next. */
  #giveBack(durable: Durable): void {
    const keys = 'keys' in durable ? durable.keys : 'params' in durable ? durable.params : undefined
    if (keys !== undefined) this.#services.scripts.giveBack(keys.localShutdownScript)
  }

  #openedAt(): number | undefined {
    const { durable } = this.#entry.state
    return 'params' in durable ? durable.params.openedAt : undefined
  }

  #isFunding(outpoint: OutPoint): boolean {
    const { durable } = this.#entry.state
    return (
      isFunded(durable) &&
      durable.active.some(({ localParams }) => outpointKey(localParams.fundingOutpoint) === outpointKey(outpoint))
    )
  }

  #isTaken({ fundingTxid, fundingOutputIndex }: FundingCreated): boolean {
    const known = this.#services.directory.get(channelIdOf({ txid: fundingTxid, index: fundingOutputIndex }))
    return known !== undefined && known.ref !== this.#entry.ref
  }

  /** Keeps the directory and the block watch in step with what the channel has become. */
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
    return durable.phase === 'closed' ? forgetPastHtlcs(this.#services.store, durable.channelId) : undefined
  }

  #env(): ChannelEnv {
    const services = this.#services
    return {
      now: services.clock.now(),
      height: services.height(),
      feerates: services.feerates(),
      settings: services.settings,
      commitmentPoint: (index) => this.#channelSigner().commitmentPoint(index),
    }
  }

  #channelSigner(): ChannelSigner {
    if (this.#signer === undefined) {
      const { durable } = this.#entry.state
      const keyIndex =
        'params' in durable ? durable.params.keyIndex : 'keys' in durable ? durable.keys.keyIndex : undefined
      if (keyIndex === undefined) throw new Error('a channel without keys signs nothing')
      this.#signer = this.#services.signer.channel(keyIndex)
    }
    return this.#signer
  }

  #name(): string {
    return toHex(idOf(this.#entry.state.durable))
  }
}
