import {
  type ChannelEnv,
  type FailHtlcCommand,
  type FulfilHtlcCommand,
  type HtlcRef,
  isClaimable,
  isFunded,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Preimage } from '../../lib/ids.ts'
import type { BadOnion } from '../../onion/sphinx.ts'
import type { RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { RelayEnding } from '../../payment/relay/relay-protocol.ts'
import { failureReason, type UpstreamFailure } from '../../payment/upstream-failure.ts'
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
  /** Submits the remaining writes for a channel that is gone. */
  commit(alongside: Alongside): void
}

/** What is committed with the end of a relay. */
export interface RelayEnd {
  readonly alongside: Alongside
  /** Of a fulfilment: if it comes too late for the incoming HTLC. */
  readonly ifUnpaid?: Alongside
}

/** Settles HTLCs that we received. Until then it remembers the shared secrets of their onions, which encrypt failures. */
export class Upstream {
  readonly #services: UpstreamServices
  readonly #sharedSecrets = new Map<string, Uint8Array>()

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

  remember(htlc: HtlcRef, sharedSecret: Uint8Array): void {
    this.#sharedSecrets.set(htlcName(htlc), sharedSecret)
  }

  fulfil(htlc: HtlcRef, preimage: Preimage): void {
    this.#tell(htlc, fulfilment(htlc, preimage))
  }

  fail(htlc: HtlcRef, failure: UpstreamFailure): void {
    this.#tell(htlc, this.#failure(htlc, failure))
  }

  /** BOLT 2, update_fail_malformed_htlc: the onion could not be read. */
  failMalformed(htlc: HtlcRef, { sha256OfOnion, failureCode }: Omit<BadOnion, 'code'>): void {
    this.#tell(htlc, { type: 'fail-malformed-htlc', htlcId: htlc.htlcId, sha256OfOnion, failureCode })
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
    const command = ending.type === 'fulfil' ? fulfilment(htlc, ending.preimage) : this.#failure(htlc, ending.failure)
    const channel = this.#channel(htlc)
    if (channel === undefined) {
      // A channel that is gone has settled all its HTLCs on the chain, and none with a preimage that comes only now.
      this.#services.commit(ifUnpaid ?? alongside)
      return ifUnpaid === undefined ? 'told' : 'unpaid'
    }
    const settlement = { command, alongside, ...(ifUnpaid && { ifUnpaid }) }
    const answer = await channel.ref.ask('settle', settlement, { timeoutMs: CHANNEL_ANSWER_MS })
    if (!answer.ok) return 'lost'
    return answer.value ? 'told' : 'unpaid'
  }

  #failure(htlc: HtlcRef, failure: UpstreamFailure): FailHtlcCommand {
    const sharedSecret = this.#sharedSecrets.get(htlcName(htlc))
    // Without the secret the origin could not read anything; the peer then gets bytes that nobody can read.
    const reason = failureReason(sharedSecret ?? new Uint8Array(32), failure)
    return { type: 'fail-htlc', htlcId: htlc.htlcId, reason }
  }

  #tell(htlc: HtlcRef, command: Settlement['command']): void {
    this.#channel(htlc)?.ref.tell('settle', { command })
  }

  /** The channel is told now, and the HTLC's secret is not needed any more. */
  #channel(htlc: HtlcRef): ChannelEntry | undefined {
    this.#sharedSecrets.delete(htlcName(htlc))
    return this.#services.channelDirectory.get(htlc.channelId)
  }
}

const fulfilment = ({ htlcId }: HtlcRef, preimage: Preimage): FulfilHtlcCommand => ({
  type: 'fulfil-htlc',
  htlcId,
  preimage,
})
