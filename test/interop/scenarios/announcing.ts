import { parseAddress } from '../../../core/src/node/peer/socket-address.ts'
import type { AnnouncedNode, Peer } from '../drivers/driver.ts'
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

/** Tor, a name and IPv6, beside IPv4. */
const ADDRESSES = [
  '203.0.113.7:9735',
  '[2001:db8::7]:9736',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad.onion:9737',
  'node.example.com:9738',
]

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
  {
    title: 'we announce a name and addresses of every kind — the peer has them in its graph',
    role: 'we',
    needs: ['node-details'],
    async run(stage) {
      const announcedAddresses = ADDRESSES.flatMap((text) => parseAddress(text) ?? [])
      const choices = { alias: 'füchslein ⚡', announcedAddresses }
      const node = { gossip: GOSSIP, choices }
      const { us, peer } = await stage.channel({ kind: 'announced', node })
      let known: AnnouncedNode | undefined
      await stage.until('the peer knows what we say of ourselves', async () => {
        known = await peer.announcedNode(us.id)
        return known?.alias === choices.alias
      })
      stage.t.deepEqual([...(known?.addresses ?? [])].sort(), [...ADDRESSES].sort())
    },
  },
])
