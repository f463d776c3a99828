import type { ActorContext } from '../../actor/types.ts'
import {
  type AcceptCommand,
  type AskAcceptEffect,
  type Channel,
  type Claim,
  commitmentOn,
  type Effect,
  idsOf,
  isFunded,
  type RecallHtlcsEffect,
  type RejectCommand,
  type SendEffect,
  type TimerName,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer } from '../../lib/clock.ts'
import { assertNever } from '../../lib/errors.ts'
import type { OutPoint } from '../../lib/ids.ts'
import { soon } from '../../lib/soon.ts'
import type { Write } from '../../store/store.ts'
import { type Alongside, commitAlongside } from '../events/alongside.ts'
import type { Owner } from '../publishing/orders.ts'
import { logUnreadable } from '../storage/read-row.ts'
import type { ChannelCommands } from './channel-commands.ts'
import { type ChannelHold, entryOf, publish } from './channel-hold.ts'
import type { ChannelProtocol } from './channel-protocol.ts'
import { ChannelPublisher } from './channel-publisher.ts'
import type { ChannelRations, IgnoredMessage } from './channel-rations.ts'
import type { ChannelServices } from './channel-services.ts'
import type { ChannelSigning } from './channel-signing.ts'
import type { ChannelWatches } from './channel-watches.ts'
import { abandonFunding, fundChannel } from './fund-channel.ts'
import { recallHtlcs } from './past-htlcs.ts'
import { reportChannelEvent } from './report-channel-event.ts'
import { outboxRow } from './settlement-outbox.ts'

/** What accompanies the effects of a step. */
export interface StepToPerform {
  /** The step's own. */
  readonly writes?: readonly Write[]
  /** In the commit of the step. */
  readonly alongside?: Alongside | undefined
  /** The effects are those that a state read back still owes. */
  readonly resuming?: boolean
  readonly openedByUs: boolean
}

interface ChannelParts {
  readonly services: ChannelServices
  readonly hold: ChannelHold
  readonly context: ActorContext<ChannelProtocol>
  readonly signing: ChannelSigning
  readonly rations: ChannelRations
  readonly commands: ChannelCommands
  readonly watches: ChannelWatches
}

interface Sorted {
  readonly writes: Write[]
  readonly inward: (() => void)[]
  readonly outward: (() => void)[]
  /** What goes to the chain because a channel ends: it waits for the commit alone. */
  readonly chainward: (() => void)[]
  /** They follow the rest of that, all at once. */
  readonly claims: Claim[]
}

/**
 * Performs what the transitions of a channel ask for. Effects within the node happen now, but after the step is handed to the store, so
 * that a step that throws has told nobody anything. Effects that leave the node wait for the commit that holds the step; as the writer is
 * ordered, they also wait for all earlier commits. What brings money into the channel waits for its static backup as well, and what the
 * channel releases later goes after it, so that its peer sees the steps in their order.
 */
export class ChannelEffects {
  readonly #parts: ChannelParts
  readonly #publisher: ChannelPublisher
  readonly #timers = new Map<TimerName, CancelTimer>()

  constructor(parts: ChannelParts) {
    this.#parts = parts
    this.#publisher = new ChannelPublisher(parts.services)
  }

  /** The state after the step is published already. */
  perform(effects: readonly Effect[], step: StepToPerform): void {
    const { services, hold, context, signing } = this.#parts
    const sorted: Sorted = { writes: [...(step.writes ?? [])], inward: [], outward: [], chainward: [], claims: [] }
    for (const effect of effects) this.#sort(effect, sorted, step)
    const { writes, inward, outward, chainward, claims } = sorted
    if (claims.length > 0) {
      chainward.push(() => this.#publisher.claim(claims, signing.signer(this.#durable), this.#owner()))
    }
    const { phase } = this.#durable
    // A command that is answered before it is over gets its answer one microtask later: stopping must not overtake that.
    if (phase === 'closed' || phase === 'aborted') outward.push(() => queueMicrotask(() => context.stop()))
    if (writes.length > 0 || outward.length > 0 || chainward.length > 0) {
      const { state } = entryOf(hold)
      const { channelId } = idsOf(state.durable)
      services.store.submit(writes, () => {
        publish(services, hold, { durableState: state })
        for (const release of chainward) this.#release(release)
        const releaseAll = (): void => {
          for (const release of outward) this.#release(release)
        }
        if (effects.some(bringsMoney)) services.kept.whenKept(channelId, releaseAll)
        else services.kept.inOrder(channelId, releaseAll)
      })
      hold.submitted = state
    }
    // Done before anything that may throw: the step is on its way, and whatever belongs with it must not be left behind.
    if (step.alongside !== undefined) commitAlongside(services, step.alongside)
    for (const act of inward) act()
  }

  /** Ends an earlier timer of the same name. */
  schedule(timer: TimerName, delayMs: number): void {
    const { services, hold } = this.#parts
    this.#timers.get(timer)?.()
    if (timer !== 'rest') publish(services, hold, { answerBy: services.clock.now() + delayMs })
    this.#timers.set(timer, this.#parts.context.schedule(delayMs, 'timer', { timer }))
  }

  /** A message of the peer that is not acted on. */
  ignored(ignored: IgnoredMessage): void {
    this.#parts.rations.ignored(this.#name(), ignored)
  }

  /** An error while an effect is released concerns only this channel, and not the others of the same commit. */
  #release(release: () => void): void {
    try {
      release()
    } catch (error) {
      this.#parts.context.self.tell('failed', { error })
    }
  }

  #sort(
    effect: Effect,
    { writes, inward, outward, chainward, claims }: Sorted,
    { resuming = false, openedByUs }: StepToPerform,
  ): void {
    const { services, hold, context, signing, rations, commands, watches } = this.#parts
    const again = context.restarts > 0
    switch (effect.type) {
      case 'send':
        outward.push(this.#sending(effect))
        break
      case 'publish': {
        const { publication } = effect
        if (publication.type === 'claim') {
          claims.push(publication.claim)
          break
        }
        const release = () =>
          this.#publisher.publish(publication, effect.purpose, signing.signer(this.#durable), this.#owner())
        if (effect.purpose === 'funding') outward.push(release)
        else chainward.push(release)
        break
      }
      case 'emit':
        if (rations.repeats(effect.event, writes.length > 0)) break
        reportChannelEvent(services, effect.event, entryOf(hold).state, openedByUs)
        break
      case 'reply':
        outward.push(() => commands.answer(effect))
        break
      case 'disconnect':
        publish(services, hold, { hungUpOn: effect.epoch })
        outward.push(() => {
          const { connection } = hold
          if (connection?.epoch !== effect.epoch) return
          const channelId = idsOf(this.#durable).channelId
          connection.ref.tell('hangUp', { epoch: effect.epoch, channelId, reason: 'channel-failed' })
        })
        break
      case 'abandon-funding':
        outward.push(() => abandonFunding(services.wallet, services.broadcaster, effect.tx))
        break
      case 'withdraw-commitment':
        chainward.push(() => services.publisher.withdrawCommitment(this.#owner().channelId))
        break
      case 'ask-accept':
        outward.push(() => this.#askAccept(effect))
        break
      case 'announce': {
        const durable = this.#durable
        const signed = soon(() => signing.completeAnnouncement(effect, durable))
        outward.push(() => services.announced(signed()))
        break
      }
      case 'ignored':
        this.ignored(effect)
        break
      case 'forward':
        inward.push(() => services.forward(effect))
        break
      case 'settle':
        // The outcome is durable with the step that learnt it, and stays until its consumer has made it part of its own state.
        writes.push({ ...outboxRow(effect), isNew: !resuming })
        inward.push(() => services.settled(effect))
        break
      case 'recall-htlcs':
        inward.push(() => void this.#recall(effect))
        break
      case 'fund':
        inward.push(() => context.self.tell('funded', fundChannel(services.wallet, effect)))
        break
      case 'watch-confirmed':
        inward.push(() => watches.confirmed(effect, openedAt(this.#durable), again))
        break
      case 'watch-spent':
        inward.push(() =>
          watches.spent(effect, openedAt(this.#durable), again, isFunding(this.#durable, effect.outpoint)),
        )
        break
      case 'search-funding':
        inward.push(() => void watches.search(effect).catch((error) => context.self.tell('failed', { error })))
        break
      case 'schedule':
        inward.push(() => this.schedule(effect.timer, effect.delayMs))
        break
      default:
        assertNever(effect, 'effect')
    }
  }

  /** Signs while the disk is at work; sends when that is done, if the connection is still the same. */
  #sending(effect: SendEffect): () => void {
    const { hold, context, signing } = this.#parts
    const { epoch } = effect
    const durable = this.#durable
    const signed = effect.needs === undefined ? () => effect.message : soon(() => signing.complete(effect, durable))
    return () => {
      const { connection } = hold
      const complete = signed()
      if (connection?.epoch === epoch)
        connection.ref.tell('send', { epoch, channelId: idsOf(this.#durable).channelId, message: complete })
      // The only signature that we made stays with us: the peer cannot fund a channel without it.
      else if (complete.type === 'funding_signed') context.self.tell('unsigned', undefined)
    }
  }

  #askAccept({ question }: AskAcceptEffect): void {
    const { services, context } = this.#parts
    const durable = this.#durable
    if (durable.phase !== 'wait-for-decision') return
    const decided = (decision: AcceptCommand | RejectCommand): void => context.self.tell('decided', decision)
    services.decide(question, durable.open).then(decided, (error: unknown) => {
      services.log.error('channel.decision-failed', { channel: this.#name(), error: String(error) })
      decided({ type: 'reject', reason: 'internal error' })
    })
  }

  /** The actor is told once they are read; if that fails it is reloaded, and asks again. */
  async #recall({ remoteIndex }: RecallHtlcsEffect): Promise<void> {
    const { services, context } = this.#parts
    const onUnreadable = logUnreadable(services.log)
    try {
      const { channelId } = idsOf(this.#durable)
      const htlcs = await recallHtlcs(services.store, channelId, remoteIndex, onUnreadable)
      context.self.tell('recalled', { remoteIndex, htlcs })
    } catch (error) {
      context.self.tell('failed', { error })
    }
  }

  get #durable(): Channel {
    return entryOf(this.#parts.hold).state.durable
  }

  #owner(): Owner {
    return { channelId: idsOf(this.#durable).channelId, peer: entryOf(this.#parts.hold).remoteNodeId }
  }

  #name(): string {
    return toHex(idsOf(this.#durable).channelId)
  }
}

/** After these the channel may hold money of ours: it is funded, by us or the peer, or the peer may pay us. */
const bringsMoney = (effect: Effect): boolean =>
  effect.type === 'publish'
    ? effect.purpose === 'funding'
    : effect.type === 'send' && (effect.message.type === 'funding_signed' || effect.message.type === 'channel_ready')

const openedAt = (durable: Channel): number | undefined => (isFunded(durable) ? durable.params.openedAt : undefined)

const isFunding = (durable: Channel, outpoint: OutPoint): boolean =>
  isFunded(durable) && commitmentOn(durable, outpoint) !== undefined
