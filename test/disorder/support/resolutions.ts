import { toHex } from '../../../core/src/lib/bytes.ts'
import type { Message } from '../../../core/src/wire/messages/message.ts'

type Way = 'paid' | 'given back'

const WAYS: Partial<Record<Message['type'], Way>> = {
  update_fulfill_htlc: 'paid',
  update_fail_htlc: 'given back',
  update_fail_malformed_htlc: 'given back',
}

/** How each HTLC was resolved, as the wire shows it: what is said again must be the same. */
export class Resolutions {
  readonly #ways = new Map<string, Way>()
  /** By host: HTLCs that it has both paid for and given back. */
  readonly bothWays: { readonly host: string; readonly htlc: string }[] = []

  sent(host: string, message: Message): void {
    const way = WAYS[message.type]
    if (way === undefined || !('channelId' in message) || !('id' in message)) return
    const htlc = `${toHex(message.channelId)}:${message.id}`
    const before = this.#ways.get(`${host} ${htlc}`)
    if (before !== undefined && before !== way) this.bothWays.push({ host, htlc })
    this.#ways.set(`${host} ${htlc}`, way)
  }
}
