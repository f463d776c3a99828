import type { Tx } from '../../bitcoin/transaction.ts'
import { type Claim, completeSpend, type Publication, type PublishEffect } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import type { Owner } from '../publishing/orders.ts'
import type { ChannelServices } from './channel-services.ts'

/** Hands a channel's transactions to the publisher: those that both sides have signed with the last signature, claims as they are. */
export class ChannelPublisher {
  readonly #services: ChannelServices
  #commitmentTx: Tx | undefined

  constructor(services: ChannelServices) {
    this.#services = services
  }

  publish(
    publication: Exclude<Publication, { type: 'claim' }>,
    purpose: PublishEffect['purpose'],
    signer: ChannelSigner,
    owner: Owner,
  ): void {
    const { publisher, wallet, broadcaster } = this.#services
    switch (publication.type) {
      case 'signed': {
        const { tx } = publication
        if (purpose === 'funding') {
          // Kept, it would hold the wallet's other coins, and count change that can never be there. And what its coins were used for while it
          // could be in no block is not undone by it: if that comes into a block, the channel hears of a double spend.
          if (wallet.lacksCoinOf(tx) || wallet.isDisplaced(tx)) break
          wallet.processTx(tx, { purpose: 'channel-funding', channelId: toHex(owner.channelId) })
        }
        broadcaster.publish(tx, purpose)
        break
      }
      case 'funding-spend': {
        const tx = completeSpend(publication, signer.signWithFundingKey)
        const fee = tx.outputs.reduce((left, { amount }) => left - amount, publication.amount)
        if (purpose === 'local-commitment') this.#commitmentTx = tx
        publisher.publishAgreed({
          ...owner,
          purpose: purpose === 'local-commitment' ? purpose : 'mutual-close',
          tx,
          fee,
        })
        break
      }
      default:
        assertNever(publication, 'publication')
    }
  }

  /** All claims of one step: the publisher joins what may be joined. After its commitment, which an anchor's claim brings along. */
  claim(claims: readonly Claim[], signer: ChannelSigner, owner: Owner): void {
    const orders = claims.map((claim) => {
      const parent = claim.parent === undefined ? undefined : this.#commitmentTx
      return { ...owner, claim, signer, ...(parent !== undefined && { parents: [parent] }) }
    })
    this.#services.publisher.claim(orders)
  }
}
