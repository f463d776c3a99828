import type { Flavor } from '../../lib/flavor.ts'
import type { ChannelId, HtlcId, Preimage } from '../../lib/ids.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'

/** Names what an HTLC of ours was offered for: the payment's own id, opaque here. At most 255 bytes. */
export type PaymentReference = Flavor<Uint8Array, 'payment-reference'>

/** An HTLC that a peer offered to us. */
export interface HtlcRef {
  readonly channelId: ChannelId
  readonly htlcId: HtlcId
}

/** Why we offered an HTLC, and so who gets its outcome. */
export type HtlcOrigin =
  | { readonly type: 'local'; readonly payment: PaymentReference }
  | { readonly type: 'relay'; readonly upstream: readonly HtlcRef[] }

/** How an HTLC is given back. */
export type HtlcFailure =
  | { readonly type: 'fail'; readonly reason: Uint8Array }
  | { readonly type: 'malformed'; readonly sha256OfOnion: Uint8Array; readonly failureCode: number }

/**
 * An HTLC, for as long as a commitment that holds it may still be published. Records are replaced, never changed. Its row in the store
 * outlives it: penalties are rebuilt from `firstRemote..lastRemote`.
 */
export interface HtlcRecord {
  /** From our view. */
  readonly direction: 'offered' | 'received'
  readonly add: UpdateAddHtlc
  /** Of an offered HTLC. */
  readonly origin?: HtlcOrigin
  /** Of a received HTLC: the onion's shared secret, which encrypts its failures. */
  readonly sharedSecret?: Uint8Array
  /** The first and the last commitment of the peer that holds it. */
  readonly firstRemote?: number
  readonly lastRemote?: number
  /** Offered: what the peer revealed. Received: what we fulfil it with. Kept from the moment it is known. */
  readonly preimage?: Preimage
  /** Offered: how the peer's signed removal failed it. Received: how we decided to fail it. */
  readonly failure?: HtlcFailure
  /**
   * BOLT 4's attribution data, 920 bytes. Received: what goes upstream with the preimage or the failure, each time that it is sent. Offered:
   * what came with the failure.
   */
  readonly attribution?: Uint8Array
}

/** Whether the peer's commitment of this number holds, or held, the HTLC. */
export const isInRemoteOf = (
  { firstRemote, lastRemote }: Partial<Pick<HtlcRecord, 'firstRemote' | 'lastRemote'>>,
  remoteIndex: number,
): boolean => firstRemote !== undefined && firstRemote <= remoteIndex && remoteIndex <= (lastRemote ?? remoteIndex)

/** The live HTLCs, each list in increasing order of id. */
export interface Htlcs {
  readonly offered: readonly HtlcRecord[]
  readonly received: readonly HtlcRecord[]
}

export const NO_HTLCS: Htlcs = { offered: [], received: [] }

/** By binary search: the lists are in order of id. */
export const findHtlc = (records: readonly HtlcRecord[], id: HtlcId): HtlcRecord | undefined => {
  const at = position(records, id)
  const found = records[at]
  return found !== undefined && found.add.id === id ? found : undefined
}

/** The list in which the record replaces the one with the same id. */
export const replaceHtlc = (records: readonly HtlcRecord[], record: HtlcRecord): readonly HtlcRecord[] => {
  const copy = records.slice()
  copy[position(records, record.add.id)] = record
  return copy
}

const position = (records: readonly HtlcRecord[], id: HtlcId): number => {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((records[middle] as HtlcRecord).add.id < id) low = middle + 1
    else high = middle
  }
  return low
}
