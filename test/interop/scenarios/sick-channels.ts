import type { TestNode } from '../../scenarios/support/world.ts'
import type { Peer } from '../drivers/driver.ts'
import { cutAt } from '../stage/message-tap.ts'
import { ours, type Stage } from '../stage/stage.ts'
import { group, type Scenario } from './scenario.ts'

const PAYMENTS = 20

interface Sick {
  readonly title: string
  readonly role: Scenario['role']
  readonly needs?: Scenario['needs']
  /** Makes a channel of the pair sick, beside one that is healthy. */
  sicken(stage: Stage, us: TestNode, peer: Peer, channelId: string): Promise<void>
  /** What the operator does about it. */
  heal?(us: TestNode, channelId: string): Promise<void>
}

const isSigned = (us: TestNode): boolean => us.payloads('channel.close-signed').length > 0

const SICK: readonly Sick[] = [
  {
    title: 'a closed channel whose transaction is mined and not deep',
    role: 'we',
    async sicken(stage, us, _peer, channelId) {
      await us.ask('channels', 'close', { channelId })
      await us.until(async () => isSigned(us))
      await stage.mine(1)
    },
  },
  {
    title: 'a channel that we have closed alone',
    role: 'we',
    async sicken(stage, us, _peer, channelId) {
      await us.ask('channels', 'forceClose', { channelId })
      await stage.until('our commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
    },
  },
  {
    title: 'a channel that the peer has closed alone',
    role: 'peer',
    needs: ['force-close'],
    async sicken(stage, us, peer, channelId) {
      await peer.forceClose(channelId)
      await stage.until('its commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await us.until(async () => us.payloads('channel.closing').length > 0)
    },
  },
  {
    title: 'a close at whose fee the peer hangs up',
    role: 'peer',
    needs: ['close-feerate', 'hangs-up-on-fee-dispute'],
    async sicken(stage, us, peer, channelId) {
      await peer.closeChannel(channelId, { feeratePerKw: 50_000 })
      await us.until(async () => (await ours(us, channelId)).rest?.cause === 'closing-fee-refused-by-peer')
      await stage.until('the peer has our new connection', () => peer.isConnected(us.id))
    },
    async heal(us, channelId) {
      await us.ask('channels', 'close', { channelId, feerate: 60_000 })
      await us.until(async () => isSigned(us))
    },
  },
  {
    title: 'an opening of ours that was broken off at funding_signed',
    role: 'we',
    async sicken(stage, us, peer) {
      const cut = cutAt(peer.nodeId, { direction: 'in', type: 'funding_signed' })
      const opening = us.tryAsk('channels', 'open', { nodeId: peer.nodeId, fundingSat: 300_000n })
      await cut
      stage.t.false((await opening).ok)
      await stage.connect(us, peer)
    },
  },
]

export const sickChannels = group('Beside a sick channel', [
  ...SICK.map(({ title, role, needs = [], sicken, heal }) => ({
    title: `payments over a healthy channel go on beside ${title} — the connection stays, also after a reconnection`,
    role,
    needs,
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const healthy = await stage.openTo(peer, us, { capacitySat: 2_000_000n, pushMsat: 1_000_000_000n })
      await sicken(stage, us, peer, channelId)
      await stage.isUsable(us, peer, healthy)
      // LDK itself ends a connection once, when it sees a close in a block: it is over when this begins.
      await us.until(() => us.isUsable(healthy))
      // Of all that can be used: what is sick may be an opening, and the first channel healthy, too.
      const balance = async () => {
        const { items } = await us.ask('channels', 'list', { state: 'usable' })
        for (const each of items) await stage.settled(us, peer, each.channelId)
        const settled = await us.ask('channels', 'list', { state: 'usable' })
        return settled.items.reduce((sum, { localMsat }) => sum + localMsat, 0n)
      }
      const before = await balance()
      for (const life of ['before', 'after'] as const) {
        if (life === 'after') {
          await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
          await stage.until('the peer sees the end of it', async () => !(await peer.isConnected(us.id)))
          await stage.connect(us, peer)
          await stage.isUsable(us, peer, healthy)
        }
        const drops = us.payloads('peer.disconnected').length
        for (let i = 0; i < PAYMENTS; i++) {
          const { bolt11 } = await peer.createInvoice({ amountMsat: 2_000_000n })
          t.is((await us.pay(bolt11)).status, 'settled')
          t.like(await peer.pay(await us.invoice(3_000_000n)), { ok: true })
        }
        t.is(us.payloads('peer.disconnected').length, drops, `${life} the reconnection`)
      }
      t.is((await balance()) - before, BigInt(2 * PAYMENTS) * 1_000_000n)
      await heal?.(us, channelId)
    },
  })),
])
