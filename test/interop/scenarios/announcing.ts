import type { Peer } from '../drivers/driver.ts'
import { type OurNode, ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const GOSSIP = { threads: 0, passOnMs: 100 } as const

/** The peer knows the channel, and what both sides ask for in it. */
const isKnown = async (stage: Stage, us: OurNode, peer: Peer, channelId: string): Promise<void> => {
  const { announced, shortChannelId = '' } = await ours(us, channelId)
  stage.t.true(announced)
  let known: number | undefined
  const isWhole = async (): Promise<boolean> => {
    known = await peer.announcedDirections(shortChannelId)
    return known === 2
  }
  await stage.until('the peer knows the channel and both policies', isWhole).catch((error: Error) => {
    throw new Error(`it knows ${known ?? 'nothing'} of two`, { cause: error })
  })
}

export const announcing = group('Announcements', [
  {
    title: 'we open a channel that everybody is to know of — the peer has it in its graph, with both policies',
    role: 'we',
    async run(stage) {
      const { us, peer, channelId } = await stage.channel({ kind: 'announced', node: { gossip: GOSSIP } })
      await isKnown(stage, us, peer, channelId)
    },
  },
  {
    title: 'the peer opens a channel that everybody is to know of — it has it in its graph, with both policies',
    role: 'peer',
    needs: ['announced-opening'],
    async run(stage) {
      const { us, peer, channelId } = await stage.channel({
        kind: 'announced',
        opener: 'peer',
        node: { gossip: GOSSIP },
      })
      await isKnown(stage, us, peer, channelId)
    },
  },
])
