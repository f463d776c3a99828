import type { ChannelType } from '../../wire/channel-type.ts'
import type { CommitmentFormat, CommitmentFormatName } from './commitment-format.ts'
import { ANCHORS_ZERO_FEE_HTLC } from './formats/anchors/anchors-format.ts'

/** The format of a new channel of this type. Every type that this node knows (`ChannelType`) has `option_anchors`. */
export const formatOfType = (_type: ChannelType): CommitmentFormat => ANCHORS_ZERO_FEE_HTLC

/** A format by its persisted name. */
export const commitmentFormat = (name: CommitmentFormatName): CommitmentFormat => FORMATS[name]

const FORMATS: Readonly<Record<CommitmentFormatName, CommitmentFormat>> = {
  'anchors-zero-fee-htlc': ANCHORS_ZERO_FEE_HTLC,
}
