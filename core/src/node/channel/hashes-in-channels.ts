import { isFunded } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelDirectory } from './channel-directory.ts'

/** The payment hashes, in hex, of all HTLCs that a channel still holds, on the chain or before it. */
export const hashesInChannels = (directory: ChannelDirectory): ReadonlySet<string> => {
  const hashes = new Set<string>()
  for (const { state } of directory.all()) {
    if (!isFunded(state.durable)) continue
    const { offered, received } = state.durable.htlcs
    for (const { add } of offered) hashes.add(toHex(add.paymentHash))
    for (const { add } of received) hashes.add(toHex(add.paymentHash))
  }
  return hashes
}
