import { isAllZero, toHex, utf8Encode } from '../../../lib/bytes.ts'
import type { ChannelId } from '../../../lib/ids.ts'
import type { ErrorMessage, WarningMessage } from '../../../wire/messages/setup.ts'
import { printableText } from '../../../wire/printable-text.ts'
import type { ChannelError, PeerFault } from '../../state/errors.ts'
import { REACTIONS } from './reactions.ts'

/** With everything else that an `error` carries, this still fits into a message (BOLT 1). */
const MAX_TEXT_LENGTH = 65_000

/** What the peer is told about a fault, if anything. `channelId` is the id by which the peer knows the channel. */
export const answerTo = (
  channelId: ChannelId,
  fault: ChannelError | PeerFault,
): ErrorMessage | WarningMessage | undefined => {
  const { answer } = REACTIONS[fault.code]
  if (answer === 'none') return undefined
  // BOLT 1, error: all zeroes name every channel, and a fault is about one at most.
  return { type: isAllZero(channelId) ? 'warning' : answer, channelId, data: utf8Encode(textOf(fault)) }
}

const textOf = (fault: ChannelError | PeerFault): string => {
  // The operator's own words say why the node does not want a channel; every other fault has our words.
  if (fault.code === 'rejected' && fault.reason !== '') return fault.reason
  if (fault.code === 'announcement-not-supported') return 'this node does not announce channels: open it unannounced'
  if (fault.code === 'zero-conf-not-agreed') return 'this node uses a channel unconfirmed by agreement only'
  const words = fault.code.replaceAll('-', ' ')
  if (!('transaction' in fault)) return words
  // BOLT 1, error: an invalid signature is reported with the transaction that it was checked against.
  const text = `${words}: ${toHex(fault.transaction)}`
  return text.length > MAX_TEXT_LENGTH ? words : text
}

/** BOLT 1: what is not printable ASCII is not shown. */
export const peerText = ({ data }: ErrorMessage | WarningMessage): string => printableText(data) ?? '(not printable)'
