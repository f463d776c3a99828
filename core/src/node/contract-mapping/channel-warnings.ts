import { isFunded, unclaimableMsat } from '../../channel/index.ts'
import { counted } from '../../lib/counted.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'

/** What the operator must know about the channels. Only closing channels are looked at. */
export const channelWarnings = (channels: ChannelDirectory): readonly string[] => {
  const warnings: string[] = []
  const quarantined = channels.count('quarantined')
  if (quarantined > 0)
    warnings.push(
      `quarantined after a fault: ${counted(quarantined, 'channel')}; see the log. To do: channels release lets one take part again, also after an update; or force its close`,
    )
  const { resting, inDoubt } = channels
  if (inDoubt > 0) {
    warnings.push(
      `the database was put back: nothing is published of ${counted(inDoubt, 'channel')} (inDoubt in the list of channels) until the peers have shown that they know no later state. To do: let the peers connect`,
    )
  }
  if (resting > 0) {
    warnings.push(
      `what a peer hangs up at is held back in ${counted(resting, 'channel')}: see rest in the list of channels for what helps`,
    )
  }
  const lost = [...channels.listed({ standing: 'closing' })].flatMap(({ entry: { durableState } }) => {
    const { durable } = durableState
    const amount = isFunded(durable) ? unclaimableMsat(durable) : 0n
    return amount === 0n ? [] : [amount]
  })
  if (lost.length > 0) {
    const sum = lost.reduce((total, amount) => total + amount, 0n)
    warnings.push(
      `${sum} msat are at risk in ${counted(lost.length, 'channel')} of which the peer published a commitment that is newer than what ` +
        'this node knows: it takes only its main output there. Keep the seed and the data folder, and see unclaimableMsat in the list of channels',
    )
  }
  return warnings
}
