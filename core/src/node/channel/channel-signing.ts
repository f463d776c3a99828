import { type Channel, fillIn, idsOf, type SendEffect } from '../../channel/index.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
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
    const answer =
      needs.type === 'node-signature'
        ? ({
            type: 'node-signature',
            signature: this.#signer.signAsNode(channelUpdateDigest(message as ChannelUpdate)),
          } as const)
        : this.signer(durable).answer(needs)
    return fillIn(message, answer)
  }
}
