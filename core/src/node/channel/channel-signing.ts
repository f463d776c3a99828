import {
  type AnnounceEffect,
  type AnnouncementHalves,
  type AnnouncementRequest,
  type Channel,
  fillIn,
  idsOf,
  type SendEffect,
  type SigningAnswer,
  type SigningRequest,
} from '../../channel/index.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelAnnouncement, ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { Message } from '../../wire/messages/message.ts'
import type { ChannelSigner, Signer } from '../keys/signer.ts'

/** What a channel signs with, once it has keys. */
export class ChannelSigning {
  readonly #signer: Signer
  #channelSigner: ChannelSigner | undefined

  constructor(signer: Signer) {
    this.#signer = signer
  }

  /** A channel gets its keys when it is opened or accepted. */
  begin(keyIndex: number): void {
    this.#channelSigner = this.#signer.channel(keyIndex)
  }

  signer(durable: Channel): ChannelSigner {
    if (this.#channelSigner === undefined) {
      const { keyIndex } = idsOf(durable)
      if (keyIndex === undefined) throw new Error('a channel without keys signs nothing')
      this.#channelSigner = this.#signer.channel(keyIndex)
    }
    return this.#channelSigner
  }

  /** The message with all the signatures that it needs. */
  complete({ message, needs }: SendEffect, durable: Channel): Message {
    if (needs === undefined) return message
    return fillIn(message, this.#answer(needs, message, durable))
  }

  /** The announcement with our two signatures. */
  completeAnnouncement(effect: AnnounceEffect, durable: Channel): ChannelAnnouncement {
    const { announcement, localIsFirst, needs } = effect
    const { nodeSignature, bitcoinSignature } = this.#halves(needs, durable)
    return localIsFirst
      ? { ...announcement, nodeSignature1: nodeSignature, bitcoinSignature1: bitcoinSignature }
      : { ...announcement, nodeSignature2: nodeSignature, bitcoinSignature2: bitcoinSignature }
  }

  #answer(needs: SigningRequest, message: Message, durable: Channel): SigningAnswer {
    switch (needs.type) {
      case 'node-signature': {
        const digest = channelUpdateDigest(message as ChannelUpdate)
        return { type: 'node-signature', signature: this.#signer.signAsNode(digest) }
      }
      case 'announcement-signatures':
        return { type: 'announcement-signatures', ...this.#halves(needs, durable) }
      default:
        return this.signer(durable).answer(needs)
    }
  }

  #halves(
    { digest }: AnnouncementRequest,
    durable: Channel,
  ): Pick<AnnouncementHalves, 'nodeSignature' | 'bitcoinSignature'> {
    return {
      nodeSignature: this.#signer.signAsNode(digest),
      bitcoinSignature: this.signer(durable).signAnnouncement(digest),
    }
  }
}
