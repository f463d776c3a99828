import { ours } from '../stage/stage.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
/** BOLT 1: a message has at most 65535 bytes, of which two are its type. */
const LARGEST = 65_533

export const talking = group('Connections that are used in other ways', [
  {
    title:
      'both sides connect to each other at the same time, again and again — one connection stays, and carries payments',
    role: 'both',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      let balance = 700_000_000n
      for (let round = 0; round < 6; round++) {
        await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
        await stage.until('the peer sees that we are gone', async () => !(await peer.isConnected(us.id)))
        // One of the two may be told that the other was first.
        await Promise.allSettled([
          us.ask('peers', 'connect', { nodeId: peer.nodeId, address: peer.address }),
          peer.connect(us.id, us.address),
        ])
        await stage.isUsable(us, peer, channelId)
        const { bolt11 } = await peer.createInvoice({ amountMsat: 3_000_000n })
        t.is((await us.pay(bolt11)).status, 'settled')
        t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
        balance -= 2_000_000n
        t.is((await stage.settled(us, peer, channelId)).oursMsat, balance)
        t.is((await ours(us, channelId)).state, 'usable')
      }
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  {
    title: 'the peer connects once more while it is connected, with payments under way — they settle',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      let balance = 700_000_000n
      for (let round = 0; round < 3; round++) {
        const { bolt11 } = await peer.createInvoice({ amountMsat: 3_000_000n })
        const paying = us.pay(bolt11)
        await Promise.allSettled([
          peer.connect(us.id, us.address),
          us.ask('peers', 'connect', { nodeId: peer.nodeId, address: peer.address }),
        ])
        t.is((await paying).status, 'settled')
        balance -= 3_000_000n
        await stage.isUsable(us, peer, channelId)
        t.is((await stage.settled(us, peer, channelId)).oursMsat, balance)
      }
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  {
    title:
      'the peer sends messages of odd types that nobody knows, small and large — nothing changes for what is under way',
    role: 'peer',
    needs: ['own-messages'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      const drops = us.payloads('peer.disconnected').length
      const paying = peer.pay(await us.invoice(5_000_000n))
      for (const type of [32_769, 40_001, 65_535])
        for (const size of [0, 1, 1_000, LARGEST]) await peer.sendMessage(us.id, type, new Uint8Array(size).fill(7))
      t.like(await paying, { ok: true })
      const { bolt11 } = await peer.createInvoice({ amountMsat: 2_000_000n })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 703_000_000n)
      t.is(us.payloads('peer.disconnected').length, drops)
    },
  },
])
