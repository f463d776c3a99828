import { utf8Encode } from '../../lib/bytes.ts'
import type { Failure } from '../../lib/errors.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { ErrorMessage, WarningMessage } from '../../wire/messages/setup.ts'
import { printableText } from '../../wire/printable-text.ts'

const textOf = (failure: Failure & { readonly reason?: string }): Uint8Array => {
  // Why the node does not want a channel is said in its operator's words; all else in ours.
  if (failure.code === 'rejected' && failure.reason) return utf8Encode(failure.reason)
  if (failure.code === 'announcement-not-supported') {
    return utf8Encode('this node does not announce channels: open it unannounced')
  }
  return utf8Encode(failure.code.replaceAll('-', ' '))
}

export const errorMessage = (channelId: ChannelId, failure: Failure): ErrorMessage => ({
  type: 'error',
  channelId,
  data: textOf(failure),
})

export const warningMessage = (channelId: ChannelId, failure: Failure): WarningMessage => ({
  type: 'warning',
  channelId,
  data: textOf(failure),
})

/** BOLT 1: what is not printable ASCII is not shown. */
export const peerText = ({ data }: ErrorMessage | WarningMessage): string => printableText(data) ?? '(not printable)'
