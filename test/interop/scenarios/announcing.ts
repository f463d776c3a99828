import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseAddress } from '../../../core/src/node/peer/socket-address.ts'
import type { AnnouncedNode, Peer } from '../drivers/driver.ts'
import { type OurNode, ours, type Stage, theirs } from '../stage/stage.ts'
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
    title:
      'our node was put back as it was before the sixth confirmation — the channel is announced, and our new fees are told',
    role: 'we',
    async run(stage) {
      const folder = stage.folder()
      const [data, copy] = [join(folder, 'data'), join(folder, 'copy')]
      mkdirSync(data)
      const peer = await stage.peer()
      const us = await stage.node('us', { gossip: GOSSIP, path: join(data, 'node.sqlite') })
      await stage.connect(us, peer)
      const opening = { nodeId: peer.nodeId, fundingSat: 1_000_000n, announce: true }
      const { channelId, fundingTxid } = await us.ask('channels', 'open', opening)
      await stage.untilInMempool(fundingTxid)
      await stage.mine(3)
      await us.stop()
      cpSync(data, copy, { recursive: true })
      await us.start()
      await stage.until('the peer sees us again', () => peer.isConnected(us.id))
      await stage.mine(3)
      await stage.isUsable(us, peer, channelId)
      await isKnown(stage, us, peer, channelId)
      // LND sends its signatures on one more connection.
      await us.stop()
      await us.start()
      await stage.isUsable(us, peer, channelId)
      await us.stop()
      rmSync(data, { recursive: true })
      cpSync(copy, data, { recursive: true })
      await us.start()
      await stage.isUsable(us, peer, channelId)
      // Where the peer answers our signatures with the announcement alone, that is enough.
      await us.until(async () => (await us.ask('node', 'getInfo', {})).graph?.channels === 1)
      await us.ask('channels', 'setRelayFees', { channelId, feeBaseMsat: 7_000n, feeProportionalMillionths: 100 })
      await stage.until('the new fees', async () => (await theirs(peer, channelId)).ourPolicy?.feeBaseMsat === 7_000)
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
