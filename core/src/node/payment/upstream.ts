import { type ChannelEnv, type ForwardEffect, type HtlcRef, isClaimable, isFunded } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Preimage } from '../../lib/ids.ts'
import { HOLD_TIME_UNIT_MS } from '../../onion/attribution-data.ts'
import type { BadOnion } from '../../onion/sphinx.ts'
import type { RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { RelayEnding } from '../../payment/relay/relay-protocol.ts'
import { failureCommand, type UpstreamFailure, type UpstreamPlace } from '../../payment/upstream-failure.ts'
import { type Fulfilment, fulfilCommand } from '../../payment/upstream-fulfilment.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import type { Settlement } from '../channel/channel-protocol.ts'
import type { Alongside } from '../events/alongside.ts'
import { CHANNEL_ANSWER_MS } from './offer-htlc.ts'

/** Names a received HTLC in maps. */
export const htlcName = ({ channelId, htlcId }: HtlcRef): string => `${toHex(channelId)}:${htlcId}`

export interface UpstreamServices {
  readonly channelDirectory: ChannelDirectory
  readonly chainHealth: Pick<ChainHealth, 'blindness'>
  env(): Pick<ChannelEnv, 'height' | 'settings'>
  /** See `Clock`. */
  monotonic(): number
  /** Submits the remaining writes for a channel that is gone. */
  commit(alongside: Alongside): void
  /** Resolves after a random time. */
  pause(): Promise<void>
}

/** What is committed with the end of a relay. */
export interface RelayEnd {
  readonly alongside: Alongside
  /** Of a fulfilment: if it comes too late for the incoming HTLC. */
  readonly ifUnpaid?: Alongside
}

/** What is remembered of an HTLC until it is settled. */
interface Held {
  readonly place: UpstreamPlace
  /** When it was irrevocably committed, by the monotonic clock. Absent if that was in another life of the node. */
  readonly since?: number
}

/** Settles HTLCs that we received. Until then it remembers our place on their way, and since when we hold them. */
export class Upstream {
  readonly #services: UpstreamServices
  readonly #held = new Map<string, Held>()

  constructor(services: UpstreamServices) {
    this.#services = services
  }

  /**
   * Whether the HTLC would be ours if its preimage were revealed now, by the newest state of its channel. A channel in quarantine takes a
   * fulfilment to the chain, so there, too, the chain decides; it also does if a commitment waits for a block, or if the chain is not seen
   * at all.
   */
  readonly canClaim = ({ channelId, htlcId }: HtlcRef): boolean => {
    const { channelDirectory, chainHealth, env } = this.#services
    const channel = channelDirectory.get(channelId)
    if (channel === undefined || channel.quarantined || channel.spentInMempool) return false
    if (chainHealth.blindness() !== undefined) return false
    return isClaimable(channel.state.durable, htlcId, env())
  }

  /** Whether the peer of the HTLC's channel would take it back now: it is connected, and no block decides, seen or unseen. */
  readonly takesBack = ({ channelId }: HtlcRef): boolean => {
    const { channelDirectory, chainHealth } = this.#services
    const channel = channelDirectory.get(channelId)
    if (channel === undefined || channel.quarantined || channel.spentInMempool) return false
    if (chainHealth.blindness() !== undefined) return false
    const { durable, session } = channel.state
    return isFunded(durable) && durable.phase !== 'closing' && session?.reestablished === true
  }

  remember(htlc: HtlcRef, place: UpstreamPlace, { justCommitted }: Pick<ForwardEffect, 'justCommitted'>): void {
    const name = htlcName(htlc)
    const since = this.#held.get(name)?.since ?? (justCommitted ? this.#services.monotonic() : undefined)
    this.#held.set(name, since === undefined ? { place } : { place, since })
  }

  fulfil(htlc: HtlcRef, preimage: Preimage): void {
    this.#tell(htlc, this.#fulfilment(htlc, { preimage }))
  }

  fail(htlc: HtlcRef, failure: UpstreamFailure): void {
    this.#tell(htlc, this.#failure(htlc, failure))
  }

  /** BOLT 2, update_fail_malformed_htlc: the onion could not be read. */
  failMalformed(htlc: HtlcRef, { sha256OfOnion, failureCode }: Omit<BadOnion, 'code'>): void {
    this.#tell(htlc, {
      command: () => ({ type: 'fail-malformed-htlc', htlcId: htlc.htlcId, sha256OfOnion, failureCode }),
    })
  }

  /** Gives one back that nobody has decided on before. */
  refuse({ answer, ...htlc }: RefusedHtlc): void {
    if (answer.type === 'own') this.fail(htlc, answer)
    else this.failMalformed(htlc, answer)
  }

  /**
   * Ends a relay: `alongside` is in the commit in which the channel takes the outcome, and `ifUnpaid` where it takes a fulfilment no more.
   * Resolves to which of them it was, or to neither: a channel that is reloaded instead hands its HTLC on once more, and is told again then.
   */
  async end(ending: RelayEnding, { alongside, ifUnpaid }: RelayEnd): Promise<'told' | 'unpaid' | 'lost'> {
    const { htlc } = ending
    const told = ending.type === 'fulfil' ? this.#fulfilment(htlc, ending) : this.#failure(htlc, ending.failure)
    const channel = this.#channel(htlc)
    if (channel === undefined) {
      // A channel that is gone has settled all its HTLCs on the chain, and none with a preimage that comes only now.
      this.#services.commit(ifUnpaid ?? alongside)
      return ifUnpaid === undefined ? 'told' : 'unpaid'
    }
    if (told.pause !== undefined) await told.pause
    const settlement = { command: told.command(), alongside, ...(ifUnpaid && { ifUnpaid }) }
    const answer = await channel.ref.ask('settle', settlement, { timeoutMs: CHANNEL_ANSWER_MS })
    if (!answer.ok) return 'lost'
    return answer.value ? 'told' : 'unpaid'
  }

  #fulfilment(htlc: HtlcRef, fulfilment: Fulfilment): Told {
    const held = this.#held.get(htlcName(htlc))
    return { command: () => fulfilCommand(htlc.htlcId, fulfilment, this.#holdTime(held), held?.place) }
  }

  #failure(htlc: HtlcRef, failure: UpstreamFailure): Told {
    const held = this.#held.get(htlcName(htlc))
    const command = () => failureCommand(htlc.htlcId, failure, this.#holdTime(held), held?.place)
    // BOLT 4, route blinding: from where the path begins on, the time that a failure takes says nothing of where in it that was. We hold it
    // for as long, and say so.
    return held?.place.type === 'introduction' ? { command, pause: this.#services.pause() } : { command }
  }

  /** BOLT 4, initialization of `attribution_data`: 0 if we do not know. */
  #holdTime({ since }: Partial<Held> = {}): number {
    if (since === undefined) return 0
    return Math.min(Math.floor((this.#services.monotonic() - since) / HOLD_TIME_UNIT_MS), 0xffff_ffff)
  }

  #tell(htlc: HtlcRef, { command, pause }: Told): void {
    const channel = this.#channel(htlc)
    if (pause === undefined) channel?.ref.tell('settle', { command: command() })
    else void pause.then(() => channel?.ref.tell('settle', { command: command() }))
  }

  /** The channel is told now, and what was remembered is not needed any more. */
  #channel(htlc: HtlcRef): ChannelEntry | undefined {
    this.#held.delete(htlcName(htlc))
    return this.#services.channelDirectory.get(htlc.channelId)
  }
}

/** What a channel is told, and what to wait for before. */
interface Told {
  /** Made when the channel is told: it says how long that took. */
  readonly command: () => Settlement['command']
  readonly pause?: Promise<void>
}
