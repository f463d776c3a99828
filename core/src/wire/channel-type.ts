import { equalBytes } from '../lib/bytes.ts'
import type { FeatureVector } from './feature-vector.ts'
import { vectorOfBits } from './features.ts'

/**
 * A kind of channel that this node opens and accepts, as BOLT 2's `channel_type` names it, beyond `option_static_remotekey` and
 * `option_anchors`, which all channels of this node have.
 */
export interface ChannelType {
  /** Neither side refers to the channel by its real short channel id (BOLT 2, `option_scid_alias`). */
  readonly scidAlias: boolean
  /** The channel is used before its funding confirms (BOLT 2, `option_zeroconf`). */
  readonly zeroConf: boolean
}

const bitsOfType = ({ scidAlias, zeroConf }: ChannelType): readonly number[] => [
  12,
  22,
  ...(scidAlias ? [46] : []),
  ...(zeroConf ? [50] : []),
]

export const encodeChannelType = (type: ChannelType): FeatureVector => vectorOfBits(bitsOfType(type))

const known: readonly ChannelType[] = [false, true].flatMap((scidAlias) =>
  [false, true].map((zeroConf) => ({ scidAlias, zeroConf })),
)

/** The type that a vector names; `undefined` for any other, also for one with further bits (BOLT 2 wants an exact match). */
export const decodeChannelType = (vector: FeatureVector): ChannelType | undefined => {
  const first = vector.findIndex((byte) => byte !== 0)
  const trimmed = vector.subarray(first === -1 ? vector.length : first)
  return known.find((type) => equalBytes(encodeChannelType(type), trimmed))
}
