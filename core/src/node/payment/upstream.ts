import type { ChannelEnv } from '../../channel/state/environment.ts'
import type { HtlcRef } from '../../channel/state/htlc.ts'
import { isClaimable } from '../../channel/transitions/claimable-htlc.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Preimage } from '../../lib/ids.ts'
import type { BadOnion } from '../../onion/sphinx.ts'
import { failureReason, type UpstreamFailure } from '../../payment/upstream-failure.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { Settlement } from '../channel/channel-protocol.ts'

/** Names a received HTLC in maps. */
export const htlcKey = ({ channelId, htlcId }: HtlcRef): string => `${toHex(channelId)}:${htlcId}`

/**
 * Settles HTLCs that we received. It remembers the shared secrets of their onions until then: failures are encrypted by
 * them. What goes `alongside` happens in the turn, and so in the commit, of the channel's own step.
 */
export class Upstream {
  readonly #directory: ChannelDirectory
  readonly #chainHealth: Pick<ChainHealth, 'blindness'>
  readonly #env: () => Pick<ChannelEnv, 'height' | 'settings'>
  readonly #sharedSecrets = new Map<string, Uint8Array>()

  constructor(
    directory: ChannelDirectory,
    chainHealth: Pick<ChainHealth, 'blindness'>,
    env: () => Pick<ChannelEnv, 'height' | 'settings'>,
  ) {
    this.#directory = directory
    this.#chainHealth = chainHealth
    this.#env = env
  }

  /**
   * Whether the HTLC would be ours if its preimage were revealed now, by the newest that is known of its channel. One in
   * quarantine takes a fulfilment to the chain, so there, too, the chain decides; as where a commitment waits for a block, or
   * where the chain is not seen at all.
   */
  readonly canClaim = ({ channelId, htlcId }: HtlcRef): boolean => {
    const channel = this.#directory.get(channelId)
    if (channel === undefined || channel.quarantined || channel.spentInMempool) return false
    if (this.#chainHealth.blindness() !== undefined) return false
    return isClaimable(channel.state.durable, htlcId, this.#env())
  }

  remember(htlc: HtlcRef, sharedSecret: Uint8Array): void {
    this.#sharedSecrets.set(htlcKey(htlc), sharedSecret)
  }

  fulfil(htlc: HtlcRef, preimage: Preimage, alongside?: () => void): void {
    this.#settle(htlc, { command: { type: 'fulfil-htlc', htlcId: htlc.htlcId, preimage }, alongside })
  }

  fail(htlc: HtlcRef, failure: UpstreamFailure, alongside?: () => void): void {
    const sharedSecret = this.#sharedSecrets.get(htlcKey(htlc))
    // Without the secret the origin could not read anything; the peer then gets bytes that no one can.
    const reason = failureReason(sharedSecret ?? new Uint8Array(32), failure)
    this.#settle(htlc, { command: { type: 'fail-htlc', htlcId: htlc.htlcId, reason }, alongside })
  }

  /** BOLT 2, update_fail_malformed_htlc: the onion could not be read. */
  failMalformed(htlc: HtlcRef, { sha256OfOnion, failureCode }: BadOnion): void {
    const command = { type: 'fail-malformed-htlc', htlcId: htlc.htlcId, sha256OfOnion, failureCode } as const
    this.#settle(htlc, { command })
  }

  #settle(
    htlc: HtlcRef,
    { command, alongside }: { command: Settlement['command']; alongside?: (() => void) | undefined },
  ): void {
    this.#sharedSecrets.delete(htlcKey(htlc))
    const channel = this.#directory.get(htlc.channelId)
    // A channel that is gone has settled all its HTLCs on the chain: only what waited for it is left to do.
    if (channel === undefined) alongside?.()
    else channel.ref.tell('settle', { command, ...(alongside === undefined ? {} : { alongside }) })
  }
}
