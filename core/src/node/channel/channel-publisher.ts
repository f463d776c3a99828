import type { Tx } from '../../bitcoin/transaction.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import { type Claim, completeSpend, type PublishEffect } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import type { ChannelServices } from './channel-services.ts'
import { completeClaim } from './complete-claim.ts'

/** Completes a channel's transactions with signatures, and with the wallet's inputs if needed, and broadcasts them. */
export class ChannelPublisher {
  readonly #services: ChannelServices
  #commitmentTx: Tx | undefined
  /** Outputs for which a claim was published since the node started. */
  readonly #claimed = new Set<string>()

  constructor(services: ChannelServices) {
    this.#services = services
  }

  publish({ publication, purpose }: PublishEffect, signer: ChannelSigner, channel: string): void {
    switch (publication.type) {
      case 'signed':
      case 'funding-spend': {
        const tx = completeSpend(publication, signer.signWithFundingKey)
        if (purpose === 'funding') this.#services.wallet.processTx(tx, 'channel-funding')
        if (purpose === 'local-commitment') this.#commitmentTx = tx
        this.#services.broadcaster.publish(tx, purpose)
        break
      }
      case 'claim':
        this.#claim(publication.claim, purpose, signer, channel)
        break
      default:
        assertNever(publication, 'publication')
    }
  }

  #claim(claim: Claim, purpose: string, signer: ChannelSigner, channel: string): void {
    // Requested again every few blocks: the broadcaster rebroadcasts a claim that was made once.
    const key = outpointKey(claim.outpoint)
    if (this.#claimed.has(key)) return
    const completed = completeClaim(claim, signer, this.#services.wallet)
    if (!completed.ok) {
      const { code } = completed.error
      this.#services.log.warn('channel.claim-unfunded', { channel, claim: claim.kind.type, code })
      return
    }
    this.#claimed.add(key)
    const parents = claim.kind.type === 'anchor' && this.#commitmentTx !== undefined ? [this.#commitmentTx] : []
    this.#services.broadcaster.publish(completed.value, purpose, parents)
  }
}
