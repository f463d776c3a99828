import type { Peer } from '../drivers/driver.ts'
import { type OurNode, ours, type Stage, theirs } from '../stage/stage.ts'

const GOSSIP = { threads: 0, passOnMs: 100 } as const

/** Of each channel between them and us, half on either side. */
const OPENING = { capacitySat: 4_000_000n, pushMsat: 2_000_000_000n } as const
export const HALF = OPENING.pushMsat

export const ourFee = (amountMsat: bigint): bigint => 1_000n + (amountMsat * 100n) / 1_000_000n

/** One of the two beside us, and its channel with us. */
export interface Side {
  readonly peer: Peer
  readonly channelId: string
}

/** Channels of our node with the peer and with one of another implementation. */
export const channelsWithBoth = async (stage: Stage, us: OurNode, kind?: 'announced') => {
  const opening = kind === undefined ? OPENING : { ...OPENING, kind }
  const [peer, other] = [await stage.peer(), await stage.other()]
  for (const each of [peer, other]) await stage.connect(us, each)
  const near: Side = { peer, channelId: await stage.openTo(peer, us, opening) }
  const far: Side = { peer: other, channelId: await stage.openTo(other, us, opening) }
  if (kind !== undefined) {
    for (const [side, beyond] of [
      [near, far],
      [far, near],
    ] as const)
      await hearsOf(stage, side.peer, (await ours(us, beyond.channelId)).shortChannelId ?? '')
  }
  return { near, far }
}

/** The peer — us — a peer of another implementation. */
export const between = async (stage: Stage, kind?: 'announced') => {
  const us = await stage.node('us', kind === undefined ? {} : { gossip: GOSSIP })
  return { us, ...(await channelsWithBoth(stage, us, kind)) }
}

/** The peer has the channel from the network's gossip. */
const hearsOf = (stage: Stage, peer: Peer, shortChannelId: string): Promise<void> =>
  stage.until(
    `${peer.name} knows ${shortChannelId} and both policies`,
    async () => (await peer.announcedDirections(shortChannelId)) === 2,
  )

/** us — the peer — a peer of another implementation, over channels that are announced. */
export const overThePeer = async (stage: Stage) => {
  const [peer, other] = [await stage.peer(), await stage.other()]
  const us = await stage.node('us', { gossip: GOSSIP })
  await stage.connect(us, peer)
  const channelId = await stage.openTo(peer, us, { ...OPENING, kind: 'announced' })
  await peer.connect(other.nodeId, other.address)
  const beyond = await peer.openChannel(other.nodeId, { ...OPENING, kind: 'announced' })
  await stage.mine(6)
  for (const each of [peer, other])
    await stage.until(`${each.name} can use its channel`, async () => (await theirs(each, beyond)).isUsable)
  await hearsOf(stage, other, (await ours(us, channelId)).shortChannelId ?? '')
  return { us, peer, other, channelId }
}
