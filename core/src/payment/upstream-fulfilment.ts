import type { FulfilHtlcCommand, HtlcRef } from '../channel/index.ts'
import type { HtlcId, Preimage } from '../lib/ids.ts'
import { addAttribution } from '../onion/attribution-data.ts'
import type { UpstreamPlace } from './upstream-failure.ts'

/** What pays a received HTLC. */
export interface Fulfilment {
  readonly preimage: Preimage
  /** The attribution data that came with it from downstream, if any did. */
  readonly attribution?: Uint8Array
}

/** Fulfils a received HTLC; the driver makes a command of it by `fulfilCommand`. */
export interface FulfilEffect extends Fulfilment {
  readonly type: 'fulfil'
  readonly htlc: HtlcRef
}

/** What the channel is told. `holdTime`: for how long we have held the HTLC, as `addAttribution` has it. */
export const fulfilCommand = (
  htlcId: HtlcId,
  { preimage, attribution }: Fulfilment,
  holdTime: number,
  place: UpstreamPlace | undefined,
): FulfilHtlcCommand => {
  const command = { type: 'fulfil-htlc', htlcId, preimage } as const
  // BOLT 2, removing an HTLC: what comes with a path key is not attributed, or it would show the origin how long the path is.
  if (place === undefined || place.type === 'within-path') return command
  return { ...command, attribution: addAttribution({ sharedSecret: place.sharedSecret, holdTime }, attribution) }
}
