import type { ChannelSummary } from './describe-channel.ts'

/** What the operator has to know of the channels. */
export const channelWarnings = (channels: readonly ChannelSummary[]): readonly string[] => {
  const warnings: string[] = []
  const quarantined = channels.filter(({ state }) => state === 'quarantined').length
  if (quarantined > 0) warnings.push(`${quarantined} channels are quarantined after a fault: see the log`)
  const lost = channels.filter(({ unclaimableMsat }) => unclaimableMsat !== undefined)
  if (lost.length > 0) {
    const sum = lost.reduce((total, { unclaimableMsat = 0n }) => total + (unclaimableMsat as bigint), 0n)
    warnings.push(
      `${sum} msat are at risk in ${lost.length} channels of which the peer published a commitment: this node does not ` +
        'claim its outputs yet. Keep the seed and the data folder, and see unclaimableMsat in the list of channels',
    )
  }
  return warnings
}
