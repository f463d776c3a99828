import { sha256 } from '../../crypto/hashes.ts'
import { concat, EMPTY, u64be, utf8Encode } from '../../lib/bytes.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Write } from '../../store/store.ts'
import { TABLE } from './tables.ts'

const KEY_BYTES = 16

/** For a command that may not be forgotten. Keys have any length: this much of their hash tells them apart. */
export const commandRowKey = (key: string): Uint8Array => sha256(utf8Encode(key)).subarray(0, KEY_BYTES)

/** Where commands that were answered at a time or later are listed. */
export const commandsFrom = (at: TimestampMs): Uint8Array => concat(Uint8Array.of(0), u64be(BigInt(Math.max(0, at))))

/** Where a command that was answered, or begun, then is listed. */
export const commandPlace = (at: TimestampMs, rowKey: Uint8Array): Uint8Array => concat(commandsFrom(at), rowKey)

/** Lists a command among those that were answered, or begun, at this time. */
export const commandListing = (at: TimestampMs, rowKey: Uint8Array): Write => ({
  table: TABLE.commandByTime,
  key: commandPlace(at, rowKey),
  value: EMPTY,
  isNew: true,
})

export const COMMANDS_END = Uint8Array.of(1)

export const rowOfPlace = (place: Uint8Array): Uint8Array => place.subarray(-KEY_BYTES)
