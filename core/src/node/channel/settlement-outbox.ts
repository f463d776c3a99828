import type { HtlcOutcome, SettleEffect } from '../../channel/state/effects.ts'
import type { HtlcFailure, HtlcOrigin, HtlcRef } from '../../channel/state/htlc.ts'
import { concat, u64be } from '../../lib/bytes.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import { err } from '../../lib/result.ts'
import type { Row, Write } from '../../store/store.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { struct, u16List, union } from '../../wire/codec/combinators.ts'
import { bool, bytes32, u16, u16Bytes, u64 } from '../../wire/codec/primitives.ts'
import { type UpdateAddHtlc, updateAddHtlcCodec } from '../../wire/messages/channel-operation.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

// One outcome of an HTLC, kept from the commit in which its channel learnt it until the commit in which whoever offered
// it has made it part of its own state.

const VERSION = 1

const addCodec: Codec<UpdateAddHtlc> = {
  encode(writer, add) {
    u16Bytes.encode(writer, encodeWith(updateAddHtlcCodec.body, add))
  },
  decode(reader) {
    const decoded = decodeWith(updateAddHtlcCodec.body, u16Bytes.decode(reader))
    if (!decoded.ok) reader.fail('invalid-value')
    return (decoded.ok ? decoded.value : undefined) as UpdateAddHtlc
  },
}

const originCodec = union<HtlcOrigin, 'type'>('type', {
  local: { number: 0, fields: { payment: u16Bytes } },
  relay: { number: 1, fields: { upstream: u16List(struct<HtlcRef>({ channelId: bytes32, htlcId: u64 })) } },
})

const failureCodec = union<HtlcFailure, 'type'>('type', {
  fail: { number: 0, fields: { reason: u16Bytes } },
  malformed: { number: 1, fields: { sha256OfOnion: bytes32, failureCode: u16 } },
})

const outcomeCodec = union<HtlcOutcome, 'type'>('type', {
  fulfilled: { number: 0, fields: { preimage: bytes32, onChain: bool } },
  failed: { number: 1, fields: { failure: failureCodec, add: addCodec } },
  'not-sent': { number: 2, fields: { add: addCodec } },
  'timed-out-on-chain': { number: 3, fields: { add: addCodec } },
})

const rowCodec = struct<Omit<SettleEffect, 'type'>>({
  channelId: bytes32,
  htlcId: u64,
  origin: originCodec,
  outcome: outcomeCodec,
})

/** The key of the row that holds this HTLC's outcome. */
export const outboxKeyOf = ({
  channelId,
  htlcId,
}: {
  readonly channelId: ChannelId
  readonly htlcId: HtlcId
}): Uint8Array => concat(channelId, u64be(htlcId))

export const outboxRow = (effect: SettleEffect): Write => ({
  table: TABLE.settlement,
  key: outboxKeyOf(effect),
  value: concat(Uint8Array.of(VERSION), encodeWith(rowCodec, effect)),
})

/** Throws a `FailureError` on a row that this version cannot read. */
export const readOutboxRow = ({ key, value }: Row): SettleEffect => {
  const decoded =
    value[0] === VERSION ? decodeWith(rowCodec, value.subarray(1)) : err({ code: 'unknown-version' } as const)
  return { type: 'settle', ...readRow(TABLE.settlement, key, decoded) }
}
