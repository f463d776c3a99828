import { join } from 'node:path'
import type { Peer } from '../drivers/driver.ts'
import { passed } from '../stage/message-tap.ts'
import { type OurNode, ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
const AMOUNT = 25_000_000n
/** What the commitment, its anchors and the claim may cost. */
const FEES_SAT = 30_000n

const walletOf = async (node: OurNode): Promise<bigint> => {
  const { confirmedSat, unconfirmedSat } = await node.ask('wallet', 'balance', {})
  return confirmedSat + unconfirmedSat
}

/** Our node asks the peer again with each block. */
const closes = (stage: Stage, peer: Peer, channelId: string): Promise<void> =>
  stage.until('the peer has closed', async () => {
    await stage.mine(1)
    return (await peer.channels()).every((each) => each.channelId !== channelId)
  })

/** What one side had in the channel is in its wallet, less the fees. */
const comesBack = async (stage: Stage, owned: () => Promise<bigint>, before: bigint, shareMsat: bigint) => {
  await stage.mineUntil('the share', async () => (await owned()) > before, 60, 1)
  const came = (await owned()) - before
  const share = shareMsat / 1000n
  stage.t.true(came <= share && came > share - FEES_SAT, `${came} of ${share}`)
}

export const recovering = group('Recoveries', [
  ...([true, false] as const).map((paid) => ({
    title: `our node loses all but its words and the static backup of its channels${paid ? '' : ', of which none was used'} — the peer closes when it is asked, and our share comes back`,
    role: 'we' as const,
    async run(stage: Stage) {
      const { t } = stage
      const own = join(stage.folder(), 'channels.backup')
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED, node: { staticBackup: { own } } })
      if (paid) await us.pay((await peer.createInvoice({ amountMsat: AMOUNT })).bolt11)
      const { oursMsat } = await stage.settled(us, peer, channelId)
      await us.stop()
      // Of the same words, with an empty database.
      const again = await stage.node('us')
      const before = await walletOf(again)
      t.deepEqual(await again.ask('channels', 'restore', { path: own }), { restored: 1, known: 0 })
      await closes(stage, peer, channelId)
      await comesBack(stage, () => walletOf(again), before, oursMsat)
      t.is((await again.ask('channels', 'get', { channelId })).channel.state, 'closing')
    },
  })),
  {
    title:
      'our node loses all but its words — the peer gives back the backup that it keeps, closes when it is asked, and our share comes back',
    role: 'we',
    needs: ['keeps-backups'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      const given = () => passed(peer.nodeId, { direction: 'out', type: 'peer_storage' })
      // The peer keeps it once it knows of the channel: that it has then is what a new connection gives it.
      const before = given()
      await peer.disconnect(us.id)
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      await stage.until('the peer is given our backup', () => given() > before)
      await us.pay((await peer.createInvoice({ amountMsat: AMOUNT })).bolt11)
      const { oursMsat } = await stage.settled(us, peer, channelId)
      await us.stop()
      const again = await stage.node('us')
      const empty = await walletOf(again)
      await stage.connect(again, peer)
      await again.until(async () => (await again.ask('channels', 'list', {})).items.length === 1)
      await closes(stage, peer, channelId)
      await comesBack(stage, () => walletOf(again), empty, oursMsat)
      t.is((await again.ask('channels', 'get', { channelId })).channel.state, 'closing')
    },
  },
  {
    title: 'the peer loses all but its words and its static backup — we close when it asks, and its share comes back',
    role: 'peer',
    needs: ['static-backup'],
    ownPeers: true,
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({
        pushMsat: PUSHED,
        node: { path: join(stage.folder(), 'node.sqlite') },
      })
      await us.pay((await peer.createInvoice({ amountMsat: AMOUNT })).bolt11)
      const { theirsMsat } = await stage.settled(us, peer, channelId)
      // It would be called before it knows of the channel, and say so: then there is nothing left to ask for.
      await us.stop()
      await peer.stop()
      await peer.loseDatabase()
      await peer.start()
      const before = await peer.walletSat()
      await peer.restoreStaticBackup()
      await us.start()
      await us.until(async () => (await ours(us, channelId)).state === 'closing')
      await comesBack(stage, () => peer.walletSat(), before, theirsMsat)
      t.is((await ours(us, channelId)).closeKind, 'local-force')
    },
  },
])
