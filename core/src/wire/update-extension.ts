import { EMPTY } from '../lib/bytes.ts'
import { decodeWith } from './codec/codec.ts'
import { tlvStream } from './codec/tlv-stream.ts'
import type { ChannelUpdate } from './messages/gossip.ts'
import type { WithUnknownTlvs } from './tlv-record.ts'

const records = tlvStream<WithUnknownTlvs>({})

/** BOLT 1: whether what follows an update's fields is nothing that has to be understood. */
export const isUnderstood = ({ extension = EMPTY }: Pick<ChannelUpdate, 'extension'>): boolean =>
  decodeWith(records, extension).ok
